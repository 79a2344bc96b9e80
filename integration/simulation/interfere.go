package simulation

import (
	"bytes"
	"slices"
	"strings"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// interfere has somebody do what nobody should: what can be mended without them must mend itself, and what cannot must be named.
func (w *World) interfere() {
	acts := []func() bool{w.setBack, w.bringBack, w.loseClaims}
	if w.Vandals {
		acts = append(acts, w.loseData)
	} else { // an index knows by name what was merged: without it, verify may take a fragment that was deleted for one of those
		acts = append(acts, w.loseIndex)
	}
	if w.LosesCatalog {
		acts = append(acts, w.loseCatalog)
	}
	if !w.quiet && w.budget != 0 && oneOf(w.rng, acts...)() {
		w.spend()
	}
}

// did notes what was done.
func (w *World) did(what, to string) bool {
	w.meet("fault", "somebody "+what)
	w.note("SOMEBODY", "%s: %s", what, to)
	return true
}

// setBack has an update that took longer than anybody may, name an older generation.
func (w *World) setBack() bool {
	p := w.hour()
	entries, err := w.catalog.Partitions(w.root(), p)
	if err != nil || len(entries) == 0 {
		return false
	}
	to := entries[0]
	to.Location = layout.Location(p, layout.FirstGeneration)
	if to.Location == entries[0].Location {
		return false
	}
	w.model.stale[p] = never
	if err := w.catalog.SetPartitions(w.root(), []catalog.Partition{to}); err != nil {
		w.breach("set back: %w", err)
	}
	return w.did("sets a Location back", p.String())
}

// loseCatalog has the catalog made anew, empty, while nobody compacts: an hour that is being registered just then would be registered with
// the columns of before, and is for `lakebed rebuild`.
func (w *World) loseCatalog() bool {
	if w.compacting() {
		return false
	}
	for _, p := range w.Hours {
		w.model.stale[p] = never
	}
	w.catalog = w.newCatalog()
	return w.did("deletes the catalog", "all of it")
}

// compacting tells whether somebody is at work on generations, or a write of somebody's is still to land.
func (w *World) compacting() bool {
	return slices.ContainsFunc(w.processes, func(p *process) bool {
		return p.late > 0 || !p.ended && !slices.Contains([]string{"ingest", "replay", "reader", "live"}, p.kind)
	})
}

// objects lists what lies below a prefix.
func (w *World) objects(prefix string) []bucket.Object {
	var all []bucket.Object
	for o, err := range w.store.List(w.root(), prefix, "") {
		if err == nil {
			all = append(all, o)
		}
	}
	return all
}

// loseIndex deletes or cuts an index.
func (w *World) loseIndex() bool {
	all := w.objects(layout.Indexes)
	if len(all) == 0 {
		return false
	}
	o := oneOf(w.rng, all...)
	if w.chance(0.5) {
		if err := w.store.Delete(w.root(), bucket.Object{Key: o.Key}); err != nil {
			w.breach("lose index: %w", err)
		}
		return w.did("deletes an index", o.Key)
	}
	text, err := w.read(o.Key)
	if err == nil {
		_, err = w.store.Put(w.root(), o.Key, bytes.NewReader(text[:len(text)/2]), bucket.Condition{})
	}
	if err != nil {
		w.breach("cut index: %w", err)
	}
	return w.did("cuts an index", o.Key)
}

// bringBack restores a fragment that was swept.
func (w *World) bringBack() bool {
	if len(w.swept) == 0 {
		return false
	}
	x := oneOf(w.rng, w.swept...)
	if _, err := w.store.Put(w.root(), x.key, strings.NewReader(x.text), bucket.Condition{}); err != nil {
		w.breach("bring back: %w", err)
	}
	return w.did("restores a fragment", x.key)
}

// loseData deletes, cuts or flips what cannot be made anew: a part of a current generation, or a fragment that is not merged.
func (w *World) loseData() bool {
	if w.vandalised != "" {
		return false // once is enough: the others must go on
	}
	p := w.hour()
	current, err := w.chain(p)
	if err != nil {
		return false
	}
	var all []bucket.Object
	for _, o := range w.objects(layout.Location(p, current)) {
		if c, err := w.slot(o); err == nil && len(c.rows) > 0 {
			all = append(all, o)
		}
	}
	for _, o := range w.objects(layout.RawPrefix(p)) {
		rows, err := w.fragment(o.Key)
		if err != nil || len(rows) == 0 {
			continue
		}
		if !slices.ContainsFunc(keysOf(rows), func(id string) bool { _, there := w.model.committed[p][id]; return there }) {
			all = append(all, o)
		}
	}
	if len(all) == 0 {
		return false
	}
	o := oneOf(w.rng, all...)
	w.model.damaged[p] = true
	w.vandalised = o.Key
	how := oneOf(w.rng, "deletes", "cuts", "flips a bit of")
	text, err := w.read(o.Key)
	switch {
	case err != nil:
	case how == "deletes":
		err = w.store.Delete(w.root(), bucket.Object{Key: o.Key})
	case how == "cuts":
		_, err = w.store.Put(w.root(), o.Key, bytes.NewReader(text[:len(text)/2]), bucket.Condition{})
	default:
		at := len(text) * 9 / 10
		if digit := bytes.LastIndexAny(text[:at+1], "01234567"); digit >= 0 {
			at = digit // becomes another digit: of a line that is JSON as before, nothing but a hash tells
		}
		text[at] ^= 4
		_, err = w.store.Put(w.root(), o.Key, bytes.NewReader(text), bucket.Condition{})
	}
	if err != nil {
		w.breach("lose data: %w", err)
	}
	return w.did(how+" a "+kindOf(o.Key), o.Key)
}

func kindOf(key string) string {
	if strings.HasPrefix(key, layout.Raw) {
		return "fragment"
	}
	return "part"
}

func keysOf(rows map[string]string) []string {
	var keys []string
	for k := range rows {
		keys = append(keys, k)
	}
	return keys
}
