// Package generate makes streams of events that look like those of a learning app and its shop: NDJSON with a known number of copies,
// late events and broken lines in it, so that a lake can be checked against exact counts.
//
// Every line is a pure function of the options and the event's index. A copy is therefore made anew, not remembered, and a stream of any
// length takes the same few hundred kilobytes of memory. The way of a line: pick (which events are late, copied or spoiled), weave (in
// what order lines are written), event and payload (their text), spoil (what is wrong with a broken one).
package generate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Options say what stream to make. The same options give the same bytes, on every machine.
type Options struct {
	Events int    // distinct good events
	Seed   uint64 // of everything that looks random

	// Shares of Events, from 0 to 1; the count is the share of Events, rounded to the nearest whole number.
	Duplicates float64 // copies of earlier lines, byte for byte, on top of the events: most seconds after the first, some hours
	Late       float64 // of the events themselves: written minutes to hours after their time
	Broken     float64 // lines that no lake may accept, on top of the events

	Hours int       // the span that the events' times cover evenly; 0 means 24
	Start time.Time // of the span, cut to whole seconds; zero means DefaultStart
}

// DefaultStart is the beginning of a stream whose options name none. It is fixed, and not today, since the same options give the same bytes.
var DefaultStart = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// The times that events may have: no lake accepts older ones (see DESIGN, event contract), and nobody needs younger ones.
var (
	earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

const (
	flushAt     = 256 << 10 // bytes gathered before they are written
	checkEvery  = 1 << 12   // lines between two looks at the context
	defaultSpan = 24        // hours
)

// withDefaults fills in what was left out and names everything that is wrong with the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Hours == 0 {
		o.Hours = defaultSpan
	}
	if o.Start.IsZero() {
		o.Start = DefaultStart
	}
	o.Start = o.Start.UTC().Truncate(time.Second)

	var problems []error
	if o.Events < 0 {
		problems = append(problems, fmt.Errorf("events: %d is negative", o.Events))
	}
	for _, share := range []struct {
		name  string
		value float64
	}{{"duplicates", o.Duplicates}, {"late", o.Late}, {"broken", o.Broken}} {
		if !(share.value >= 0 && share.value <= 1) { // also catches NaN
			problems = append(problems, fmt.Errorf("%s: share %v is not within 0 and 1", share.name, share.value))
		}
	}
	if o.Start.Before(earliest) || o.Start.After(latest) {
		problems = append(problems, fmt.Errorf("start: %s is not within %d and %d",
			o.Start.Format(time.RFC3339), earliest.Year(), latest.Year()))
	} else if room := latest.Sub(o.Start).Hours(); o.Hours < 0 || float64(o.Hours) > room {
		problems = append(problems, fmt.Errorf("hours: %d is not within 1 and %.0f", o.Hours, room))
	}
	return o, errors.Join(problems...)
}

// part is how many events a share is.
func (o Options) part(share float64) uint64 { return uint64(math.Round(share * float64(o.Events))) }

// span is the time that the events cover.
func (o Options) span() time.Duration { return time.Duration(o.Hours) * time.Hour }

// Write streams the events to w, one JSON text a line, and tells exactly what it wrote. It calls w.Write with whole lines, some 256 KB at a
// time, and never at once from two goroutines. An error, of w or of the context, leaves a stream that ends after some line (or within one, if w
// wrote only a part); the summary then counts what was made, which may be more than what arrived.
func Write(ctx context.Context, w io.Writer, options Options) (Summary, error) {
	options, err := options.withDefaults()
	if err != nil {
		return Summary{}, fmt.Errorf("generate: %w", err)
	}
	weave := newWeave(options)
	author := newAuthor(options)
	tally := newTally(options)

	buffer := make([]byte, 0, flushAt+(64<<10))
	for n := 0; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return tally.summary(), fmt.Errorf("generate: %w", context.Cause(ctx))
		}
		line, more := weave.next()
		if more {
			from := len(buffer)
			buffer = append(author.line(buffer, line), '\n')
			tally.add(line, author.facts, len(buffer)-from)
		}
		if len(buffer) >= flushAt || !more {
			if _, err := w.Write(buffer); err != nil {
				return tally.summary(), fmt.Errorf("write events: %w", err)
			}
			buffer = buffer[:0]
		}
		if !more {
			return tally.summary(), nil
		}
	}
}
