package claims

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// load reads the file into the window. Every item has its own checksum. bbolt's own check is of no use here: on pages that point out of the
// file it ends the process, from a goroutine of its own.
func (b *Bolt) load() error {
	return b.update(func(tx *bolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(streamName); err != nil {
			return err
		}
		batches, err := tx.CreateBucketIfNotExists(batchesName)
		if err != nil {
			return err
		}
		now := b.options.now()
		return batches.ForEach(func(key, item []byte) error {
			if len(key) != 8 {
				return errors.Join(ErrCorrupt, fmt.Errorf("key %x is no number", key))
			}
			r, err := unpackItem(item)
			if err != nil {
				return errors.Join(ErrCorrupt, fmt.Errorf("batch %x: %w", key, err))
			}
			r.number = binary.BigEndian.Uint64(key)
			if b.window.over(&r, now) {
				r.ids = nil // the next batch removes it from the file
			}
			b.window.commit(r, now)
			return nil
		})
	})
}

// update changes the file.
func (b *Bolt) update(change func(*bolt.Tx) error) error {
	return guard(func() error { return b.db.Update(change) })
}

// guard makes errors of the panics, and of the memory faults, with which bbolt meets damaged pages and a file that is shorter than it says.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(ErrCorrupt, fmt.Errorf("read pages: %v", p))
		}
	}()
	return f()
}
