package compactor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// edit says what becomes of each stored line of a partition: itself, another that has its id and its hour, or nothing. It must give the same
// for a line each time, and what it gave for what it gave.
type edit struct {
	line    func(line []byte) ([]byte, error) // nil: the line goes; what it gives holds until the next call
	refused int64                             // how often line left one as it is since it could not tell what becomes of it

	// What was examined so far: parts, by their inputs, and the columns that the changed lines need, on top of those in from.
	seen   map[string]outcome
	schema *schema.Inferrer
	from   []schema.Field
}

// begin forgets what was examined.
func (e *edit) begin(table catalog.Table) {
	e.seen, e.from = map[string]outcome{}, columns(table)
	e.schema = schema.NewInferrer(schema.Limits{}, e.from)
}

// outcome is what an edit makes of one part.
type outcome struct {
	lines, changed, dropped, refused int64
	hash                             uint64 // of what is changed and dropped
}

func (o outcome) same() bool { return o.changed+o.dropped == 0 }

// Rewritten is what an edit came to in one partition.
type Rewritten struct {
	Result
	Lines   int64 // stored in it, before
	Changed int64
	Dropped int64
	Refused int64    // left as they were, since the transform refuses them
	Anew    bool     // a generation was written
	Holding []string // keys of what still holds a line that was dropped, until it is swept
	Gone    time.Time
}

// rewrite has an edit done to every event of a partition, if any of them needs it: the fragments are merged first, then a whole successor of the
// current generation is written through the edit, and the current one sealed to it, as by a major compaction. Whoever commits at
// the same time either comes before the seal, and is edited too, or finds it and looks again.
//
// It may be broken off anywhere and repeated: the name of the successor is a hash of the parts and of what is changed in them.
func (v *visit) rewrite(ctx context.Context, e *edit, try bool) (total outcome, err error) {
	for range maxSteps {
		if !try {
			if err := v.settle(ctx); err != nil {
				return total, err
			}
		}
		s, err := v.look(ctx)
		if err != nil {
			return total, fmt.Errorf("look: %w", err)
		}
		total, err = v.examine(ctx, s, e)
		if err == nil && try {
			err = v.foresee(ctx, s, e, &total)
			return total, err
		}
		if err == nil && total.same() {
			return total, nil
		}
		if err == nil {
			err = v.replace(ctx, e)
		}
		switch {
		case errors.Is(err, errLost):
			v.result.Lost++
		case err != nil:
			return total, err
		default:
			return total, nil
		}
	}
	return total, errors.New("others changed it all the time")
}

// settle does all that is due, until no fragment is left to be merged, and waits for what is due within the catalog's bound, or
// by a clock that is ahead.
func (v *visit) settle(ctx context.Context) error {
	for range maxSteps {
		again, err := v.step(ctx)
		switch {
		case errors.Is(err, errLost):
			v.result.Lost++
			continue
		case err != nil:
			return err
		case again:
			continue
		}
		s, err := v.look(ctx)
		if err != nil {
			return fmt.Errorf("look: %w", err)
		}
		d, err := decide(s, v.config.Policy, v.config.Now())
		if err != nil {
			return fmt.Errorf("decide: %w", err)
		}
		if _, pending := pendingLane(s.fragments, ""); d.do == doNothing && !pending {
			return nil
		}
		wait := max(v.config.Policy.Bound, time.Millisecond)
		if d.do == doNothing {
			wait = max(wait, d.due.Sub(v.config.Now()))
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	return errors.New("there was something new all the time")
}

// examine tells what an edit makes of the current generation.
func (v *visit) examine(ctx context.Context, s *state, e *edit) (outcome, error) {
	if e.seen == nil {
		e.begin(s.table)
	}
	var total outcome
	for _, d := range s.current().data() {
		o, err := v.examinePart(ctx, d, e)
		if err != nil {
			return total, err
		}
		total.lines += o.lines
		total.changed += o.changed
		total.dropped += o.dropped
		total.refused += o.refused
	}
	return total, nil
}

// foresee adds what an edit will make of the fragments that are not merged yet, copies among them.
func (v *visit) foresee(ctx context.Context, s *state, e *edit, total *outcome) error {
	refused := e.refused
	for _, f := range s.fragments {
		if !f.pending() {
			continue
		}
		lines, err := part.Open(ctx, v.bucket, f.object.Key, f.Gzip)
		if err != nil {
			return err
		}
		for err == nil && lines.Next() {
			var line []byte
			line, err = e.line(lines.Bytes())
			total.lines++
			switch {
			case line == nil:
				total.dropped++
			case !bytes.Equal(line, lines.Bytes()):
				total.changed++
			}
		}
		if err := errors.Join(err, lines.Err(), lines.Close()); err != nil {
			return fmt.Errorf("%s, line %d: %w", f.object.Key, lines.Count(), err)
		}
	}
	total.refused += e.refused - refused
	return nil
}

// examinePart reads a part through an edit. One that was examined before is not read again.
func (v *visit) examinePart(ctx context.Context, d *slot, e *edit) (outcome, error) {
	if o, known := e.seen[d.Inputs]; known {
		return o, nil
	}
	var o outcome
	refused, sum := e.refused, xxhash.New()
	err := v.eachEdited(ctx, d, e, func(was, line []byte) error {
		o.lines++
		switch {
		case line == nil:
			o.dropped++
		case bytes.Equal(was, line):
			return nil
		default:
			o.changed++
			if err := e.schema.Observe(line); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(sum, "%d:%d:%s\n", o.lines, len(line), line)
		return err
	})
	if err != nil {
		return o, err
	}
	o.hash, o.refused = sum.Sum64(), e.refused-refused
	e.seen[d.Inputs] = o
	return o, nil
}

// eachEdited calls f for each line of a part and what becomes of it.
func (v *visit) eachEdited(ctx context.Context, d *slot, e *edit, f func(was, line []byte) error) error {
	lines, err := part.Open(ctx, v.bucket, d.object.Key, true)
	if err != nil {
		return err
	}
	defer lines.Close()
	for lines.Next() {
		line, err := e.line(lines.Bytes())
		if err == nil {
			err = f(lines.Bytes(), line)
		}
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", d.object.Key, lines.Count(), err)
		}
	}
	if err := lines.Err(); err != nil {
		return v.damaged(ctx, d, fmt.Errorf("read %s: %w", d.object.Key, err))
	}
	if lines.Count() != d.Events {
		return v.damaged(ctx, d, fmt.Errorf("part %s says it holds %d events: it has %d lines", d.object.Key, d.Events, lines.Count()))
	}
	return nil
}

// replace writes the successor that the edit makes of the current generation. The table can read it before.
func (v *visit) replace(ctx context.Context, e *edit) error {
	if err := v.evolve(ctx, e.from, e.schema); err != nil {
		e.seen = nil // a limit left columns out that the table has got since
		return fmt.Errorf("evolve table: %w", err)
	}
	s, err := v.look(ctx) // the partition's columns may have followed the table's
	if err != nil {
		return fmt.Errorf("look: %w", err)
	}
	if wait := s.entry.WrittenAt.Add(v.config.Policy.Bound).Sub(v.config.Now()); wait > 0 { // or a clock that is ahead wrote it
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		return errLost // look again, now that it may be sealed
	}
	plan := groups(s.current().data(), v.config.Policy.Target)
	names := []string{planHash(plan)}
	for _, d := range s.current().data() {
		o, err := v.examinePart(ctx, d, e)
		if err != nil {
			return err
		}
		names = append(names, fmt.Sprintf("%016x", o.hash))
	}
	behind, err := v.behind(ctx, e)
	switch {
	case err != nil:
		return err
	case behind:
		return errLost
	}
	next := s.current().name.Successor(hashInputs("rewrite", names...))
	return v.succeed(ctx, s, plan, &row{visit: v, generation: next, edit: e})
}

// behind tells whether the table cannot read what the edit gave so far.
func (v *visit) behind(ctx context.Context, e *edit) (bool, error) {
	t, err := v.catalog.Table(ctx)
	if err != nil {
		return false, fmt.Errorf("read table: %w", err)
	}
	merged, _ := schema.Merge(columns(t), e.schema.Columns())
	return !schema.Equal(merged, columns(t)), nil
}

// edited is the header of parts put together through the row's edit. A part that came since the others were examined is examined now, and
// has to find the table wide enough: else all begins anew.
func (r *row) edited(ctx context.Context, group []*slot) (part.Header, error) {
	h := sum(group)
	inputs := []string{h.Inputs}
	known := len(r.edit.seen)
	for _, d := range group {
		o, err := r.examinePart(ctx, d, r.edit)
		if err != nil {
			return h, err
		}
		h.Events -= o.dropped
		h.Erased += o.dropped
		inputs = append(inputs, fmt.Sprintf("%016x", o.hash))
	}
	h.Inputs = hashInputs("rewrite", inputs...)
	if len(r.edit.seen) == known {
		return h, nil
	}
	behind, err := r.behind(ctx, r.edit)
	if behind && err == nil {
		err = errLost
	}
	return h, err
}

// appendEdited writes a part's lines, edited, into another.
func (r *row) appendEdited(ctx context.Context, d *slot, p *part.Writer, x *joined) error {
	head, err := index.ReadHead(ctx, r.bucket, d.indexKey())
	if err != nil {
		return errors.Join(errLost, err) // swept since, or to be made anew
	}
	x.consumed = append(x.consumed, head.Consumed...)
	x.rebuilt = x.rebuilt || head.Rebuilt
	decoder, err := event.NewDecoder(r.config.Mapping, 0)
	if err != nil {
		return err
	}
	var text []byte
	return r.eachEdited(ctx, d, r.edit, func(_, line []byte) error {
		if line == nil {
			return nil
		}
		f, err := fingerprint(decoder, line)
		if err != nil {
			return err
		}
		text = append(append(text[:0], line...), '\n')
		return errors.Join(p.Write(text, 1), x.index.Add(f))
	})
}
