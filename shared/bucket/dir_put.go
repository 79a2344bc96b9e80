package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"sync"
	"syscall"
	"time"
)

// Put writes a new file, syncs it, names it, and syncs the folder. A crash before the naming leaves the object as it was; one after it may
// lose the name, until the folder has been synced.
func (d *Dir) Put(ctx context.Context, key string, body io.Reader, c Condition) (Object, error) {
	if err := errors.Join(CheckKey(key), c.check()); err != nil {
		return Object{}, fmt.Errorf("put: %w", err)
	}
	o, err := d.put(ctx, key, body, c)
	if err != nil {
		return Object{}, fmt.Errorf("put %s: %w", key, err)
	}
	return o, nil
}

func (d *Dir) put(ctx context.Context, key string, body io.Reader, c Condition) (Object, error) {
	if err := ctx.Err(); err != nil {
		return Object{}, err
	}
	if err := d.allows(key, c); err != nil { // before a large body is written in vain; the naming decides
		return Object{}, err
	}
	file, err := d.create()
	if err != nil {
		return Object{}, err
	}
	name := newFolder + "/" + path.Base(file.Name())
	defer func() { _ = d.root.Remove(name) }() // a second name after a link, and nothing after a rename
	o, err := d.write(file, name, stoppable{body, ctx.Err})
	if err != nil {
		return Object{}, err
	}
	if err := d.name(ctx, name, key, c); err != nil {
		return Object{}, err
	}
	o.Key = key
	if err := syncFolder(d.root, path.Dir(key)); err != nil && !gone(err) { // gone: deleted already, with its folder
		return Object{}, fmt.Errorf("sync folder: %w", err)
	}
	return o, nil
}

// allows tells whether the condition holds now.
func (d *Dir) allows(key string, c Condition) error {
	if !c.Absent && c.Match == "" {
		return nil
	}
	o, err := d.stat(key)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, errFolder):
		if c.Match != "" {
			return ErrChanged
		}
		return nil
	case err != nil:
		return err
	case c.Absent:
		return ErrExists
	case o.ETag != c.Match:
		return ErrChanged
	}
	return nil
}

// create opens a new file in the hidden folder.
func (d *Dir) create() (*os.File, error) {
	name := fmt.Sprintf("%s/%d-%016x", newFolder, os.Getpid(), rand.Uint64())
	file, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		if err = d.root.MkdirAll(newFolder, 0o755); err == nil {
			file, err = d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		}
	}
	return file, err
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// write fills, stamps, syncs and closes the file.
func (d *Dir) write(file *os.File, name string, body io.Reader) (Object, error) {
	defer file.Close()
	buffer := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buffer)
	if _, err := io.CopyBuffer(struct{ io.Writer }{file}, body, *buffer); err != nil {
		return Object{}, err
	}
	if err := d.root.Chtimes(name, time.Time{}, d.stamp()); err != nil {
		return Object{}, err
	}
	if err := file.Sync(); err != nil {
		return Object{}, err
	}
	info, err := file.Stat()
	if err != nil {
		return Object{}, err
	}
	return describe("", info), nil
}

// name gives a written file its key, atomically.
func (d *Dir) name(ctx context.Context, file, key string, c Condition) error {
	if c.Absent {
		return d.persist(ctx, file, key, c)
	}
	unlock, err := d.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.allows(key, c); err != nil {
		return err
	}
	return d.persist(ctx, file, key, c)
}

// namings bounds how often a folder may vanish under a writer. A deleter has to win every time between two system calls.
const namings = 1000

// persist names the file: by a link, which never replaces, or by a rename. It makes the folders on the way as often as a deleter takes them
// away.
func (d *Dir) persist(ctx context.Context, file, key string, c Condition) error {
	name := d.root.Rename
	if c.Absent {
		name = d.root.Link
	}
	for range namings {
		err := name(file, key)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrNotExist):
			err = d.makeFolders(path.Dir(key))
		case errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.EISDIR):
			if err = d.clear(key); errors.Is(err, ErrExists) && !c.Absent {
				err = nil // an object took the folder's place meanwhile: it is to be replaced
			}
		}
		if errors.Is(err, syscall.ENOTDIR) {
			return fmt.Errorf("a folder of it is an object: %w", err)
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	return errors.New("its folder was removed again and again")
}

// clear makes room for an object where an emptied folder still stands; an object that stands there gives ErrExists.
func (d *Dir) clear(key string) error {
	_, err := d.stat(key)
	switch {
	case err == nil:
		return ErrExists
	case errors.Is(err, fs.ErrNotExist):
		if info, err := d.root.Lstat(key); err == nil && !info.IsDir() {
			return fmt.Errorf("there is a %s of that name", info.Mode().Type())
		}
		return nil // deleted meanwhile
	case !errors.Is(err, errFolder):
		return err
	}
	if err := removeFolder(d.root, key); err != nil && !gone(err) {
		return errFolder
	}
	return nil
}

// makeFolders makes a folder and those above it durably. One that another writer has just made is that one's to sync: file systems with a
// journal keep the order, so that what is synced below it later does not outlive it.
func (d *Dir) makeFolders(folder string) error {
	if folder == "." {
		return nil
	}
	for range namings {
		err := d.root.Mkdir(folder, 0o755)
		switch {
		case err == nil:
			if err := syncFolder(d.root, path.Dir(folder)); err != nil && !gone(err) {
				return fmt.Errorf("sync folder: %w", err)
			}
			return nil
		case errors.Is(err, fs.ErrExist):
			return nil // a file in its place shows when the object is named
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if err := d.makeFolders(path.Dir(folder)); err != nil {
			return err
		}
	}
	return errors.New("its folder was removed again and again")
}
