package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/ingest/envelope"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
)

// Failures delivers what Lambda gave up once more, as itself: same shard, sequence numbers and arrival, so that delivering it twice changes
// nothing. It reads every invocation record in the places: files, directories and s3://bucket/prefix. What cannot be used of one is told to
// done, and the others go on; an error is of a place that cannot be read, or of the lake.
func (s *Stream) Failures(ctx context.Context, places []string, dry bool, done func(name string, r ingest.Result, unusable error)) error {
	for _, place := range places {
		for record, err := range records(ctx, place) {
			if err != nil {
				return err
			}
			err := s.failure(ctx, record, dry, func(r ingest.Result) { done(record.name, r, nil) })
			var unusable *InputError
			if errors.As(err, &unusable) {
				done(record.name, ingest.Result{}, unusable.Err)
			} else if err != nil {
				return fmt.Errorf("replay %s: %w", record.name, err)
			}
		}
	}
	return nil
}

// failure delivers one record. An InputError says that it, or what is left of it, cannot be used.
func (s *Stream) failure(ctx context.Context, r record, dry bool, done func(ingest.Result)) error {
	deliveries, err := r.deliveries(ctx)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		result, err := s.ingester.Try(d)
		if err != nil { // its shard or a sequence number is none
			return &InputError{r.name, err}
		}
		if !dry {
			if err := s.lake.Record(ctx); err != nil {
				return err
			}
			if result, err = s.ingester.Ingest(ctx, d); err != nil {
				return err
			}
		}
		done(result)
	}
	return nil
}

// record is an invocation record that was not read yet.
type record struct {
	name string
	open func(context.Context) (io.ReadCloser, error)
}

// deliveries decodes the record. An InputError says that it cannot be used, any other error that it could not be read.
func (r *record) deliveries(ctx context.Context) ([]ingest.Delivery, error) {
	body, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	read := &failing{r: body}
	deliveries, err := envelope.DecodeFailure(read)
	switch {
	case read.err != nil:
		return nil, read.err
	case err != nil:
		return nil, &InputError{r.name, err}
	}
	return deliveries, nil
}

// failing keeps the error of a reader, to tell it from those of what is read.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// records are the objects or files in a place.
func records(ctx context.Context, place string) iter.Seq2[record, error] {
	if InCloud(place) {
		return objects(ctx, place)
	}
	return files(place)
}

func objects(ctx context.Context, place string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		at, err := cloud.ParseLake(place)
		if err != nil {
			yield(record{}, err)
			return
		}
		c, err := reach(ctx)
		if err != nil {
			yield(record{}, err)
			return
		}
		b := s3bucket.New(cloud.S3(c), at)
		for o, err := range b.List(ctx, "", "") {
			if err != nil {
				yield(record{}, fmt.Errorf("list %s: %w", at, err))
				return
			}
			r := record{at.String() + "/" + o.Key, func(ctx context.Context) (io.ReadCloser, error) {
				body, _, err := b.Get(ctx, o.Key, bucket.Range{})
				return body, err
			}}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func files(place string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		err := filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return reason(err)
			}
			if d.IsDir() {
				return nil
			}
			if !yield(record{path, func(context.Context) (io.ReadCloser, error) { return os.Open(path) }}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(record{}, &InputError{place, err})
		}
	}
}
