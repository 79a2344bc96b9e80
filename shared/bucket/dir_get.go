package bucket

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Get opens the file; the Object describes that very file, also when another takes its place meanwhile.
func (d *Dir) Get(ctx context.Context, key string, r Range) (io.ReadCloser, Object, error) {
	if err := CheckKey(key); err != nil {
		return nil, Object{}, fmt.Errorf("get: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	file, err := d.open(key)
	if err != nil {
		if gone(err) {
			err = ErrNotFound
		}
		return nil, Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	o, from, n, err := examine(file, key, r)
	if err != nil {
		file.Close()
		return nil, Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	return body{stoppable{io.NewSectionReader(file, from, n), ctx.Err}, file}, o, nil
}

// examine describes an open file and cuts the range to it.
func examine(file *os.File, key string, r Range) (o Object, from, n int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return o, 0, 0, err
	}
	if !info.Mode().IsRegular() {
		return o, 0, 0, ErrNotFound
	}
	from, n, err = r.within(info.Size())
	return describe(key, info), from, n, err
}
