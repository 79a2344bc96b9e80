package verify

import (
	"maps"
	"slices"

	"github.com/lakebed/lakebed/shared/layout"
)

// balance closes the hour's ledger: whatever was counted as stored lies in raw/, or was merged into the current generation.
func (v *visit) balance() {
	s := v.state
	listed := v.window.listed[s.hour]
	v.again = v.window.again[s.hour]
	raw := map[string]*fragment{}
	for i := range s.fragments {
		f := &s.fragments[i]
		raw[f.Name()] = f
		if _, ok := listed[f.Name()]; !ok && !f.consumed {
			v.unsettled += f.lines
		}
	}
	for name, lines := range s.consumed {
		if _, ok := listed[name]; !ok {
			v.unsettled += lines
		}
	}
	var missing []string
	lost := int64(0)
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		want := listed[name]
		f, there := raw[name]
		lines, merged := s.consumed[name]
		switch {
		case there && f.whole && f.lines != want.lines:
			v.add(FragmentLines, s.hour, f.Key(), "%s counts %d lines in it, it has %d", want.entry, want.lines, f.lines)
		case !there && merged && lines != want.lines:
			v.add(FragmentLines, s.hour, name, "%s counts %d lines in it, %d were merged", want.entry, want.lines, lines)
		case !there && !merged:
			missing = append(missing, name)
			lost += want.lines
		}
	}
	v.tellMissing(missing, lost)
}

// tellMissing names fragments that are gone. Lines merged from fragments whose names are lost may be theirs; only what goes beyond those
// is known to be lost.
func (v *visit) tellMissing(missing []string, lost int64) {
	s := v.state
	prefix, listed := layout.RawPrefix(s.hour), v.window.listed[s.hour]
	switch {
	case lost <= v.credit:
	case v.credit == 0:
		for _, name := range missing {
			v.add(FragmentMissing, s.hour, prefix+name, "%d events that %s counts as stored are neither here nor merged", listed[name].lines, listed[name].entry)
		}
	default:
		v.add(FragmentMissing, s.hour, prefix, "%d fragments of %d events are not here; %d of the lines merged are of fragments whose names are lost, "+
			"so at least %d events are missing. The first is %s, which %s counts as stored",
			len(missing), lost, v.credit, lost-v.credit, missing[0], listed[missing[0]].entry)
	}
}
