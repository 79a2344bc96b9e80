package host

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// cutter cuts lines into batches. Its clock may send a batch that is not full.
type cutter struct {
	stop  <-chan struct{} // no more is wanted
	to    chan<- *batch
	bytes func() int64
	n     int64 // lines read

	mu    sync.Mutex
	batch *batch
	idle  bool // nothing came since the last tick
}

// lines reads to the end of the input.
func (c *cutter) lines(ctx context.Context, in *bufio.Reader) error {
	var long []byte
	for ended := false; !ended && ctx.Err() == nil; {
		piece, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if long = append(long, piece...); len(long) > maxRecord {
				return fmt.Errorf("line %d is longer than %d MiB; a Kinesis record holds 10: cut it or take it out", c.n+1, maxRecord>>20)
			}
			continue
		case errors.Is(err, io.EOF):
			ended = true
		case err != nil:
			return err
		}
		if len(long) > 0 {
			long = append(long, piece...)
			piece = long
		}
		if len(bytes.TrimSpace(piece)) > 0 {
			c.n++
			c.add(bytes.TrimSuffix(piece, []byte{'\n'}))
		}
		long = long[:0]
	}
	return ctx.Err()
}

func (c *cutter) add(line []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.batch.ends) == batchRecords || len(c.batch.ends) > 0 && len(c.batch.data)+len(line) > batchBytes {
		c.send()
	}
	c.batch.data = append(c.batch.data, line...)
	c.batch.ends = append(c.batch.ends, len(c.batch.data))
	c.idle = false
}

// tick sends what has lain for a whole tick.
func (c *cutter) tick() {
	if !c.mu.TryLock() {
		return // the reader is waiting for room: nothing is lying about
	}
	defer c.mu.Unlock()
	if c.idle {
		c.send()
	}
	c.idle = true
}

func (c *cutter) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send()
}

// send is called with the lock held.
func (c *cutter) send() {
	if len(c.batch.ends) == 0 {
		return
	}
	c.batch.bytes = c.bytes()
	select {
	case c.to <- c.batch:
	case <-c.stop:
	}
	c.batch = &batch{from: c.batch.from, data: make([]byte, 0, cap(c.batch.data)), ends: make([]int, 0, cap(c.batch.ends))}
}
