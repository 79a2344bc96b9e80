package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// Delete removes files one by one, then the folders that this emptied. The removal is durable when it returns.
func (d *Dir) Delete(ctx context.Context, objects ...Object) error {
	var failed []error
	folders := map[string]string{} // folder: a key in it
	for len(objects) > 0 {
		folder, n := path.Dir(objects[0].Key), 1
		for n < len(objects) && path.Dir(objects[n].Key) == folder {
			n++
		}
		for i, err := range d.removeFrom(ctx, folder, objects[:n]) {
			if err != nil {
				failed = append(failed, &KeyError{Key: objects[i].Key, Err: err})
				continue
			}
			folders[folder] = objects[i].Key
		}
		objects = objects[n:]
	}
	for folder, key := range folders {
		if err := d.prune(folder); err != nil {
			failed = append(failed, &KeyError{Key: key, Err: err})
		}
	}
	return errors.Join(failed...)
}

// removeFrom removes files from one folder, which is opened once: each call of the kernel for a path opens all folders on the way. Where another takes
// the folder's place meanwhile, there was none of the files for a moment.
func (d *Dir) removeFrom(ctx context.Context, folder string, objects []Object) []error {
	errs := make([]error, len(objects))
	at, openErr := d.root.OpenRoot(folder)
	if openErr == nil {
		defer at.Close()
	}
	for i, o := range objects {
		err := errors.Join(CheckKey(o.Key), ctx.Err())
		switch {
		case err != nil:
		case openErr == nil:
			err = d.remove(ctx, at, o)
		case !gone(openErr):
			err = openErr
		}
		if err != nil {
			errs[i] = fmt.Errorf("delete: %w", err)
		}
	}
	return errs
}

func (d *Dir) remove(ctx context.Context, at *os.Root, o Object) error {
	unlock, err := d.lock(ctx, o.Key)
	if err != nil {
		return err
	}
	defer unlock()
	name := path.Base(o.Key)
	stored, err := stat(at, name, o.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, errFolder):
		return nil
	case err != nil:
		return err
	case o.ETag != "" && o.ETag != stored.ETag:
		return ErrChanged
	}
	if err := at.Remove(name); err != nil && !gone(err) {
		return err
	}
	return nil
}

// prune removes the folder if it is empty, and those above it likewise, and syncs the first that stays. That it cannot remove one is no
// error: an empty folder is seen by nobody.
func (d *Dir) prune(folder string) error {
	for folder != "." && removeFolder(d.root, folder) == nil {
		folder = path.Dir(folder)
	}
	err := syncFolder(d.root, folder)
	for err != nil && gone(err) && folder != "." { // another deleter removed it
		folder = path.Dir(folder)
		err = syncFolder(d.root, folder)
	}
	if err != nil && !gone(err) {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}
