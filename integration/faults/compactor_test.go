package faults

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/function"
	"github.com/lakebed/lakebed/integration/mapping"
	"github.com/lakebed/lakebed/integration/proxy"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

var compactorFaults = []fault{
	{51, "crash before each call", crashes(proxy.Before)},
	{51, "crash after each call", crashes(proxy.After)},
	{52, "three compactors at once", threeAtOnce},
	{52, "a part comes before the seal", racedSeal},
	{53, "a stale run goes on", stale},
	{54, "the same task twice", twice},
	{55, "a dead run's writes land late", deadWrites},
	{56, "a part upload is broken off", brokenUpload},
	{57, "a part is read damaged", damagedReads},
	{58, "fragments that cannot be read", unreadable},
	{64, "a deletion fails for some keys", deletesFail},
}

var at = layout.PartitionOf(hour)

// twoParts gives the lake an hour of two parts and no fragment waiting, so that the next visit puts them together.
func (l *lake) twoParts(t *testing.T) {
	t.Helper()
	for i := range 2 {
		l.deliver(t, l.events("0", fmt.Sprint("part", i), 15))
		l.merge(t)
	}
}

// merge merges until no fragment waits, and does nothing else, however long it takes.
func (l *lake) merge(t *testing.T) {
	t.Helper()
	l.visit(t, l.merger, "fragments are not merged", func() bool { return l.verify(t).Waiting == 0 })
}

// visit has a compactor visit the hour until it is done.
func (l *lake) visit(t *testing.T, f *function.Function, not string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, err := work(t.Context(), f, at); err != nil {
			t.Fatal(err)
		}
		if done() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(not)
		}
	}
}

// phases are what a visit may be about, each with how a lake gets there and what the visit's line of log says when it did not.
var phases = []struct {
	name    string
	prepare func(*testing.T, *lake, int)
	missed  string
}{
	{"minor", func(t *testing.T, l *lake, n int) { l.deliver(t, l.events("0", fmt.Sprint("n", n), 3)) }, `"minors":0`},
	{"major", func(t *testing.T, l *lake, n int) {
		for i := range 2 {
			l.deliver(t, l.events("0", fmt.Sprint("n", n, "-", i), 3))
			l.merge(t)
		}
		time.Sleep(2 * bound) // until the generation may be sealed
	}, `"majors":0`},
	{"sweep", func(t *testing.T, l *lake, n int) {
		l.deliver(t, l.events("0", fmt.Sprint("n", n), 3))
		l.visit(t, l.saver, "the hour is not one part", func() bool { return l.verify(t).Waiting == 0 && l.parts(t) == 1 })
		time.Sleep(grace)
	}, `"deleted":0`},
}

// parts is how many objects Glue shows of the hour.
func (l *lake) parts(t *testing.T) int {
	t.Helper()
	location := *l.partition(t).StorageDescriptor.Location
	return len(l.keys(t, strings.TrimPrefix(location, l.at.String()+"/")))
}

// crashes kills the compactor at its nth call, for every n until a visit passes without, in each of its phases. A lake serves for a few n, as
// every crash leaves more to look at.
func crashes(side proxy.Side) func(*testing.T, *world, string) {
	const each = 8
	return func(t *testing.T, w *world, name string) {
		var died atomic.Int32
		var group sync.WaitGroup
		for _, phase := range phases {
			var passed atomic.Bool
			for block := range 4 {
				group.Go(func() {
					for first := block*each + 1; !passed.Load() && !t.Failed(); first += 4 * each {
						l := w.newLake(t, fmt.Sprintf("%s_%s_%d", name, phase.name, first), "shard")
						for n := first; n < first+each; n++ {
							phase.prepare(t, l, n)
							from := len(l.compactor.Log())
							if !l.crash(t, n, side) {
								passed.Store(true)
								l.compactor.Says(t, from, `"minors":`)
								if log := l.compactor.Log()[from:]; strings.Contains(log, phase.missed) {
									t.Errorf("the visit was about no %s: %s", phase.name, log)
								}
								break
							}
							died.Add(1)
						}
						l.drain(t)
					}
				})
			}
		}
		group.Wait()
		if n := died.Load(); n < 60 {
			t.Errorf("the compactor died only %d times", n)
		}
		t.Logf("the compactor died %d times", died.Load())
	}
}

// crash has the compactor die at its nth call, and tells whether it made so many.
func (l *lake) crash(t *testing.T, n int, side proxy.Side) bool {
	t.Helper()
	var met atomic.Bool
	l.proxy.Set(proxy.Nth(n, proxy.Any, proxy.Fault{Lose: side, Do: func() { met.Store(true); l.compactor.Kill() }}))
	_, err := work(t.Context(), l.compactor, at)
	l.proxy.Set(nil)
	if met.Load() != errors.Is(err, function.ErrCrashed) || err != nil && !met.Load() {
		t.Errorf("call %d: %v, met %v", n, err, met.Load())
	}
	return met.Load()
}

func threeAtOnce(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	hands := []*function.Function{l.compactor, l.another(t, l.compactor), l.another(t, l.compactor)}
	for round := range 4 {
		l.deliver(t, l.events("0", fmt.Sprint("r", round), 10))
		var group sync.WaitGroup
		for _, f := range hands {
			group.Go(func() {
				if _, err := work(t.Context(), f, at); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		l.whole(t)
	}
	l.drain(t)
}

// racedSeal: another compactor wins the slot that was to be the seal's. Its part goes into the successor too, before anybody is shown that.
func racedSeal(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.twoParts(t)
	time.Sleep(2 * bound) // until the generation may be sealed
	put, hook := hold(1, proxy.Op("PutObject", "gen-0001/part-00003"))
	l.proxy.Set(hook)
	from := len(l.compactor.Log())
	ended := make(chan error, 1)
	go func() {
		_, err := work(t.Context(), l.compactor, at)
		ended <- err
	}()
	await(t, "the seal", put.met)
	l.deliver(t, l.events("0", "raced", 5))
	l.merge(t)
	put.land(t)
	if err := <-ended; err != nil {
		t.Errorf("the visit: %v", err)
	}
	l.compactor.Says(t, from, `"LocationsRepaired":0`)
	l.count(t)
	l.drain(t)
}

// stale: a run stops before its first conditional write, and goes on when others have done everything, sweep included: they put the parts
// together, or filled the very slot with more.
func stale(t *testing.T, w *world, name string) {
	for what, env := range map[string][]string{"sealed": nil, "filled": {"LAKEBED_MAJOR_PARTS=1000", "LAKEBED_MAJOR_SHARE=2"}} {
		l := w.newLake(t, name+what, "shard", env...)
		l.deliver(t, l.events("0", "first", 5))
		own := proxy.New(t, w.Endpoint)
		sleeper := l.another(t, l.compactor, "AWS_ENDPOINT_URL="+own.URL)
		sleeper.Timeout = 2 * time.Minute
		put, hook := hold(1, proxy.Op("PutObject", layout.Events))
		own.Set(hook)
		ended := make(chan error, 1)
		go func() {
			_, err := work(t.Context(), sleeper, at)
			ended <- err
		}()
		await(t, "the write of the stale run", put.met)
		l.twoParts(t)
		l.drain(t)
		put.land(t)
		if err := <-ended; err != nil {
			t.Errorf("%s: the stale run: %v", what, err)
		}
		l.count(t)
		l.drain(t)
	}
}

func twice(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.deliver(t, l.events("0", "at", 20))
	for range 3 {
		if _, err := work(t.Context(), l.compactor, at); err != nil {
			t.Fatal(err)
		}
	}
	l.converge(t)
}

// deadWrites: a run dies while a write to a slot or to the catalog is under way; the write lands after the next run has ended.
func deadWrites(t *testing.T, w *world, name string) {
	for i, match := range []func(proxy.Call) bool{
		proxy.Op("PutObject", layout.Events), proxy.Op("BatchUpdatePartition", ""), proxy.Op("BatchCreatePartition", ""), proxy.Op("DeleteObjects", ""),
	} {
		l := w.newLake(t, fmt.Sprintf("%s_%d", name, i), "shard")
		l.deliver(t, l.events("0", "first", 10))
		write, hook := hold(1, match)
		l.proxy.Set(hook)
		l.runUntil(t, write.met)
		l.compactor.Kill()
		l.converge(t)
		l.deliver(t, l.events("0", "second", 10))
		l.drain(t)
		write.land(t)
		l.drain(t)
	}
}

// runUntil has the compactor visit until a call is met, and leaves it there.
func (l *lake) runUntil(t *testing.T, met <-chan struct{}) {
	t.Helper()
	go func() {
		for t.Context().Err() == nil {
			if _, err := work(t.Context(), l.compactor, at); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	await(t, "the call", met)
}

// held is a call that is kept back.
type held struct {
	met     chan struct{} // closed once it has come
	release chan struct{} // closed to let it go on
	landed  chan struct{} // closed once it has taken effect, whether or not its caller is still there
}

// hold keeps back the nth call that match accepts.
func hold(n int, match func(proxy.Call) bool) (*held, proxy.Hook) {
	h := &held{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	nth := proxy.Nth(n, match, proxy.Fault{Hold: h.release, Edit: func(*proxy.Answer, []byte) { close(h.landed) }})
	return h, func(c proxy.Call) proxy.Fault {
		f := nth(c)
		if f.Hold != nil {
			close(h.met)
		}
		return f
	}
}

// land lets the call go on, and is back when it has taken effect.
func (h *held) land(t *testing.T) {
	t.Helper()
	await(t, "the call", h.met)
	close(h.release)
	await(t, "its effect", h.landed)
}

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s never came", what)
	}
}

// brokenUpload: a part that goes up in pieces is broken off, and so is the attempt to clean up; what it leaves hinders nothing.
func brokenUpload(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard", "LAKEBED_MEMORY=64MiB")
	l.big(t, "a", 12<<20)
	l.big(t, "b", 12<<20)
	met := 0
	l.proxy.Set(func(c proxy.Call) proxy.Fault {
		switch {
		case c.Op == "UploadPart" && met == 0:
			met++
			return proxy.Fault{Lose: proxy.After, Do: l.compactor.Kill}
		case c.Op == "CompleteMultipartUpload" && met == 1:
			met++
			return proxy.Fault{Lose: proxy.After}
		case c.Op == "AbortMultipartUpload":
			return proxy.Fault{Answer: proxy.Refuse("s3", 500, "InternalError")}
		}
		return proxy.Fault{}
	})
	for range 3 {
		_, _ = work(t.Context(), l.compactor, at)
	}
	if met < 2 {
		t.Errorf("no part went up in pieces: %d", met)
	}
	l.proxy.Set(nil)
	l.drain(t)
}

// big stores events that do not compress, so that their part is as large.
func (l *lake) big(t *testing.T, prefix string, size int) {
	t.Helper()
	const each = 100_000
	var records []mapping.Record
	for i := range size / each {
		id := fmt.Sprintf("%s-%s-%d", l.name, prefix, i)
		l.accepted[id] = 1
		records = append(records, l.record("0", fmt.Sprintf(`{"event_uuid":%q,"created_at":%q,"noise":%q}`, id, hour.Format(time.RFC3339), noise(each, uint64(len(prefix)*1000+i)+uint64(prefix[0])<<32))))
	}
	l.mapping.BatchSize = 30
	l.deliver(t, records)
}

// noise is text without a pattern.
func noise(n int, seed uint64) string {
	text := make([]byte, n)
	x := seed*2862933555777941757 + 3037000493
	for i := range text {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		text[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[x>>58]
	}
	return string(text)
}

// wholePart matches the read of a part, not that of its header.
func wholePart(c proxy.Call) bool {
	return c.Op == "GetObject" && strings.Contains(c.Resource, "/"+layout.Events) && c.Range == ""
}

// damagedReads: what comes back of a part is cut, or has a bit turned; it is never carried on.
func damagedReads(t *testing.T, w *world, name string) {
	cut := func(a *proxy.Answer, _ []byte) {
		if a.Status < 300 {
			a.Body = a.Body[:len(a.Body)/2]
			a.Header.Set("Content-Length", fmt.Sprint(len(a.Body)))
		}
	}
	flip := func(a *proxy.Answer, _ []byte) {
		if a.Status < 300 && len(a.Body) > 0 {
			a.Body[len(a.Body)*2/3] ^= 4
		}
	}
	for i, edit := range []func(*proxy.Answer, []byte){cut, flip} {
		l := w.newLake(t, fmt.Sprintf("%s_%d", name, i), "shard")
		l.twoParts(t)
		var met atomic.Int32
		l.proxy.Set(proxy.From(1, 0, wholePart, proxy.Fault{Edit: edit, Do: func() { met.Add(1) }}))
		for range 5 {
			_, _ = work(t.Context(), l.compactor, at)
			time.Sleep(bound / 2)
		}
		if met.Load() == 0 {
			t.Error("no part was read")
		}
		l.compactor.Says(t, 0, `"SetAside":1`)
		if strings.Contains(l.compactor.Log(), `"majors":1`) {
			t.Error("a damaged part was carried on")
		}
		l.proxy.Set(nil)
		l.count(t)
		l.drain(t)
	}
}

// unreadable: fragments that are torn, empty, no gzip, of another codec, or may not be read are set aside by name; the others go on, and
// none is deleted.
func unreadable(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard", "LAKEBED_FRAGMENT_ENCODING=gzip")
	l.deliver(t, l.events("0", "good", 10))
	good := l.keys(t, layout.RawPrefix(at))
	if len(good) != 1 {
		t.Fatalf("%d fragments", len(good))
	}
	var z bytes.Buffer
	zw := gzip.NewWriter(&z)
	_, _ = zw.Write([]byte(json("torn", hour) + "\n"))
	_ = zw.Close()
	bad := map[string]string{
		"torn": z.String()[:z.Len()/2], "empty": "", "plain": json("plain", hour) + "\n", "codec": "\x28\xb5\x2f\xfd\x00\x00",
	}
	f, err := layout.ParseFragment(good[0])
	if err != nil {
		t.Fatal(err)
	}
	var planted []string
	for what, text := range bad {
		f.Span.Shard = "planted-" + what
		key := f.Key()
		if _, err := l.bucket.Put(t.Context(), key, strings.NewReader(text), bucket.Condition{Absent: true}); err != nil {
			t.Fatal(err)
		}
		planted = append(planted, key)
	}
	l.deliver(t, l.events("0", "more", 10))
	var forbidden string
	for _, key := range l.keys(t, layout.RawPrefix(at)) {
		if key != good[0] && !strings.Contains(key, "planted") {
			forbidden = key
		}
	}
	l.proxy.Set(proxy.From(1, 0, proxy.Op("GetObject", forbidden), proxy.Fault{Answer: proxy.Refuse("s3", 403, "AccessDenied")}))
	_, _ = work(t.Context(), l.compactor, at)
	l.compactor.Says(t, 0, "AccessDenied")
	l.proxy.Set(nil)
	for range 3 {
		if _, err := work(t.Context(), l.compactor, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := compare(l.stored(t), l.accepted); err != nil {
		t.Error(err)
	}
	l.visit(t, l.compactor, "the good ones are not swept", func() bool { return len(l.keys(t, layout.RawPrefix(at))) <= len(planted) })
	left := l.keys(t, layout.RawPrefix(at))
	for _, key := range planted {
		if !strings.Contains(strings.Join(left, " "), key) {
			t.Errorf("%s is gone", key)
		}
		l.compactor.Says(t, 0, key)
		if err := l.bucket.Delete(t.Context(), bucket.Object{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	l.drain(t)
}

// deletesFail: S3 answers 200 and names keys that it did not delete. What passes by itself is tried again; anything else is told, and waits
// for another visit.
func deletesFail(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	for i := range 3 {
		l.deliver(t, l.events("0", fmt.Sprint("d", i), 5))
	}
	var met atomic.Int32
	codes := []string{"AccessDenied", "InternalError"}
	l.proxy.Set(func(c proxy.Call) proxy.Fault {
		if n := int(met.Load()); c.Op == "DeleteObjects" && n < len(codes) {
			met.Add(1)
			return proxy.RefuseKeys(codes[n])
		}
		return proxy.Fault{}
	})
	l.drain(t)
	if n := met.Load(); n != 2 {
		t.Errorf("the fault was met %d times", n)
	}
	l.compactor.Says(t, 0, "AccessDenied")
}
