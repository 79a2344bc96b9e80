package claims

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Errors of opening a file of claims.
var (
	ErrInUse   = errors.New("another process uses it")
	ErrCorrupt = errors.New("it is damaged; it is only a cache and may be deleted: no event is lost without it, and compaction drops the duplicates that it would have stopped")
)

// Bolt is the local lake's strategy: a Window that is kept in a file, one item a batch, and the numbers of the local stream. One process at a
// time can have it open. Safe for concurrent use; claims do not wait for the file.
type Bolt struct {
	db      *bolt.DB
	window  *Window
	options Options

	settling sync.Mutex

	numbering sync.Mutex
	next, end uint64 // numbers [next, end) are reserved in the file and not yet given out
}

// The file's two buckets, and the key of the first number that is not reserved.
var (
	batchesName = []byte("batches")
	streamName  = []byte("stream")
	nextKey     = []byte("next")
)

// lockWait is how long OpenBolt waits for another process that is about to end.
const lockWait = time.Second

// OpenBolt opens a file of claims or makes a new one. The error is ErrInUse while another process has it open, and ErrCorrupt when it cannot
// be read.
func OpenBolt(path string, o Options) (*Bolt, error) {
	b := &Bolt{window: NewWindow(o.Keep, o.Limit), options: o}
	info, err := os.Lstat(path)
	fresh := errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0
	if err := guard(func() (err error) {
		// The list of free pages is kept in the file: without it, bbolt looks for them in a goroutine that a damaged page makes panic.
		b.db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWait, FreelistType: bolt.FreelistMapType})
		return err
	}); err != nil {
		err = openError(err)
		if fresh && !errors.Is(err, ErrInUse) { // there was no room to begin it: the next must not take it for a damaged one
			err = errors.Join(err, removeFile(path))
		}
		return nil, fmt.Errorf("open claims %s: %w", path, err)
	}
	if err := b.load(); err != nil {
		_ = b.db.Close()
		return nil, fmt.Errorf("open claims %s: %w", path, err)
	}
	return b, nil
}

// removeFile removes a regular file; what else may lie there is somebody's own.
func removeFile(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Remove(path)
}

// openError tells the causes apart: what the operating system has not refused is the file's own fault.
func openError(err error) error {
	var refused syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrInUse
	case errors.As(err, &refused), errors.Is(err, ErrCorrupt):
		return err
	}
	return errors.Join(ErrCorrupt, err)
}

// Claim implements Claims.
func (b *Bolt) Claim(ctx context.Context, batch Batch) ([]Verdict, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("claim batch of %s: %w", batch.Shard, err)
	}
	return b.window.Verdicts(batch, b.options.now()), nil
}

// Settle implements Claims. The file is written before the memory: after an error both are as they were.
func (b *Bolt) Settle(ctx context.Context, batch Batch) error {
	b.settling.Lock()
	defer b.settling.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("settle batch of %s: %w", batch.Shard, err)
	}
	now := b.options.now()
	planned := b.window.plan(batch, now)
	if len(planned.ids) == 0 {
		return nil
	}
	oldest := b.window.oldest()
	if err := b.update(func(tx *bolt.Tx) error { return appendItem(tx, planned, oldest) }); err != nil {
		return fmt.Errorf("settle batch of %s: %w", batch.Shard, err)
	}
	b.window.commit(planned, now)
	return nil
}

// appendItem adds a batch to the file and removes those before the oldest that is remembered; what the batch itself makes the window forget
// goes with the next one.
func appendItem(tx *bolt.Tx, r remembered, oldest uint64) error {
	batches := tx.Bucket(batchesName)
	batches.FillPercent = 1 // keys only grow
	cursor := batches.Cursor()
	for key, _ := cursor.First(); key != nil && binary.BigEndian.Uint64(key) < oldest; key, _ = cursor.First() {
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return batches.Put(number(r.number), packItem(r))
}

// Close gives the file back.
func (b *Bolt) Close() error {
	b.numbering.Lock()
	defer b.numbering.Unlock()
	if err := errors.Join(b.release(), b.db.Close()); err != nil {
		return fmt.Errorf("close claims: %w", err)
	}
	return nil
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
