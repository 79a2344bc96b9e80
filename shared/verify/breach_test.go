package verify

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
	"github.com/lakebed/lakebed/shared/schema"
)

func slotOf(p layout.Partition, g layout.Generation, n int) string {
	return layout.Slot{Partition: p, Generation: g, Number: n}.Key()
}

const (
	first  = layout.FirstGeneration
	second = layout.Generation("gen-0002-0123456789abcdef")
)

// header rewrites what a slot says of itself.
func (l *lake) header(key string, change func(*part.Header)) {
	l.Helper()
	body := l.get(key)
	h := must(part.ParseHeader(body))
	change(&h)
	const from, to = 16, 16 + 488
	text := must(json.Marshal(h))
	copy(body[from:to], bytes.Repeat([]byte{' '}, to-from))
	copy(body[from:], text)
	l.put(key, body)
}

// rewrite makes a part anew of other lines; its index and header count are made to match.
func (l *lake) rewrite(p layout.Partition, n int, change func([]string) []string) {
	l.Helper()
	name, row := l.row(p)
	at := layout.Slot{Partition: p, Generation: name, Number: n}
	h := row[n-1]
	head := must(index.ReadHead(l.Context(), l.Bucket, layout.Index{Slot: at, Inputs: h.Inputs}.Key()))
	text := change(l.texts(at.Key()))
	l.write(at, newPart{Header: h, lines: text, consumed: head.Consumed, rebuilt: head.Rebuilt})
}

func (l *lake) indexOf(p layout.Partition, n int) string {
	l.Helper()
	name, row := l.row(p)
	return layout.Index{Slot: layout.Slot{Partition: p, Generation: name, Number: n}, Inputs: row[n-1].Inputs}.Key()
}

func (l *lake) flip(key string, at int) {
	l.Helper()
	body := slices.Clone(l.get(key))
	body[(at+len(body))%len(body)] ^= 0x20
	l.put(key, body)
}

func (l *lake) entry(change func(*ledger.Entry)) {
	l.Helper()
	key := l.keys(layout.LedgerNew)[0]
	e := must(ledger.Parse(bytes.TrimSpace(l.get(key))))
	change(&e)
	l.remove(key)
	_, err := ledger.Put(l.Context(), l.Bucket, e)
	l.must(err)
}

func (l *lake) partition(p layout.Partition, change func(*catalog.Partition)) {
	l.Helper()
	e := must(l.Catalog.Partitions(l.Context(), p))[0]
	change(&e)
	l.must(l.Catalog.SetPartitions(l.Context(), []catalog.Partition{e}))
}

// keyOf is the first key below a prefix that holds the text.
func (l *lake) keyOf(prefix, text string) string {
	l.Helper()
	for _, key := range l.keys(prefix) {
		if strings.Contains(key, text) {
			return key
		}
	}
	l.Fatalf("no %s is below %s", text, prefix)
	return ""
}

// stray is a part of a generation that nothing may name.
func stray(p layout.Partition) newPart {
	return newPart{Header: part.Header{Inputs: inputs("stray")}, lines: lines(p, "o", 2)}
}

// Each of the damages is done to the full lake, and must be all that is found.
var damages = []struct {
	name string
	do   func(l *lake)
	want []Code
}{
	{"slot in the middle deleted", func(l *lake) { l.remove(slotOf(hour8, first, 1)) }, []Code{SlotMissing}},
	{"slot of an old generation deleted", func(l *lake) { l.remove(slotOf(hour9, first, 1)) }, []Code{SlotMissing}},
	{"header wiped out", func(l *lake) { l.flip(slotOf(hour8, first, 2), 16) }, []Code{SlotUnreadable}},
	{"header of an empty object", func(l *lake) { l.put(slotOf(hour11, first, 2), nil) }, []Code{SlotUnreadable}},
	{"header of an old slot wiped out", func(l *lake) { l.flip(slotOf(hour9, first, 1), 0) }, []Code{SlotUnreadable}},
	{"header of a seal wiped out", func(l *lake) { l.flip(slotOf(hour9, first, 3), 1) }, []Code{SlotUnreadable}},
	{"slot behind the seal", func(l *lake) { l.put(slotOf(hour9, first, 4), l.get(slotOf(hour9, first, 1))) }, []Code{SealWrong}},
	{"seal deleted", func(l *lake) { l.remove(slotOf(hour9, first, 3)) }, []Code{SealWrong}},
	{"seal leads too far", func(l *lake) {
		l.header(slotOf(hour9, first, 3), func(h *part.Header) { h.Next = "gen-0003-0123456789abcdef" })
	}, []Code{SealWrong, SuccessorMissing}},
	{"successor deleted", func(l *lake) { l.remove(slotOf(hour9, second, 1)) }, []Code{SuccessorMissing}},
	{"newer part", func(l *lake) { l.header(slotOf(hour8, first, 1), func(h *part.Header) { h.Version = 2 }) }, []Code{NewerFormat}},
	{"newer ledger entry", func(l *lake) {
		text := bytes.Replace(l.get(l.keys(layout.LedgerNew)[0]), []byte(`"v":1`), []byte(`"v":2`), 1)
		l.remove(l.keys(layout.LedgerNew)[0])
		l.put(layout.Entry{Arrival: hour8, Span: layout.Span{Shard: "s", First: "1", Last: "1"}, Hash: xxhash.Sum64(text)}.Key(), text)
	}, []Code{NewerFormat}},
	{"foreign file beside the parts", func(l *lake) { l.put(layout.Location(hour8, first)+"part-1.json", nil) }, []Code{ForeignData}},

	{"bit flipped in a part", func(l *lake) { l.flip(slotOf(hour8, first, 1), 560) }, []Code{PartBroken}},
	{"bit flipped in a checksum", func(l *lake) { l.flip(slotOf(hour8, first, 1), -8) }, []Code{PartBroken}},
	{"part cut off", func(l *lake) {
		body := l.get(slotOf(hour8, first, 1))
		l.put(slotOf(hour8, first, 1), body[:len(body)-9])
	}, []Code{PartBroken}},
	{"something behind the part", func(l *lake) {
		l.put(slotOf(hour8, first, 1), append(l.get(slotOf(hour8, first, 1)), "x"...))
	}, []Code{PartBroken}},
	{"last line without its end", func(l *lake) {
		l.put(slotOf(hour8, first, 2), append(l.get(slotOf(hour8, first, 2)), squeeze([]byte("{"))...))
	}, []Code{PartBroken}},
	{"seal cut off", func(l *lake) { l.put(slotOf(hour9, first, 3), l.get(slotOf(hour9, first, 3))[:510]) }, []Code{PartBroken}},
	{"swept slot with lines", func(l *lake) {
		l.put(slotOf(hour9, first, 1), append(l.get(slotOf(hour9, first, 1)), squeeze([]byte("{}\n"))...))
	}, []Code{PartCount}},
	{"part cut off, its index lost", func(l *lake) {
		body := l.get(slotOf(hour8, first, 1))
		l.remove(l.indexOf(hour8, 1))
		l.put(slotOf(hour8, first, 1), body[:len(body)-9])
	}, []Code{PartBroken, IndexMissing}},
	{"forged count of events", func(l *lake) { l.header(slotOf(hour8, first, 1), func(h *part.Header) { h.Events++ }) }, []Code{PartCount, IndexBroken}},
	{"line that is no event", func(l *lake) {
		l.rewrite(hour8, 2, func(s []string) []string { return s })
		key := slotOf(hour8, first, 2)
		l.header(key, func(h *part.Header) { h.Events++; h.Lines++ })
		l.put(key, append(l.get(key), squeeze([]byte("{\"a\": 1}\n"))...))
	}, []Code{LineInvalid, IndexBroken}},
	{"line twice in a part", func(l *lake) {
		l.rewrite(hour8, 1, func(s []string) []string { return append(s, s[0]) })
		l.header(slotOf(hour8, first, 1), func(h *part.Header) { h.Duplicates-- })
	}, []Code{IDTwice}},
	{"id in two parts", func(l *lake) {
		l.rewrite(hour8, 2, func(s []string) []string { return append(s, line(hour8, "8-4", `,"n":4`)) })
		l.header(slotOf(hour8, first, 2), func(h *part.Header) { h.Conflicts-- })
	}, []Code{IDTwice}},
	{"event of another hour", func(l *lake) {
		l.rewrite(hour8, 2, func(s []string) []string { return append(s, line(hour9, "x", "")) })
		l.header(slotOf(hour8, first, 2), func(h *part.Header) { h.Conflicts-- })
	}, []Code{LineMisplaced}},
	{"part moved to another lane", func(l *lake) {
		l.header(slotOf(hour11, first, 1), func(h *part.Header) { h.Lane = "1" })
	}, []Code{LineMisplaced}},
	{"value of another type", func(l *lake) {
		l.rewrite(hour8, 2, func(s []string) []string { return append(s, line(hour8, "x", `,"n":"many"`)) })
		l.header(slotOf(hour8, first, 2), func(h *part.Header) { h.Conflicts-- })
	}, []Code{LineUnreadable}},
	{"type of a column changed", func(l *lake) {
		t := must(l.Catalog.Table(l.Context()))
		for i := range t.Columns {
			if t.Columns[i].Name == "other" || t.Columns[i].Name == "more" {
				t.Columns[i].Type = schema.Type{Kind: schema.Bool}
			}
		}
		must(l.Catalog.SetTable(l.Context(), t))
		for _, p := range must(l.Catalog.Partitions(l.Context())) {
			p.Columns = fields(t)
			l.must(l.Catalog.SetPartitions(l.Context(), []catalog.Partition{p}))
		}
	}, []Code{LineUnreadable}},
	{"event gone from a part", func(l *lake) {
		l.rewrite(hour8, 1, func(s []string) []string { return s[1:] })
		l.header(slotOf(hour8, first, 1), func(h *part.Header) { h.Duplicates++ })
	}, []Code{EventMissing}},
	{"event gone from a part, and delivered once more", func(l *lake) {
		l.rewrite(hour8, 1, func(s []string) []string { return s[1:] })
		l.header(slotOf(hour8, first, 1), func(h *part.Header) { h.Duplicates++ })
		text := line(hour8, "8-0", `,"n":0,"o":{"s":"x0"}`) + "\n"
		l.put(layout.Fragment{Partition: hour8, Span: layout.Span{Shard: "a", First: "1", Last: "2"}, Hash: xxhash.Sum64String(text)}.Key(), []byte(text))
	}, []Code{EventMissing}},
	{"line gone from a part, not from its index", func(l *lake) {
		key := slotOf(hour8, first, 1)
		x, h := l.get(l.indexOf(hour8, 1)), must(part.ParseHeader(l.get(key)))
		l.rewrite(hour8, 1, func(s []string) []string { return s[:len(s)-1] })
		l.put(l.indexOf(hour8, 1), x)
		l.header(key, func(now *part.Header) { *now = h })
	}, []Code{PartCount, IndexBroken, EventMissing, Accounts}},
	{"first part of a successor deleted, which has the sums", func(l *lake) {
		next := first.Successor("0123456789abcdef")
		all := lines(hour8-1, "7", 4)
		l.store(hour8-1, all...)
		l.merge(hour8-1, "")
		_, row := l.row(hour8 - 1)
		consumed := must(index.ReadHead(l.Context(), l.Bucket, l.indexOf(hour8-1, 1))).Consumed
		sums := row[0]
		l.write(layout.Slot{Partition: hour8 - 1, Generation: next, Number: 1}, newPart{Header: sums, lines: all[:2], consumed: consumed})
		l.write(layout.Slot{Partition: hour8 - 1, Generation: next, Number: 2}, newPart{Header: part.Header{Inputs: inputs("2")}, lines: all[2:]})
		l.seal(hour8-1, next)
		l.publish(hour8-1, next)
		whole(l, l.run())
		l.remove(slotOf(hour8-1, next, 1))
	}, []Code{SlotMissing}},
	{"forged count of lines", func(l *lake) {
		l.header(slotOf(hour8, first, 1), func(h *part.Header) { h.Lines++; h.Duplicates++ })
	}, []Code{Accounts}},
	{"forged count of duplicates", func(l *lake) {
		l.header(slotOf(hour9, second, 1), func(h *part.Header) { h.Duplicates++ })
	}, []Code{Accounts}},
	{"forged count of fragments", func(l *lake) {
		l.header(slotOf(hour9, second, 1), func(h *part.Header) { h.Fragments-- })
	}, []Code{Accounts}},

	{"bit flipped in a fragment that waits", func(l *lake) { l.flip(l.keyOf(layout.RawPrefix(hour10), ".json"), 60) }, []Code{FragmentBroken}},
	{"bit flipped in a merged fragment", func(l *lake) { l.flip(l.keyOf(layout.RawPrefix(hour8), ".json"), 20) }, []Code{FragmentBroken}},
	{"fragment cut off", func(l *lake) {
		key := l.keyOf(layout.RawPrefix(hour10), ".gz")
		l.put(key, l.get(key)[:50])
	}, []Code{FragmentBroken}},
	{"fragment of another hour", func(l *lake) {
		text := line(hour9, "y", "") + "\n"
		l.put(layout.Fragment{Partition: hour10, Span: layout.Span{Shard: "s", First: "1", Last: "2"}, Hash: xxhash.Sum64String(text)}.Key(), []byte(text))
	}, []Code{LineMisplaced}},
	{"fragment with a line that is no event", func(l *lake) {
		text := `{"a":1}` + "\n"
		l.put(layout.Fragment{Partition: hour10, Span: layout.Span{Shard: "s", First: "1", Last: "2"}, Hash: xxhash.Sum64String(text)}.Key(), []byte(text))
	}, []Code{LineInvalid}},
	{"fragment that waits deleted", func(l *lake) { l.remove(l.keyOf(layout.RawPrefix(hour10), ".gz")) }, []Code{FragmentMissing}},
	{"all fragments of an hour deleted", func(l *lake) { l.sweepRaw(hour10) }, []Code{FragmentMissing}},
	{"index deleted after its fragments", func(l *lake) {
		l.sweepRaw(hour8)
		l.remove(l.indexOf(hour8, 1))
	}, []Code{IndexMissing}},
	{"last part deleted after its fragments", func(l *lake) {
		l.sweepRaw(hour8)
		l.remove(slotOf(hour8, first, 2))
	}, []Code{FragmentMissing}},
	{"last part deleted, names lost in part", func(l *lake) {
		l.sweepRaw(hour8)
		l.remove(slotOf(hour8, first, 2))
		head := must(index.ReadHead(l.Context(), l.Bucket, l.indexOf(hour8, 1)))
		_, row := l.row(hour8)
		l.write(layout.Slot{Partition: hour8, Generation: first, Number: 1}, newPart{
			Header: row[0], lines: l.texts(slotOf(hour8, first, 1)), consumed: head.Consumed[:1], rebuilt: true,
		})
	}, []Code{FragmentMissing}},
	{"forged lines in an entry", func(l *lake) {
		l.entry(func(e *ledger.Entry) { e.Hours[0].Stored++; e.Hours[0].Fragments[0].Lines++; e.Received++ })
	}, []Code{FragmentLines}},
	{"forged lines in an index", func(l *lake) {
		l.sweepRaw(hour11)
		_, row := l.row(hour11)
		head := must(index.ReadHead(l.Context(), l.Bucket, l.indexOf(hour11, 1)))
		head.Consumed[0].Lines--
		l.write(layout.Slot{Partition: hour11, Generation: first, Number: 1}, newPart{
			Header: row[0], lines: l.texts(slotOf(hour11, first, 1)), consumed: head.Consumed, rebuilt: true,
		})
	}, []Code{FragmentLines}},
	{"bit flipped in an entry", func(l *lake) { l.flip(l.keys(layout.LedgerNew)[0], 8) }, []Code{LedgerBroken}},
	{"entry that is no JSON", func(l *lake) {
		text := []byte("{\n")
		l.put(layout.Entry{Arrival: hour8, Span: layout.Span{Shard: "s", First: "1", Last: "1"}, Hash: xxhash.Sum64(text)}.Key(), text)
	}, []Code{LedgerBroken}},
	{"rollup cut off", func(l *lake) {
		key := l.keyOf(layout.Ledger, "rollup-")
		l.put(key, l.get(key)[:100])
	}, []Code{LedgerBroken}},
	{"entry names what is no fragment", func(l *lake) {
		l.entry(func(e *ledger.Entry) {
			e.Hours = append(e.Hours, ledger.Hour{Partition: hour8.String(), Fragments: []ledger.Fragment{{Name: "../x"}}}, ledger.Hour{Partition: "x"})
			e.Rejects = append(e.Rejects, "raw/x")
		})
	}, []Code{LedgerBroken}},
	{"entry that does not close", func(l *lake) { l.entry(func(e *ledger.Entry) { e.Received++ }) }, []Code{LedgerOpen}},
	{"entry that quarantined nowhere", func(l *lake) {
		l.entry(func(e *ledger.Entry) { e.Received++; e.Quarantined = map[string]int64{"panic": 1} })
	}, []Code{LedgerOpen}},
	{"entries at odds", func(l *lake) {
		key := l.keys(layout.LedgerNew)[0]
		e := must(ledger.Parse(bytes.TrimSpace(l.get(key))))
		e.Last += "9"
		e.Hours[0].Stored++
		e.Hours[0].Fragments[0].Lines++
		e.Received++
		must(ledger.Put(l.Context(), l.Bucket, e))
	}, []Code{LedgerOpen}},

	{"quarantine object deleted", func(l *lake) { l.remove(l.keyOf(layout.Quarantine, "not_json")) }, []Code{RejectMissing}},
	{"quarantine object cut off", func(l *lake) {
		key := l.keyOf(layout.Quarantine, "not_json")
		l.put(key, l.get(key)[:50])
	}, []Code{RejectBroken}},
	{"bit flipped in a rejected record", func(l *lake) { l.flip(l.keyOf(layout.Quarantine, "not_json"), -4) }, []Code{RejectBroken}},
	{"bit flipped in a conflict that was kept", func(l *lake) { l.flip(l.keyOf(layout.Quarantine, "id_conflict"), -4) }, []Code{RejectBroken}},
	{"quarantine object without its data", func(l *lake) {
		text := []byte(`{"reason":"panic","arrival":"2026-11-20T08:00:00Z","data":""}` + "\n")
		l.put(layout.Reject{Arrival: hour8, Reason: "panic", Span: layout.Span{Shard: "s", First: "1", Last: "1"}, Hash: xxhash.Sum64(text)}.Key(), text)
	}, []Code{RejectBroken}},
	{"quarantine object in another's folder", func(l *lake) {
		text := l.get(l.keyOf(layout.Quarantine, "not_json"))
		l.put(layout.Reject{Arrival: hour8, Reason: "panic", Span: layout.Span{Shard: "s", First: "1", Last: "1"}, Hash: xxhash.Sum64(text)}.Key(), text)
	}, []Code{RejectBroken}},
	{"entry that counts other rejects", func(l *lake) {
		key := l.keyOf(layout.Quarantine, "not_json")
		l.entry(func(e *ledger.Entry) {
			e.Received++
			e.Quarantined, e.Rejects = map[string]int64{string(event.NotJSON): 1}, []string{key}
		})
	}, []Code{RejectLines, LedgerOpen}},

	{"Location set back", func(l *lake) { l.publish(hour9, first) }, []Code{Location}},
	{"Location of another hour", func(l *lake) {
		l.partition(hour8, func(p *catalog.Partition) { p.Location = layout.Location(hour9, first) })
	}, []Code{Location}},
	{"hour of no data that points somewhere", func(l *lake) {
		l.evolve(hour8-1, nil)
		l.publish(hour8-1, second)
	}, []Code{Location}},
	{"catalog lost", func(l *lake) { l.Catalog = catalog.NewMemory() }, []Code{Unregistered}},
	{"columns of a partition set back", func(l *lake) {
		l.partition(hour8, func(p *catalog.Partition) { p.Columns = p.Columns[:len(p.Columns)-1] })
	}, []Code{Columns}},
	{"column of a partition of another type", func(l *lake) {
		l.partition(hour11, func(p *catalog.Partition) {
			p.Columns = slices.Clone(p.Columns)
			p.Columns[2].Type = schema.Type{Kind: schema.String}
		})
	}, []Code{Columns}},

	{"orphan", func(l *lake) {
		l.write(layout.Slot{Partition: hour9, Generation: "gen-0002-fedcba9876543210", Number: 1}, stray(hour9))
	}, []Code{Orphan}},
	{"old generation never swept", func(l *lake) {
		next := l.succeed(hour8, "0123456789abcdef")
		l.seal(hour8, next)
		l.publish(hour8, next)
		l.sweepRaw(hour8)
	}, []Code{Unswept}},

	{"table not followed", func(l *lake) {
		t := must(l.Catalog.Table(l.Context()))
		t.Followed = false
		must(l.Catalog.SetTable(l.Context(), t))
		l.partition(hour8, func(p *catalog.Partition) { p.Columns = p.Columns[:len(p.Columns)-1] })
	}, []Code{CatalogBehind}},
	{"index deleted", func(l *lake) { l.remove(l.indexOf(hour8, 1)) }, []Code{IndexMissing}},
	{"bit flipped in an index", func(l *lake) { l.flip(l.indexOf(hour8, 1), -20) }, []Code{IndexBroken}},
	{"bit flipped in the head of an index", func(l *lake) { l.flip(l.indexOf(hour8, 1), 3) }, []Code{IndexBroken}},
	{"index of another part", func(l *lake) {
		_, row := l.row(hour8)
		head := must(index.ReadHead(l.Context(), l.Bucket, l.indexOf(hour8, 1)))
		text := l.texts(slotOf(hour8, first, 1))
		slices.Reverse(text)
		at := layout.Slot{Partition: hour8, Generation: first, Number: 1}
		body := l.get(at.Key())
		l.write(at, newPart{Header: row[0], lines: text, consumed: head.Consumed})
		l.put(at.Key(), body)
	}, []Code{IndexBroken}},
	{"index without its part", func(l *lake) {
		l.put(layout.Index{Slot: layout.Slot{Partition: hour9, Generation: first, Number: 1}, Inputs: inputs("x")}.Key(), l.get(l.indexOf(hour9, 1)))
	}, []Code{IndexStray}},
	{"noted of a slot what it does not say", func(l *lake) {
		h, o, err := part.ReadHeader(l.Context(), l.Bucket, l.keys(layout.EventsPrefix(hour9))[0])
		l.must(err)
		h.Inputs = inputs("x")
		l.must(part.PutKnown(l.Context(), l.Bucket, layout.Headers(hour9), []part.Known{{Key: o.Key, ETag: o.ETag, Header: h}}))
	}, []Code{HeadersWrong}},
	{"foreign objects", func(l *lake) {
		for _, key := range []string{"visit/x", "erasures/x", "backfill/x", "README", "raw/x", "raw/dt=2026-11-20/hour=08/x.json", "events/x", "index/x", "quarantine/x", "ledger/x", "ledger/new/x"} {
			l.put(key, nil)
		}
	}, []Code{Foreign}},
	{"event that is to be erased", func(l *lake) { l.bury("o.s", "x2", l.clock) }, []Code{Unerased}},
	{"rejected record that is to be erased", func(l *lake) {
		l.deliver(batch{rejects: map[event.Reason][]string{event.IDMissing: {`{"o": {"s": "gone"}}`, `{"o":{"s":"other"}}`}}})
		l.bury("o.s", "gone", l.clock)
	}, []Code{Unerased}},
	{"tombstones damaged", func(l *lake) { l.flip(l.bury("o.s", "x2", start), 10) }, []Code{ErasureBroken}},
	{"key of the tombstones damaged", func(l *lake) {
		l.bury("o.s", "x2", start)
		l.put(layout.ErasureKey, []byte(strings.Repeat("0a", 32)+"\n"))
	}, []Code{ErasureBroken}},
	{"key of the tombstones deleted", func(l *lake) {
		l.bury("o.s", "x2", start)
		l.remove(layout.ErasureKey)
	}, []Code{ErasureBroken}},
	{"newer tombstones", func(l *lake) {
		text := bytes.Replace(l.get(l.bury("o.s", "x2", start)), []byte(`"v":1`), []byte(`"v":2`), 1)
		l.put(layout.Erasure(xxhash.Sum64(text)), text)
	}, []Code{NewerFormat}},
	{"erased lines that nobody counted", func(l *lake) {
		l.bury("o.s", "x2", l.clock)
		next := l.succeed(hour8, "0123456789abcdef")
		l.header(slotOf(hour8, next, 1), func(h *part.Header) { h.Erased = 0 })
		l.seal(hour8, next)
		l.publish(hour8, next)
		for _, p := range []layout.Partition{hour9, hour11} {
			next := l.succeed(p, "fedcba9876543210")
			l.seal(p, next)
			l.publish(p, next)
			l.put(layout.Visit{Partition: p, Generation: next}.Key(), nil)
		}
	}, []Code{Accounts}},
	{"erased record with its bytes", func(l *lake) {
		key := l.keyOf(layout.Quarantine, "not_json")
		l.put(key, bytes.ReplaceAll(l.get(key), []byte("}\n"), []byte(`,"erased":true}`+"\n")))
	}, []Code{RejectBroken}},
	{"erased record gone", func(l *lake) {
		key := l.keyOf(layout.Quarantine, "not_json")
		must(quarantine.Erase(l.Context(), l.Bucket, key, func(quarantine.Reject) bool { return true }))
		text := l.get(key)
		l.put(key, text[:bytes.IndexByte(text, '\n')+1])
	}, []Code{RejectLines}},
	{"old generation in an hour that was marked", func(l *lake) {
		l.sweepRaw(hour8)
		next := l.succeed(hour8, "0123456789abcdef")
		l.put(layout.Visit{Partition: hour8, Generation: next}.Key(), nil)
		l.seal(hour8, next)
		l.publish(hour8, next)
		l.remove(layout.Visit{Partition: hour8, Generation: next}.Key())
	}, []Code{Unswept}},
	{"generation that nothing leads to", func(l *lake) {
		l.write(layout.Slot{Partition: hour8, Generation: "gen-0007-fedcba9876543210", Number: 1}, stray(hour8))
	}, []Code{Foreign}},
}

func TestEachDamageIsNamed(t *testing.T) {
	t.Parallel()
	planted := map[Code]bool{}
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			l := full(t)
			d.do(l)
			r := l.run()
			got := map[Code]bool{}
			for _, list := range [][]Breach{r.Breaches, r.Warnings} {
				for _, b := range list {
					got[b.Code] = true
					if b.Detail == "" || b.Remedy == "" || b.Key == "" || strings.Contains(b.String(), "%!") {
						t.Errorf("it tells too little: %+v", b)
					}
				}
			}
			want := map[Code]bool{}
			for _, c := range d.want {
				want[c], planted[c] = true, true
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %v, want %v\n%v\n%v", slices.Sorted(maps.Keys(got)), d.want, r.Breaches, r.Warnings)
			}
			l.Memory = 1 // the long way round comes to the same
			again := l.run()
			if len(again.Breaches) != len(r.Breaches) || len(again.Warnings) != len(r.Warnings) {
				t.Errorf("with little memory: %v\n%v, not %v", again.Breaches, again.Warnings, r.Breaches)
			}
		})
	}
	for _, c := range Codes() {
		if !planted[c] {
			t.Errorf("no damage is planted for %s", c)
		}
	}
}

// What is not past its grace or bound, or may be gone, is no finding.
func TestNotYet(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(l *lake)
		want []Code
	}{
		{"orphan within the grace", func(l *lake) {
			l.write(layout.Slot{Partition: hour9, Generation: "gen-0002-fedcba9876543210", Number: 1}, stray(hour9))
			l.Now = l.clock.Add(grace - time.Second)
		}, nil},
		{"orphan within the grace, its hour long published", func(l *lake) {
			l.clock = l.clock.Add(20 * time.Hour)
			l.write(layout.Slot{Partition: hour9, Generation: "gen-0002-fedcba9876543210", Number: 1}, stray(hour9))
			l.Now = l.clock.Add(grace - time.Second)
		}, nil},
		{"orphan of an hour published within the grace", func(l *lake) {
			l.write(layout.Slot{Partition: hour9, Generation: "gen-0002-fedcba9876543210", Number: 1}, stray(hour9))
			l.clock = l.clock.Add(20 * time.Hour)
			l.publish(hour9, second)
			l.Now = l.clock.Add(grace - time.Second)
		}, nil},
		{"orphan whose parent is not sealed", func(l *lake) {
			l.write(layout.Slot{Partition: hour8, Generation: second, Number: 1}, stray(hour8))
		}, nil},
		{"old generation within the grace", func(l *lake) {
			l.sweepRaw(hour8)
			next := l.succeed(hour8, "0123456789abcdef")
			l.seal(hour8, next)
			l.publish(hour8, next)
			l.Now = l.clock.Add(grace - time.Second)
		}, nil},
		{"old generation in an hour that is visited", func(l *lake) {
			next := l.succeed(hour8, "0123456789abcdef")
			l.seal(hour8, next)
			l.publish(hour8, next)
		}, nil},
		{"Location behind within the bound", func(l *lake) {
			next := l.succeed(hour8, "0123456789abcdef")
			l.seal(hour8, next)
			l.Bound, l.Now = time.Minute, l.clock.Add(59*time.Second)
		}, []Code{CatalogBehind}},
		{"Location behind past the bound", func(l *lake) {
			next := l.succeed(hour8, "0123456789abcdef")
			l.seal(hour8, next)
			l.Bound, l.Now = time.Minute, l.clock.Add(61*time.Second)
		}, []Code{Location}},
		{"quarantine object past its retention", func(l *lake) {
			l.remove(l.keyOf(layout.Quarantine, "not_json"))
			l.Retention = 10 * time.Hour
		}, nil},
		{"quarantine object within its retention", func(l *lake) {
			l.remove(l.keyOf(layout.Quarantine, "not_json"))
			l.Retention = 100 * time.Hour
		}, []Code{RejectMissing}},
		{"names lost, fragments swept", func(l *lake) {
			_, row := l.row(hour9)
			l.write(layout.Slot{Partition: hour9, Generation: second, Number: 1}, newPart{
				Header: row[0], lines: l.texts(slotOf(hour9, second, 1)), rebuilt: true,
			})
		}, nil},
		{"names lost, fragments merged once more", func(l *lake) {
			_, row := l.row(hour8)
			l.write(layout.Slot{Partition: hour8, Generation: first, Number: 1}, newPart{
				Header: row[0], lines: l.texts(slotOf(hour8, first, 1)), rebuilt: true,
			})
			l.merge(hour8, "")
		}, nil},
		{"registered hour without data", func(l *lake) { l.evolve(hour8-1, nil) }, nil},
		{"delivered twice", func(l *lake) {
			key := l.keys(layout.LedgerNew)[0]
			e := must(ledger.Parse(bytes.TrimSpace(l.get(key))))
			e.Arrival = e.Arrival.Add(time.Second)
			must(ledger.Put(l.Context(), l.Bucket, e))
		}, nil},
		{"rolled up and not yet deleted", func(l *lake) {
			key := l.keys(layout.LedgerNew)[0]
			text := l.get(key)
			must(ledger.RollUp(l.Context(), l.Bucket, start.Add(100*time.Hour), 0))
			l.put(key, text)
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := full(t)
			before := l.run()
			c.do(l)
			r := l.run()
			var got []Code
			for _, b := range append(r.Breaches, r.Warnings...) {
				got = append(got, b.Code)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v %v, want %v", r.Breaches, r.Warnings, c.want)
			}
			if c.want == nil && (r.Events != before.Events || r.Live != before.Live || r.Checksum != before.Checksum || !r.Closes()) {
				t.Errorf("got %+v, before %+v", r, before)
			}
		})
	}
}

func TestCodesAreDocumented(t *testing.T) {
	seen := map[Code]bool{}
	for _, c := range Codes() {
		if seen[c] || c.Remedy() == "" {
			t.Errorf("%s is twice in the list, or without remedy", c)
		}
		seen[c] = true
	}
	if Foreign.Warning() == IDTwice.Warning() || !Foreign.Warning() {
		t.Error("warnings and breaches are mixed up")
	}
}

// Many findings of a kind are told as one for each object, and no report grows without bound.
func TestManyFindings(t *testing.T) {
	l := newLake(t)
	text := strings.Repeat("{\"a\":1}\n", 500)
	l.put(layout.Fragment{Partition: hour8, Span: layout.Span{Shard: "s", First: "1", Last: "2"}, Hash: xxhash.Sum64String(text)}.Key(), []byte(text))
	for i := range MaxFindings + 10 {
		l.put("x/"+strings.Repeat("a", i%200+1)+strings.Repeat("b", i/200), nil)
	}
	r := l.run()
	if len(r.Breaches) != 1 || !strings.HasSuffix(r.Breaches[0].Detail, "(and 499 more like it)") {
		t.Errorf("got %v", r.Breaches)
	}
	if len(r.Warnings) != MaxFindings || r.Omitted != 10 {
		t.Errorf("%d warnings, %d omitted", len(r.Warnings), r.Omitted)
	}
}
