package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/gz"
	"github.com/lakebed/lakebed/shared/layout"
)

// Rolled says what RollUp did.
type Rolled struct {
	RolledUp int // entries
	Deleted  int // their objects
}

// rollSize is how many entries a rollup holds at most.
const rollSize = 20_000

// deleteAtOnce is the most keys that S3's DeleteObjects takes.
const deleteAtOnce = 1000

// RollUp puts the new entries of each arrival hour that ended longer than after ago into one object, then deletes them. It may be broken
// off and repeated, and run twice at once: an entry that stands in several objects counts once. One that cannot be read stays.
func RollUp(ctx context.Context, b bucket.Bucket, now time.Time, after time.Duration) (Rolled, error) {
	var done Rolled
	var group []bucket.Object
	var hour layout.Partition
	flush := func() error {
		err := done.rollUp(ctx, b, hour, group)
		group = group[:0]
		return err
	}
	for o, err := range b.List(ctx, layout.LedgerNew, "") {
		if err != nil {
			return done, fmt.Errorf("list %s: %w", layout.LedgerNew, err)
		}
		e, err := layout.ParseEntry(o.Key)
		if err != nil || now.Before(e.Arrival.End().Add(after)) {
			continue // verify names what is not ours
		}
		if len(group) > 0 && (e.Arrival != hour || len(group) >= rollSize) {
			if err := flush(); err != nil {
				return done, err
			}
		}
		hour = e.Arrival
		group = append(group, o)
	}
	if len(group) == 0 {
		return done, nil
	}
	return done, flush()
}

func (r *Rolled) rollUp(ctx context.Context, b bucket.Bucket, hour layout.Partition, group []bucket.Object) error {
	var out bytes.Buffer
	z := gz.Writer(&out, gz.Dense)
	defer gz.Release(z, gz.Dense)
	sum := xxhash.New()
	var gone []bucket.Object
	for some := range slices.Chunk(group, readAtOnce) {
		texts, err := readAll(ctx, b, some)
		if err != nil {
			return err
		}
		for i, text := range texts {
			if _, err := Parse(bytes.TrimSuffix(text, []byte{'\n'})); err != nil {
				continue // another worker's rollup has it, or verify names it
			}
			_, _ = sum.Write(text) // never fails
			if _, err := z.Write(text); err != nil {
				return fmt.Errorf("roll up ledger: %w", err)
			}
			gone = append(gone, some[i])
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("roll up ledger: %w", err)
	}
	if len(gone) == 0 {
		return nil
	}
	key := layout.Rollup{Arrival: hour, Hash: sum.Sum64()}.Key()
	if _, err := b.Put(ctx, key, &out, bucket.Condition{Absent: true}); err != nil && !errors.Is(err, bucket.ErrExists) {
		return fmt.Errorf("put %s: %w", key, err)
	}
	r.RolledUp += len(gone)
	for batch := range slices.Chunk(gone, deleteAtOnce) {
		if err := r.delete(ctx, b, batch); err != nil {
			return fmt.Errorf("delete rolled up entries: %w", err)
		}
	}
	return nil
}

// delete removes entries. One that has changed was written once more by a delivery that came again: it stays for the next time.
func (r *Rolled) delete(ctx context.Context, b bucket.Bucket, entries []bucket.Object) error {
	err := b.Delete(ctx, entries...)
	failed := bucket.KeyErrors(err)
	if err != nil && len(failed) == 0 {
		return err
	}
	r.Deleted += len(entries) - len(failed)
	var others []error
	for _, e := range failed {
		if !errors.Is(e, bucket.ErrChanged) {
			others = append(others, e)
		}
	}
	return errors.Join(others...)
}

// readAtOnce is how many entries are read at once. One after the other, those of a busy hour would take longer than a Lambda function lives.
const readAtOnce = 32

// readAll gives the objects' texts in their order, nil for one that is not there.
func readAll(ctx context.Context, b bucket.Bucket, objects []bucket.Object) ([][]byte, error) {
	texts, errs := make([][]byte, len(objects)), make([]error, len(objects))
	var reads sync.WaitGroup
	for i, o := range objects {
		reads.Go(func() {
			if texts[i], errs[i] = read(ctx, b, o.Key); errors.Is(errs[i], bucket.ErrNotFound) {
				errs[i] = nil
			}
		})
	}
	reads.Wait()
	return texts, errors.Join(errs...)
}

func read(ctx context.Context, b bucket.Bucket, key string) ([]byte, error) {
	body, _, err := b.Get(ctx, key, bucket.Range{})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return text, nil
}
