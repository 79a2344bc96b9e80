package gluecatalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

const (
	// maxSet is how many partitions BatchCreatePartition and BatchUpdatePartition take
	// (https://docs.aws.amazon.com/glue/latest/webapi/API_BatchUpdatePartition.html).
	maxSet = 100
	// maxSetBytes bounds the text of a call's columns. This bound is ours.
	maxSetBytes = 2 << 20
	// rounds is how often a partition is tried that Glue could not set just now, or that turned out registered or not.
	rounds = 8
)

// SetPartitions implements catalog.Catalog: the last writer of a partition wins. Its Version only tells which call to try first. The table has
// to be there. What Glue could not do just now is tried again until the context ends; nothing is sent after that. Of two entries of one
// hour the last is written.
func (c *Catalog) SetPartitions(ctx context.Context, partitions []catalog.Partition) error {
	all := make([]*write, 0, len(partitions))
	last := map[layout.Partition]*write{}
	for _, p := range partitions {
		w := &write{hour: p.Hour, create: p.Version == ""}
		all = append(all, w)
		if !p.Hour.Valid() {
			w.err = errors.New("no such hour can be")
			continue
		}
		w.input, w.size = c.input(p)
		last[p.Hour] = w
	}
	pending := slices.DeleteFunc(slices.Clone(all), func(w *write) bool { return last[w.hour] != w })
	for round := range rounds {
		if len(pending) == 0 {
			break
		}
		if slices.ContainsFunc(pending, func(w *write) bool { return w.busy }) {
			if err := c.sleep(ctx, backoff(round)); err != nil {
				giveUp(pending, err)
				break
			}
		}
		c.sendAll(ctx, batches(pending))
		pending = slices.DeleteFunc(pending, func(w *write) bool { return !w.again })
	}
	var failed []error
	for _, w := range all {
		if w.err != nil {
			failed = append(failed, fmt.Errorf("set partition %s of %s: %w", w.hour, c.name(), w.err))
		}
	}
	return errors.Join(failed...)
}

// write is a partition on its way.
type write struct {
	hour   layout.Partition
	input  types.PartitionInput
	size   int  // of its columns
	create bool // or else update
	again  bool // the last try was not the end
	busy   bool // and the next one has to wait
	err    error
}

// input is the entry as Glue stores it.
func (c *Catalog) input(p catalog.Partition) (in types.PartitionInput, size int) {
	columns := columnsOf(schema.Declared(p.Columns))
	for _, f := range columns {
		size += len(*f.Name) + len(*f.Type)
	}
	return types.PartitionInput{
		Values: valuesOf(p.Hour), StorageDescriptor: storage(c.url(p.Location), columns),
		Parameters: map[string]string{
			publishedKey: p.PublishedAt.UTC().Format(time.RFC3339Nano), writtenKey: p.WrittenAt.UTC().Format(time.RFC3339Nano),
			locationKey: p.Location, columnsKey: hash(columns), revisionKey: nonce(), "classification": "json",
		},
	}, size
}

func giveUp(writes []*write, err error) {
	for _, w := range writes {
		w.again, w.err = false, errors.Join(err, w.err)
	}
}

// batches puts writes of one kind together, as many as a call takes.
func batches(writes []*write) [][]*write {
	var all [][]*write
	for _, create := range []bool{true, false} {
		size, open := 0, false
		for _, w := range writes {
			if w.create != create {
				continue
			}
			if size += w.size; !open || len(all[len(all)-1]) == maxSet || size > maxSetBytes {
				all, size, open = append(all, nil), w.size, true
			}
			all[len(all)-1] = append(all[len(all)-1], w)
		}
	}
	return all
}

// sendAll sends some batches at a time, and is back only when all have ended: no call outlives it.
func (c *Catalog) sendAll(ctx context.Context, all [][]*write) {
	var group sync.WaitGroup
	free := make(chan struct{}, c.hands)
	for _, batch := range all {
		free <- struct{}{}
		group.Go(func() {
			c.send(ctx, batch)
			<-free
		})
	}
	group.Wait()
}

// send sends one batch, and has each write know how it ended. A batch that Glue does not take is halved: the fault may be one entry's.
func (c *Catalog) send(ctx context.Context, batch []*write) {
	failed, err := c.call(ctx, batch)
	if refusesBatch(err) && len(batch) > 1 {
		c.send(ctx, batch[:len(batch)/2])
		c.send(ctx, batch[len(batch)/2:])
		return
	}
	for _, w := range batch {
		if err != nil {
			w.settle(code(err), err)
			continue
		}
		if detail := failed[w.hour]; detail != nil {
			kind := aws.ToString(detail.ErrorCode)
			w.settleEntry(kind, fmt.Errorf("%s: %s", kind, aws.ToString(detail.ErrorMessage)))
			continue
		}
		w.settle("", nil)
	}
}

// settleEntry judges the fault of one entry in a call that went through.
func (w *write) settleEntry(kind string, err error) {
	w.settle(kind, err)
	switch {
	case w.create && isCode(kind, "AlreadyExists"), !w.create && isCode(kind, "EntityNotFound"):
		w.create, w.again, w.busy = !w.create, true, false
	}
}

// settle judges how a try ended.
func (w *write) settle(kind string, err error) {
	w.busy = slices.ContainsFunc(passing, func(name string) bool { return isCode(kind, name) })
	w.again = w.busy
	switch {
	case isCode(kind, "EntityNotFound"):
		err = fmt.Errorf("the table was dropped: %w: %w", catalog.ErrCorrupt, err)
	case isCode(kind, "ResourceNumberLimitExceeded"):
		err = fmt.Errorf("AWS holds no more partitions for this account or table until its quota is raised: %w", err)
	}
	w.err = err
}

// passing are the faults that pass by themselves.
var passing = []string{
	"Throttling", "ThrottledException", "TooManyRequests", "RequestLimitExceeded", "OperationTimeout", "InternalService", "InternalServer",
	"InternalFailure", "ServiceUnavailable", "ConcurrentModification", "ResourceNotReady",
}

// isCode compares an error's code without its ending: those of single entries are not documented to have one.
func isCode(code, name string) bool {
	return strings.TrimSuffix(strings.TrimSuffix(code, "Exception"), "Error") == strings.TrimSuffix(name, "Exception")
}

// refusesBatch tells whether Glue took the whole request for invalid or too large.
func refusesBatch(err error) bool {
	kind := code(err)
	for _, name := range []string{"InvalidInput", "Validation", "RequestEntityTooLarge", "RequestTooLarge", "Serialization"} {
		if isCode(kind, name) {
			return true
		}
	}
	var e interface{ HTTPStatusCode() int }
	return errors.As(err, &e) && e.HTTPStatusCode() == tooLarge
}
