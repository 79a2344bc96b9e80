package compactor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/gz"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// major writes a successor of the current generation in which parts are put together, whole, into a directory of its own; then seals the
// generation by winning its next slot, and publishes the successor. Readers use the old generation until then; nothing can be added to it
// after the seal, and a part that came before the seal is copied. A crash leaves a directory that no seal names.
//
// The successor's name is a hash of what it is made of, so that a run that was broken off is taken up by the next in the same directory,
// and twins help each other.
func (v *visit) major(ctx context.Context, s *state) error {
	plan, next := v.successor(s)
	return v.succeed(ctx, s, plan, &row{visit: v, generation: next})
}

// succeed writes the groups of a plan into a row, seals the current generation to it, and publishes it.
func (v *visit) succeed(ctx context.Context, s *state, plan [][]*slot, r *row) error {
	for _, group := range plan {
		wrote, err := r.add(ctx, group)
		if err != nil {
			return err
		}
		if wrote && late(v.deadline) {
			return nil
		}
	}
	if r.edit != nil || len(s.fragments) == 0 { // else the fragments, which go last, see to it that the old generation is swept
		if err := v.mark(ctx, r.generation); err != nil {
			return err
		}
	}
	if err := v.seal(ctx, s, r); err != nil {
		return err
	}
	v.result.Majors++
	s.chain = append(s.chain, generation{name: r.generation})
	return v.publish(ctx, s)
}

// mark has the partition visited until the generations before this one are swept. It is written before the seal: a crash between the two
// leaves a mark without its generation, which the next try at it takes up.
func (v *visit) mark(ctx context.Context, g layout.Generation) error {
	key := layout.Visit{Partition: v.partition, Generation: g}.Key()
	if _, err := v.bucket.Put(ctx, key, strings.NewReader("{}\n"), bucket.Condition{}); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

// successor tells what the next generation is made of, and its name. A successor that was begun when there were fewer parts is gone on
// with, else late parts could keep one from ever being finished; the parts that came since follow one by one, as those that race with the
// seal do.
func (v *visit) successor(s *state) ([][]*slot, layout.Generation) {
	cur := s.current()
	data := cur.data()
	begun := map[layout.Generation]bool{}
	for _, o := range s.orphans {
		begun[o.name] = true
	}
	for n := len(data); n > 1; n-- {
		plan := groups(data[:n], v.config.Policy.Target)
		name := cur.name.Successor(planHash(plan))
		if !begun[name] {
			continue
		}
		for _, d := range data[n:] {
			plan = append(plan, []*slot{d})
		}
		return plan, name
	}
	plan := groups(data, v.config.Policy.Target)
	return plan, cur.name.Successor(planHash(plan))
}

// planHash names what a successor is made of: the parts and how they are put together.
func planHash(plan [][]*slot) string {
	var inputs []string
	for _, group := range plan {
		for _, d := range group {
			inputs = append(inputs, d.Inputs)
		}
		inputs = append(inputs, "")
	}
	return hashInputs("successor", inputs...)
}

// seal ends the generation, after copying whatever data part is faster.
func (v *visit) seal(ctx context.Context, s *state, r *row) error {
	cur := s.current()
	h := part.Header{Kind: part.Seal, Next: string(r.generation), Inputs: hashInputs("seal", string(r.generation))}
	body, err := part.Empty(h)
	if err != nil {
		return err
	}
	for at := (layout.Slot{Partition: v.partition, Generation: cur.name, Number: len(cur.slots) + 1}); at.Number <= layout.MaxSlots; at.Number++ {
		if err := v.mayStillSeal(ctx, s); err != nil {
			return err
		}
		taken, err := v.createSeal(ctx, s, at, h, body)
		if err != nil || taken == nil {
			return err
		}
		if taken.Kind != part.Data {
			return errLost
		}
		_, o, err := part.ReadHeader(ctx, v.bucket, at.Key())
		if err != nil {
			return err
		}
		raced := slot{Slot: at, Header: *taken, object: o}
		if _, err := r.add(ctx, []*slot{&raced}); err != nil {
			return err
		}
	}
	return fmt.Errorf("generation %s is full", cur.name)
}

// createSeal fills the slot within the bound of the look that allowed it, or not at all.
func (v *visit) createSeal(ctx context.Context, s *state, at layout.Slot, h part.Header, body []byte) (*part.Header, error) {
	bound := v.config.Policy.Bound
	if bound == 0 {
		return v.create(ctx, at, h, fixed(body))
	}
	left := bound - v.config.Now().Sub(s.at)
	if left <= 0 {
		return nil, errLost
	}
	bounded, stop := context.WithTimeout(ctx, left)
	defer stop()
	taken, err := v.create(bounded, at, h, fixed(body))
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return nil, errors.Join(errLost, err)
	}
	return taken, err
}

// mayStillSeal looks at the catalog once more: a generation is sealed only while the Location names it, was written longer ago than the
// bound, and has the table's columns. A write decided before that wait cannot set the Location back after the seal.
func (v *visit) mayStillSeal(ctx context.Context, s *state) error {
	now := v.config.Now()
	entries, err := v.catalog.Partitions(ctx, v.partition)
	if err != nil {
		return fmt.Errorf("read partition: %w", err)
	}
	t, err := v.catalog.Table(ctx)
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	if len(entries) != 1 || entries[0].Location != locationOf(s) || !t.Followed || !schema.Equal(entries[0].Columns, declared(t)) ||
		now.Sub(entries[0].WrittenAt) < v.config.Policy.Bound {
		return errLost
	}
	s.entry, s.table, s.at = entries[0], t, now
	return nil
}

func locationOf(s *state) string { return layout.Location(s.partition, s.current().name) }

// row fills the slots of a successor in order.
type row struct {
	*visit
	generation layout.Generation
	slots      int
	edit       *edit // nil where lines stay as they are
}

// add puts the parts of a group together in the row's next slot. It tells whether it had to: an earlier run or a twin may have done it.
func (r *row) add(ctx context.Context, group []*slot) (wrote bool, err error) {
	at := layout.Slot{Partition: r.partition, Generation: r.generation, Number: r.slots + 1}
	h, err := r.header(ctx, group)
	if err != nil {
		return false, err
	}
	if there, _, err := part.ReadHeader(ctx, r.bucket, at.Key()); err == nil && there == h {
		r.slots++
		return false, nil
	}
	p, x, err := r.together(ctx, group, h)
	if err != nil {
		return false, err
	}
	defer func() { _ = errors.Join(p.Close(), x.index.Close()) }() // scratch files
	idx, err := x.index.Open(x.consumed, x.rebuilt)
	if err != nil {
		return false, err
	}
	key := layout.Index{Slot: at, Inputs: h.Inputs}.Key()
	if _, err := r.bucket.Put(ctx, key, idx, bucket.Condition{}); err != nil {
		return false, fmt.Errorf("put %s: %w", key, err)
	}
	taken, err := r.create(ctx, at, h, p.Open)
	if err != nil {
		return false, err
	}
	if taken != nil {
		return false, fmt.Errorf("slot %s is not what its directory's name says", at.Key())
	}
	r.slots++
	r.result.BytesMoved += p.Size()
	return true, nil
}

// header is what the parts come to, put together, and edited if the row is.
func (r *row) header(ctx context.Context, group []*slot) (part.Header, error) {
	if r.edit == nil {
		return sum(group), nil
	}
	return r.edited(ctx, group)
}

// sum is the header of the parts put together.
func sum(group []*slot) part.Header {
	h := part.Header{Version: part.Version, Kind: part.Data}
	var inputs []string
	for i, d := range group {
		if h.Lane = d.Lane; i > 0 {
			h.Lane = ""
		}
		inputs = append(inputs, d.Inputs)
		h.Events += d.Events
		h.Fragments += d.Fragments
		h.Lines += d.Lines
		h.Duplicates += d.Duplicates
		h.Conflicts += d.Conflicts
		h.Erased += d.Erased
	}
	h.Inputs = hashInputs("major", inputs...)
	return h
}

// joined is the index of parts put together.
type joined struct {
	index    *index.Writer
	consumed []index.Consumed
	rebuilt  bool
}

// together writes the lines of a group into one part, checking each part against its own header and index: one that is damaged is
// never carried on.
func (r *row) together(ctx context.Context, group []*slot, h part.Header) (p *part.Writer, x *joined, err error) {
	p, x = part.NewWriter(r.config.Scratch), &joined{index: index.NewWriter(r.config.Scratch)}
	join := r.append
	if r.edit != nil {
		join = r.appendEdited
	}
	for _, d := range group {
		if err = join(ctx, d, p, x); err != nil {
			return nil, nil, errors.Join(err, p.Close(), x.index.Close())
		}
	}
	if err = p.Finish(h); err != nil {
		return nil, nil, errors.Join(err, p.Close(), x.index.Close())
	}
	return p, x, nil
}

func (r *row) append(ctx context.Context, d *slot, p *part.Writer, x *joined) error {
	head, err := r.eachKnown(ctx, d, func(page []event.Fingerprint) error { return x.index.Add(page...) })
	if err != nil {
		return err
	}
	x.consumed = append(x.consumed, head.Consumed...)
	x.rebuilt = x.rebuilt || head.Rebuilt
	join := r.copy
	if d.object.Size < 8*r.config.Policy.Anew {
		join = r.anew
	}
	lines, err := join(ctx, d, p)
	if err != nil {
		return err
	}
	if lines != d.Events || head.Count != d.Events {
		return r.damaged(ctx, d, fmt.Errorf("part %s says it holds %d events: it has %d lines and its index %d",
			d.object.Key, d.Events, lines, head.Count))
	}
	return nil
}

// anew compresses a part's lines anew, and counts them.
func (r *row) anew(ctx context.Context, d *slot, p *part.Writer) (int64, error) {
	lines, err := part.Open(ctx, r.bucket, d.object.Key, true)
	if err != nil {
		return 0, err
	}
	defer lines.Close()
	var text []byte
	for lines.Next() {
		text = append(append(text[:0], lines.Bytes()...), '\n')
		if err := p.Write(text, 1); err != nil {
			return 0, err
		}
	}
	if err := lines.Err(); err != nil {
		return 0, r.damaged(ctx, d, fmt.Errorf("read %s: %w", d.object.Key, err))
	}
	return lines.Count(), nil
}

// copy copies a part as it is compressed. It is decompressed only to be checked, and to have its lines counted.
func (r *row) copy(ctx context.Context, d *slot, p *part.Writer) (lines int64, err error) {
	body, _, err := r.bucket.Get(ctx, d.object.Key, bucket.Range{})
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", d.object.Key, err)
	}
	defer body.Close()
	to, err := p.Join()
	if err != nil {
		return 0, err
	}
	raw := &counter{}
	z, err := gzip.NewReader(io.TeeReader(body, &gz.Behind{To: to, Skip: part.HeaderSize}))
	if err == nil {
		_, err = io.Copy(raw, z)
	}
	if err == nil && raw.last != '\n' && raw.bytes > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, r.damaged(ctx, d, fmt.Errorf("read %s: %w", d.object.Key, err))
	}
	p.Joined(raw.lines, raw.bytes)
	return raw.lines, nil
}

// counter counts lines.
type counter struct {
	lines, bytes int64
	last         byte
}

func (c *counter) Write(text []byte) (int, error) {
	c.lines += int64(bytes.Count(text, []byte{'\n'}))
	c.bytes += int64(len(text))
	if len(text) > 0 {
		c.last = text[len(text)-1]
	}
	return len(text), nil
}

// damaged tells a part that is not whole from one that was swept since the look.
func (v *visit) damaged(ctx context.Context, d *slot, damage error) error {
	if h, _, err := part.ReadHeader(ctx, v.bucket, d.object.Key); err == nil && h.Kind == part.Swept {
		return errLost
	}
	return damage
}
