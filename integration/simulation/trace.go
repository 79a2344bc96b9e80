package simulation

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
)

// Counters say how often something happened.
type Counters map[string]int

// Add adds what happened elsewhere.
func (c Counters) Add(o Counters) {
	for what, n := range o {
		c[what] += n
	}
}

// String lists them, one a line.
func (c Counters) String() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(c)) {
		_, _ = fmt.Fprintf(&b, "%9d  %s\n", c[what], what)
	}
	return b.String()
}

// line is one line of a trace: a call of a store, or what the scheduler did.
type line struct {
	at   time.Duration
	who  string
	text string
	call *process // of a call, whose outcome is
	nth  int      // that of its nth
}

// meet counts.
func (w *World) meet(what, how string) { w.met[what+": "+how]++ }

// note tells of what the scheduler did.
func (w *World) note(who, format string, args ...any) {
	if w.traced {
		w.trace = append(w.trace, line{at: time.Since(w.begun), who: who, text: fmt.Sprintf(format, args...)})
	}
}

// record notes a call whose turn it is.
func (p *process) record(op faulty.Op, key string, when faulty.When) {
	var head [17]byte
	binary.LittleEndian.PutUint64(head[:], uint64(time.Since(p.begun)))
	binary.LittleEndian.PutUint64(head[8:], uint64(p.id))
	head[16] = byte(when)
	_, _ = p.hash.Write(head[:]) // a hash never fails
	_, _ = p.hash.WriteString(string(op))
	_, _ = p.hash.WriteString(key)
	if p.traced {
		text := fmt.Sprintf("%s %s", op, key)
		if when != faulty.Never {
			text += ", which " + [...]string{"", "fails before its effect", "has its effect, and the reply is lost", "breaks off halfway", "fails, and lands late"}[when]
		}
		p.trace = append(p.trace, line{at: time.Since(p.begun), who: p.name, text: text, call: p, nth: p.calls})
	}
}

// Trace tells what happened, reads that went well left out, up to the last lines.
func (w *World) Trace(last int) string {
	var told []string
	steps := map[*process][]faulty.Step{}
	for _, l := range w.trace {
		text := l.text
		if l.call != nil {
			if steps[l.call] == nil {
				steps[l.call] = l.call.faults.Trace()
			}
			step := steps[l.call][l.nth]
			if step.Err == nil && !writes(step.Op) && l.call.kind != "live" && l.call.kind != "reader" {
				continue
			}
			if step.Err != nil && step.When == faulty.Never {
				text += ": " + step.Err.Error()
			}
		}
		told = append(told, fmt.Sprintf("%14s  %-12s %s", l.at.Round(time.Millisecond), l.who, text))
	}
	if n := len(told); n > last {
		told = append([]string{fmt.Sprintf("(%d lines before)", n-last)}, told[n-last:]...)
	}
	return strings.Join(told, "\n")
}
