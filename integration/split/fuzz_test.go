// Package split holds one law against the real services: however the records of a stream are cut into deliveries, in whatever order these come
// and however often, wherever they break off, and whenever claims are lost and compaction runs, the table ends with the events that it has
// when everything came at once.
package split

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/ingest/kpl"
	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// FuzzSplit delivers a record for each byte of stream, by the plan: each two bytes of it are one delivery of some records in a row, or something
// that happens between deliveries (see follow). What has never been reported as done is delivered at the end.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x00"), []byte{}, uint8(0))
	f.Add([]byte("\x00\x08\x10\x18\x00"), []byte{4, 0, 3, 0, 2, 0, 1, 0, 0, 0}, uint8(0))                                  // four bodies of one id, the last first
	f.Add([]byte("\x00\x08\x10\x18"), []byte{3, 0, 0, 0xfc, 2, 0, 0, 0xfc, 1, 0, 0, 0xf8, 3, 0}, uint8(0))                 // one by one, claims lost between
	f.Add([]byte("\x40\x48\x60\x68\x80\x88\xa0\xa8\xc0\xe0"), []byte{5, 4, 0, 9, 2, 3, 0, 0xf8, 0, 9}, uint8(1))           // each form, lanes
	f.Add([]byte("\x00\x20\x40\x60\x80\xa0\xc0\xe0\x00\x08"), []byte{0, 0x82, 0, 0xc2, 1, 0x83, 3, 0xf8, 8, 0}, uint8(15)) // broken off, gzip, two shards, small parts
	f.Add([]byte("\x08\x00"), []byte{0, 0x80, 1, 0, 0, 0xf8, 0, 0xfc}, uint8(0))                                           // its fragment is stored, and not reported
	f.Add([]byte("\x08\x00\x08"), []byte{0, 0x80, 2, 0, 0, 0xf8, 0, 0}, uint8(16))                                         // its claim is made, and nothing stored
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00"), []byte{0, 7, 1, 6, 2, 5, 0, 0xf8, 3, 4, 4, 3, 0, 0xfc, 0, 7, 0, 0xf8}, uint8(4))
	scratch := f.TempDir()
	f.Fuzz(func(t *testing.T, stream, plan []byte, knobs uint8) {
		if len(stream) == 0 || len(stream) > 24 || len(plan) > 48 {
			return
		}
		records := make([]ingest.Record, len(stream))
		for i, b := range stream {
			records[i] = ingest.Record{Sequence: fmt.Sprint(1000 + i), Arrival: start.Add(time.Duration(i) * 20 * time.Minute), Data: dataOf(b)}
		}
		whole := newLake(t, scratch, knobs)
		if !whole.run(whole.store, records, 0, len(records)) {
			t.Fatal("the whole is not done")
		}
		whole.settle()
		cut := newLake(t, scratch, knobs)
		cut.follow(plan, records)
		cut.settle()
		bodies := bodiesOf(t, records)
		judge(t, "whole", whole, bodies)
		judge(t, "cut", cut, bodies)
		for id, all := range bodies {
			if first := whole.events()[id]; knobs>>2&1 == 0 && (len(first) != 1 || first[0] != all[0]) {
				t.Errorf("of %x the first body is %q, and %q is stored", id, all[0], first)
			}
		}
		once, again := slices.Sorted(maps.Keys(refused(whole))), slices.Sorted(maps.Keys(refused(cut)))
		if !slices.Equal(once, again) {
			t.Errorf("cut, other records are rejected: %q, want %q", again, once)
		}
	})
}

// follow does what a plan says. Of each two bytes a and b: from b = 0xfc on claims are lost, from 0xf8 on a round of compaction runs; else some
// records in a row are delivered, a telling the first and b how many, and from 0x80 on their store breaks off.
func (l *lake) follow(plan []byte, records []ingest.Record) {
	l.t.Helper()
	done := make([]bool, len(records))
	for ; len(plan) >= 2; plan = plan[2:] {
		a, b := int(plan[0]), int(plan[1])
		switch {
		case b >= 0xfc:
			l.forget()
		case b >= 0xf8:
			l.clock = l.clock.Add(time.Duration(a) * time.Minute)
			l.compact()
		default:
			first := a % len(records)
			end := min(len(records), first+1+b%64)
			var store bucket.Bucket = l.store
			if b >= 0x80 {
				store = &brittle{l.store, a / len(records) % 5, b >= 0xc0}
			}
			if l.run(store, records, first, end) {
				for i := first; i < end; i++ {
					done[i] = true
				}
			}
		}
	}
	for first := 0; first < len(records); first++ {
		end := first
		for end < len(records) && !done[end] {
			end++
		}
		if end > first {
			l.run(l.store, records, first, end)
			first = end
		}
	}
}

// run delivers records in a row: one delivery, or one for each of two shards that they take turns in.
func (l *lake) run(b bucket.Bucket, records []ingest.Record, first, end int) bool {
	l.t.Helper()
	var shards [2][]ingest.Record
	for i := first; i < end; i++ {
		n := i % 2 * int(l.knobs>>2&1)
		shards[n] = append(shards[n], records[i])
	}
	ok := true
	for n, some := range shards {
		ok = l.deliver(b, fmt.Sprintf("shard-%d", n), some) && ok
	}
	return ok
}

// dataOf makes a record of a byte: one of eight ids, in an hour of its own as an event's copies are, with one of four bodies, in one of eight
// forms.
func dataOf(b byte) []byte {
	id, body := int(b&7), int(b>>3&3)
	one := func(id int, form string) string {
		at := start.Add(time.Duration(id%3) * time.Hour).Unix()
		return fmt.Sprintf(form, fmt.Sprintf("0f8fad5b-d9cb-469f-a165-7086772895%02d", id), at, body)
	}
	const plain = `{"event_uuid":"%s","created_at":%d,"n":%d}`
	good := one(id, plain)
	switch b >> 5 {
	case 0:
		return []byte(good)
	case 1:
		return []byte(one(id, "{ \"event_uuid\" : \"%s\" ,\r\n\"created_at\" : %d,\"n\":%d } "))
	case 2:
		return []byte(good + "\n" + one((id+1)%8, plain) + "\n")
	case 3:
		return kpltest.Events(good, "nothing", one((id+3)%8, plain), good)
	case 4:
		return []byte("{\"n\":\n" + good + `{"event_uuid":1}`)
	case 5:
		return []byte(strings.ToUpper(good) + good + "[]") // keys in capitals: no id
	case 6: // the same id, another spelling of it: another body
		return []byte(strings.Replace(good, "0f8fad5b", "0F8FAD5B", 1))
	}
	return []byte("\x1f\x8b\x08" + good)
}

// bodiesOf gives the lines that stand for each id, the first first, in the order of their records.
func bodiesOf(t *testing.T, records []ingest.Record) map[event.ID][]string {
	t.Helper()
	d := decoder(t)
	all := map[event.ID][]string{}
	accept := func(e event.Event) {
		if known := all[e.Fingerprint.ID]; !slices.Contains(known, string(e.Line)) {
			all[e.Fingerprint.ID] = append(known, string(e.Line))
		}
	}
	for _, r := range records {
		if !kpl.Is(r.Data) {
			d.Decode(r.Data, r.Arrival, accept, func(event.Rejection) {})
			continue
		}
		aggregate, err := kpl.Decode(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		for data := range aggregate.Records() {
			d.Decode(data, r.Arrival, accept, func(event.Rejection) {})
		}
	}
	return all
}

// judge demands that of each id one body is in the table, once, and that each other body lies in quarantine.
func judge(t *testing.T, name string, l *lake, bodies map[event.ID][]string) {
	t.Helper()
	d := decoder(t)
	kept := map[string]bool{} // lines in quarantine
	for _, r := range l.rejects() {
		if r.Reason == event.IDConflict {
			d.Decode(r.Data, r.Arrival, func(e event.Event) { kept[string(e.Line)] = true }, func(x event.Rejection) {
				t.Errorf("%s: %q is kept as a conflict: %s", name, r.Data, x.Error())
			})
		}
	}
	stored := l.events()
	for id, lines := range stored {
		if len(lines) != 1 || !slices.Contains(bodies[id], lines[0]) {
			t.Errorf("%s: %x is stored as %q, want one of %q", name, id, lines, bodies[id])
		}
	}
	for id, all := range bodies {
		if len(stored[id]) == 0 {
			t.Errorf("%s: %x is lost: %q", name, id, all)
			continue
		}
		for _, body := range all {
			if body != stored[id][0] && !kept[body] {
				t.Errorf("%s: %q is neither stored nor in quarantine; stored is %q", name, body, stored[id][0])
			}
		}
	}
}

// refused gives what was rejected for what it is.
func refused(l *lake) map[string]bool {
	all := map[string]bool{}
	for _, r := range l.rejects() {
		if r.Reason != event.IDConflict {
			all[describe(r)] = true
		}
	}
	return all
}

func describe(r quarantine.Reject) string {
	return fmt.Sprintf("%s %s %s %d %s %q %s", r.Reason, r.Shard, r.Sequence, r.Position, r.Arrival, r.Data, r.Detail)
}
