package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
)

// List reads only the folders that can hold such keys. It keeps the names in one folder a level, and no handle but one a level.
func (d *Dir) List(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		l := listing{prefix: prefix, after: after, yield: yield}
		if err := l.start(ctx, d.root); err != nil && !errors.Is(err, errStopped) {
			yield(Object{}, fmt.Errorf("list %q: %w", prefix, err))
		}
	}
}

// listing is one run through the tree.
type listing struct {
	prefix, after string
	yield         func(Object, error) bool
}

var errStopped = errors.New("caller wants no more")

// start goes straight to the deepest folder that holds every key with the prefix.
func (l listing) start(ctx context.Context, root *os.Root) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	folder := l.prefix[:strings.LastIndexByte(l.prefix, '/')+1]
	if folder == "" {
		return l.walk(ctx, root, "")
	}
	if CheckKey(folder+"x") != nil || !mayHold(folder, l.prefix, l.after) {
		return nil // no key is like that
	}
	at := root
	for segment := range strings.SplitSeq(strings.TrimSuffix(folder, "/"), "/") {
		sub, err := enter(at, segment)
		if sub == nil || err != nil {
			return err
		}
		defer sub.Close()
		at = sub
	}
	return l.walk(ctx, at, folder)
}

// enter opens a folder. It gives nil when there is none, or none any more: what is not there holds nothing.
func enter(root *os.Root, name string) (*os.Root, error) {
	info, err := root.Lstat(name)
	if err == nil && info.IsDir() {
		var sub *os.Root
		if sub, err = root.OpenRoot(name); err == nil {
			return sub, nil
		}
	}
	if err != nil && !gone(err) {
		return nil, err
	}
	return nil, nil
}

// walk yields the objects below a folder, whose key prefix is "" or ends in a slash. It looks at a file when its turn comes: who stops before pays
// nothing for it.
func (l listing) walk(ctx context.Context, root *os.Root, folder string) error {
	keys, err := l.read(ctx, root, folder)
	if err != nil {
		return err
	}
	for len(keys) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := keys[0]
		if sub, ok := strings.CutSuffix(key, "/"); ok {
			if err := l.descend(ctx, root, sub[len(folder):], key); err != nil {
				return err
			}
			keys = keys[1:]
			continue
		}
		info, err := root.Lstat(key[len(folder):])
		if err == nil && info.IsDir() { // its turn comes with its slash: a-b sorts before a/
			at, _ := slices.BinarySearch(keys[1:], key+"/")
			copy(keys, keys[1:1+at])
			keys[at] = key + "/"
			continue
		}
		keys = keys[1:]
		switch {
		case err != nil && !gone(err):
			return err
		case err != nil || !info.Mode().IsRegular() || !wanted(key, l.prefix, l.after):
		case !l.yield(describe(key, info), nil):
			return errStopped
		}
	}
	return nil
}

// descend walks a subfolder.
func (l listing) descend(ctx context.Context, root *os.Root, name, folder string) error {
	sub, err := enter(root, name)
	if sub == nil || err != nil {
		return err
	}
	defer sub.Close()
	return l.walk(ctx, sub, folder)
}

// read gives, in order, the keys of what lies in a folder, files and subfolders, as far as the listing can want it.
func (l listing) read(ctx context.Context, root *os.Root, folder string) ([]string, error) {
	file, err := root.Open(".")
	if err != nil {
		if gone(err) {
			return nil, nil
		}
		return nil, err
	}
	defer file.Close()
	var keys []string
	for {
		names, err := file.Readdirnames(512) // ReadDir would look at every file
		for _, name := range names {
			key := folder + name
			if CheckKey(name) == nil && (wanted(key, l.prefix, l.after) || mayHold(key+"/", l.prefix, l.after)) {
				keys = append(keys, key)
			}
		}
		if errors.Is(err, io.EOF) || err != nil && gone(err) { // a folder that is removed while it is read
			break
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil // a folder that changes while it is read may show a name twice
}

// wanted tells whether an object belongs to the listing.
func wanted(key, prefix, after string) bool {
	return key > after && strings.HasPrefix(key, prefix)
}

// mayHold tells whether any key below folder, which ends in a slash, could belong to the listing.
func mayHold(folder, prefix, after string) bool {
	return (strings.HasPrefix(folder, prefix) || strings.HasPrefix(prefix, folder)) &&
		(folder > after || strings.HasPrefix(after, folder))
}
