package generate

import "time"

// Summary counts what a stream holds, exactly.
type Summary struct {
	Lines      int            `json:"lines"` // Events + Duplicates + the broken ones
	Bytes      int64          `json:"bytes"`
	Events     int            `json:"events"`     // distinct good events
	Duplicates int            `json:"duplicates"` // lines that repeat an earlier one
	Late       int            `json:"late"`       // events written after their time; they are among Events
	Broken     map[string]int `json:"broken"`     // lines by what is wrong with them, see Faults
	Names      map[string]int `json:"names"`      // events by event_name
	Hours      []Hour         `json:"hours"`      // the hours that have events, in order
}

// Hour counts the events of one hour, by their own time (UTC).
type Hour struct {
	Hour       time.Time `json:"hour"`
	Events     int       `json:"events"`
	Duplicates int       `json:"duplicates"`
	Late       int       `json:"late"`
}

// BrokenLines is the number of broken lines of all kinds.
func (s Summary) BrokenLines() int {
	sum := 0
	for _, n := range s.Broken {
		sum += n
	}
	return sum
}

// tally counts while the stream is made; its hours are laid out ahead, one for each in the span.
type tally struct {
	total Summary
	first time.Time // the first hour
	hours []Hour
	kinds [len(kinds)]int
	wrong [len(faults)]int
}

func newTally(o Options) *tally {
	first := o.Start.Truncate(time.Hour)
	last := o.Start.Add(o.span() - 1).Truncate(time.Hour)
	return &tally{first: first, hours: make([]Hour, last.Sub(first)/time.Hour+1)}
}

// add counts one line of so many bytes.
func (t *tally) add(l line, f facts, bytes int) {
	t.total.Lines++
	t.total.Bytes += int64(bytes)
	if l.role == broken {
		t.wrong[f.fault]++
		return
	}
	hour := &t.hours[f.at.Sub(t.first)/time.Hour]
	switch l.role {
	case duplicate:
		t.total.Duplicates++
		hour.Duplicates++
		return
	case late:
		t.total.Late++
		hour.Late++
	}
	t.total.Events++
	hour.Events++
	t.kinds[f.kind]++
}

// summary gives the counts so far.
func (t *tally) summary() Summary {
	s := t.total
	s.Broken, s.Names = map[string]int{}, map[string]int{}
	for n, count := range t.wrong {
		if count > 0 {
			s.Broken[faults[n].name] = count
		}
	}
	for n, count := range t.kinds {
		if count > 0 {
			s.Names[kinds[n].name] = count
		}
	}
	for n, hour := range t.hours {
		if hour.Events > 0 || hour.Duplicates > 0 {
			hour.Hour = t.first.Add(time.Duration(n) * time.Hour)
			s.Hours = append(s.Hours, hour)
		}
	}
	return s
}
