package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
)

// Inputs are the files and objects that a backfill reads, in the order of the places and of their names.
type Inputs struct {
	all  []input
	seen map[string]bool // their shards
	lake string          // what lies in it is no input

	Size int64 // of all, as they lie
	Left int   // files and objects below the places that are none by their names
}

// Len is how many there are.
func (s *Inputs) Len() int { return len(s.all) }

// Inputs finds what there is to read in the places: files, directories, s3://bucket/prefix. Below a directory or a prefix these are the names
// that end in .json, .ndjson or .jsonl, with or without .gz, or have no such ending at all, as Firehose gives them; not those that begin with a
// dot or an underscore, nor what is the lake's own.
func (l *Lake) Inputs(ctx context.Context, places []string) (*Inputs, error) {
	s := &Inputs{seen: map[string]bool{}, lake: l.Name}
	if !InCloud(l.Name) {
		lake, err := resolve(l.Name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("open lake %s: %w", l.Name, err)
		}
		s.lake = lake
	}
	for _, place := range places {
		find := s.files
		if InCloud(place) {
			find = s.objects
		}
		if err := find(ctx, place); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func resolve(name string) (string, error) {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(name)
}

func (s *Inputs) add(in *input) {
	if shard := in.shard(); !s.seen[shard] {
		s.seen[shard] = true
		s.all = append(s.all, *in)
		s.Size += in.size
	}
}

// wanted tells whether a name below a place is that of an input.
func wanted(name string) bool {
	name = path.Base(name)
	switch path.Ext(strings.TrimSuffix(name, ".gz")) {
	case ".json", ".ndjson", ".jsonl", "":
		return name[0] != '.' && name[0] != '_'
	}
	return false
}

var errOwn = errors.New("it lies in the lake itself: `lakebed compact` merges what is there, `lakebed replay` brings back what was quarantined")

func (s *Inputs) files(_ context.Context, place string) error {
	if place == "-" {
		return &InputError{"stdin", errors.New("a backfill reads only what can be read again: give it to `lakebed ingest`")}
	}
	top, err := resolve(place)
	if err != nil {
		return &InputError{place, reason(err)}
	}
	if s.own(top) {
		return &InputError{place, errOwn}
	}
	found, before := false, len(s.all)
	err = filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return &InputError{name, reason(err)}
		}
		if d.IsDir() && (name != top && hidden(name) || s.own(name)) {
			return fs.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		if name != top && !wanted(name) {
			s.Left++
			return nil
		}
		info, err := os.Stat(name) // of what a link leads to
		switch {
		case err != nil:
			return &InputError{name, reason(err)}
		case name == top && !info.Mode().IsRegular():
			return &InputError{name, errors.New("it can be read only once: give it to `lakebed ingest`")}
		case !info.Mode().IsRegular():
			s.Left++
			return nil
		}
		found = true
		in := fileInput(name, info)
		s.add(&in)
		return nil
	})
	slices.SortFunc(s.all[before:], func(a, b input) int { return cmp.Compare(a.name, b.name) })
	if err == nil && !found {
		err = &InputError{place, errNothing}
	}
	return err
}

var errNothing = errors.New("nothing in it is named as a file of events: *.json, *.ndjson, *.jsonl or without an ending, each with or without .gz")

func hidden(name string) bool { return strings.HasPrefix(filepath.Base(name), ".") }

// own tells whether a name is the lake's, or lies in it.
func (s *Inputs) own(name string) bool {
	return s.lake != "" && strings.HasPrefix(name+"/", strings.TrimSuffix(s.lake, "/")+"/")
}

func (s *Inputs) objects(ctx context.Context, place string) error {
	at, err := cloud.ParseLake(place)
	if err != nil {
		return &InputError{place, errors.New("want s3://bucket or s3://bucket/prefix")}
	}
	if s.own(at.String()) {
		return &InputError{place, errOwn}
	}
	c, err := reach(ctx)
	if err != nil {
		return err
	}
	b := s3bucket.New(cloud.S3(c), cloud.Lake{Bucket: at.Bucket})
	found := false
	take := func(o bucket.Object, whole bool) {
		name := cloud.Scheme + at.Bucket + "/" + o.Key
		switch {
		case s.own(name):
		case strings.HasSuffix(o.Key, "/") && o.Size == 0: // how a folder is drawn
		case !whole && !wanted(o.Key):
			s.Left++
		default:
			found = true
			in := objectInput(b, name, o)
			s.add(&in)
		}
	}
	for o, err := range b.List(ctx, at.Prefix, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", place, err)
		}
		take(o, false)
	}
	if key := strings.TrimSuffix(at.Prefix, "/"); !found && key != "" {
		for o, err := range b.List(ctx, key, "") {
			if err != nil {
				return fmt.Errorf("list %s: %w", place, err)
			}
			if o.Key == key {
				take(o, true)
			}
			break // its own name comes first
		}
	}
	if !found {
		return &InputError{place, fmt.Errorf("no such object, and below it %w", errNothing)}
	}
	return nil
}
