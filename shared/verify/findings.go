package verify

import (
	"fmt"
	"slices"
)

// Breach is one finding: a promise that is not kept, or, in a report's Warnings, something that deserves a look.
type Breach struct {
	Code      Code   `json:"code"`
	Partition string `json:"partition,omitempty"` // "dt=2026-11-23/hour=08"; empty for what belongs to no hour
	Key       string `json:"key,omitempty"`       // of the object, or the prefix of several
	Detail    string `json:"detail"`
	Remedy    string `json:"remedy"`
}

func (b Breach) String() string {
	at := b.Key
	if at == "" {
		at = b.Partition
	}
	return fmt.Sprintf("%s: %s: %s", b.Code, at, b.Detail)
}

// findings are gathered one for each code and object, however many lines are concerned.
type findings struct {
	list []Breach
	more []int64 // how many like it
	at   map[place]int
	left int64 // how many are not listed, there being MaxFindings
}

type place struct {
	code Code
	key  string
}

func (f *findings) add(code Code, partition fmt.Stringer, key, format string, args ...any) {
	if f.repeat(code, key) {
		return
	}
	if len(f.list) >= MaxFindings {
		f.left++
		return
	}
	b := Breach{Code: code, Key: key, Detail: fmt.Sprintf(format, args...), Remedy: code.Remedy()}
	if partition != nil {
		b.Partition = partition.String()
	}
	if f.at == nil {
		f.at = map[place]int{}
	}
	f.at[place{code, key}] = len(f.list)
	f.list, f.more = append(f.list, b), append(f.more, 0)
}

// repeat counts one more finding of its kind, if there is one already.
func (f *findings) repeat(code Code, key string) bool {
	i, ok := f.at[place{code, key}]
	if ok {
		f.more[i]++
	}
	return ok
}

// merge adds what another gathered.
func (f *findings) merge(o *findings) {
	f.left += o.left
	for i, b := range o.list {
		if f.at == nil {
			f.at = map[place]int{}
		}
		at, ok := f.at[place{b.Code, b.Key}]
		if !ok {
			at = len(f.list)
			f.at[place{b.Code, b.Key}] = at
			f.list, f.more = append(f.list, b), append(f.more, -1)
		}
		f.more[at] += 1 + o.more[i]
	}
}

// codes gives the codes that came up.
func (f *findings) codes() map[Code]bool {
	all := map[Code]bool{}
	for _, b := range f.list {
		all[b.Code] = true
	}
	return all
}

// keep drops the findings of other codes.
func (f *findings) keep(those map[Code]bool) {
	old := *f
	*f = findings{}
	for i, b := range old.list {
		if those[b.Code] {
			f.merge(&findings{list: []Breach{b}, more: []int64{old.more[i]}})
		}
	}
}

// told gives the findings with their numbers, in the order in which they were found.
func (f *findings) told() []Breach {
	all := slices.Clone(f.list)
	for i, n := range f.more {
		if n > 0 {
			all[i].Detail += fmt.Sprintf(" (and %d more like it)", n)
		}
	}
	return all
}
