package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Delete removes files one by one, then the folders that this emptied. The removal is durable when it returns.
func (d *Dir) Delete(ctx context.Context, objects ...Object) error {
	var failed []error
	folders := map[string]string{} // folder: a key in it
	for _, o := range objects {
		if err := d.remove(ctx, o); err != nil {
			failed = append(failed, &KeyError{Key: o.Key, Err: err})
			continue
		}
		folders[path.Dir(o.Key)] = o.Key
	}
	for folder, key := range folders {
		if err := d.prune(folder); err != nil {
			failed = append(failed, &KeyError{Key: key, Err: err})
		}
	}
	return errors.Join(failed...)
}

func (d *Dir) remove(ctx context.Context, o Object) error {
	if err := errors.Join(CheckKey(o.Key), ctx.Err()); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	unlock, err := d.lock(ctx, o.Key)
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	defer unlock()
	stored, err := d.stat(o.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, errFolder):
		return nil
	case err != nil:
		return fmt.Errorf("delete: %w", err)
	case o.ETag != "" && o.ETag != stored.ETag:
		return fmt.Errorf("delete: %w", ErrChanged)
	}
	if err := d.root.Remove(o.Key); err != nil && !gone(err) {
		return fmt.Errorf("delete: %w", err)
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
