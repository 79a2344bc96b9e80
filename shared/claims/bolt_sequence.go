package claims

import (
	"context"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// reserve is how many numbers one write to the file sets aside. A crash leaves out the rest of them.
const reserve = 4096

// Sequence hands out n consecutive numbers, of which it gives the first. No number is given twice and each is greater than those before it, also
// after a restart or a crash. A new file begins at the clock's Unix microseconds, so that the numbers of one that was deleted do not
// come again.
func (b *Bolt) Sequence(ctx context.Context, n int) (first uint64, err error) {
	if n <= 0 {
		return 0, fmt.Errorf("take %d sequence numbers: want at least one", n)
	}
	b.numbering.Lock()
	defer b.numbering.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("take sequence numbers: %w", err)
	}
	if b.end-b.next < uint64(n) {
		if err := b.update(func(tx *bolt.Tx) error { return b.reserve(tx, uint64(n)+reserve) }); err != nil {
			return 0, fmt.Errorf("take sequence numbers: %w", err)
		}
	}
	first = b.next
	b.next += uint64(n)
	return first, nil
}

// reserve sets numbers aside in the file. The few that are still in hand are given up.
func (b *Bolt) reserve(tx *bolt.Tx, n uint64) error {
	stream := tx.Bucket(streamName)
	stored := uint64(b.options.now().UnixMicro())
	if value := stream.Get(nextKey); len(value) == 8 {
		stored = binary.BigEndian.Uint64(value)
	}
	if err := stream.Put(nextKey, number(stored+n)); err != nil {
		return err
	}
	tx.OnCommit(func() { b.next, b.end = stored, stored+n })
	return nil
}

// release gives the numbers that are left back to the file.
func (b *Bolt) release() error {
	if b.next == b.end {
		return nil
	}
	err := b.update(func(tx *bolt.Tx) error { return tx.Bucket(streamName).Put(nextKey, number(b.next)) })
	if err == nil {
		b.end = b.next
	}
	return err
}
