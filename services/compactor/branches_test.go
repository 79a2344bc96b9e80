package compactor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// branches are the outcomes that a commit, a seal and a sweep can have. Each scene brings one about with the real code, and fails unless that
// very one can be seen from outside. That none is left out is measured by integration/proof: no line of the commit code but what passes
// an error on may stay unmet by these scenes and a few other tests.
var branches = []struct {
	name  string
	scene func(t *testing.T)
}{
	{"create: created", created},
	{"create: own echo after a lost reply", ownEcho},
	{"create: a twin's equal part", twinsPart},
	{"create: taken by another lane, takes the next slot", takenByAnotherLane},
	{"create: taken by another lane three times", takenAgainAndAgain},
	{"create: taken by the same lane, plans again", takenByTheSameLane},
	{"create: taken by a seal, plans again", takenByASeal},
	{"create: unknown and not there, tried again", triedAgain},
	{"create: unknown for ever, gives up", triesExhausted},
	{"create: unknown, and the look fails", lookFails},
	{"create: the context ends between two tries", endsBetweenTries},
	{"create: the generation is full", generationFull},
	{"merge: every fragment is broken, nothing is committed", nothingToCommit},
	{"index: missing or corrupt, made anew", indexAnew},
	{"index: corrupt behind its head, found while merging", indexCorruptBehind},
	{"seal: sealed", sealed},
	{"seal: own echo after a lost reply", sealsOwnEcho},
	{"seal: lost to a data part, which is copied", sealLostToData},
	{"seal: lost to a data part, which cannot be read", sealLostToUnreadable},
	{"seal: lost to a seal, gives up", sealLostToSeal},
	{"seal: the bound is over before it", boundOverBefore},
	{"seal: the bound ends under way", boundEndsUnderWay},
	{"seal: within the bound", sealedWithinBound},
	{"seal: not allowed, by the catalog", notAllowed},
	{"seal: the generation is full", fullBeforeSeal},
	{"successor: taken up by the next run", takenUp},
	{"successor: its slot holds something else", somethingElse},
	{"successor: marked, when no fragment has it visited", marked},
	{"successor: a part was swept meanwhile, plans again", sweptMeanwhile},
	{"successor: a part is damaged", damagedMeanwhile},
	{"sweep: a slot was emptied by another", emptiedByAnother},
	{"sweep: an object was changed by another", changedByAnother},
	{"sweep: a deletion fails", deletionFails},
	{"publish: the catalog has changed, plans again", staleCatalog},
}

func TestBranches(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range branches {
		if seen[b.name] {
			t.Errorf("%s is there twice", b.name)
		}
		seen[b.name] = true
		t.Run(b.name, b.scene)
	}
}

// creates records how slots below a prefix were asked for: each create's outcome, as its sender saw it.
type creates struct {
	bucket.Bucket
	below    string
	outcomes []error
	act      func(n int) error // before the nth, from 1; an error is what its sender gets
}

func (c *creates) Put(ctx context.Context, key string, body io.Reader, cond bucket.Condition) (o bucket.Object, err error) {
	if !cond.Absent || !strings.HasPrefix(key, c.below) {
		return c.Bucket.Put(ctx, key, body, cond)
	}
	if c.act != nil {
		err = c.act(len(c.outcomes) + 1)
	}
	if err == nil {
		o, err = c.Bucket.Put(ctx, key, body, cond)
	}
	c.outcomes = append(c.outcomes, err)
	return o, err
}

// watch has the creates of the hour's slots recorded.
func (l *lake) watch(act func(n int) error) *creates {
	c := &creates{Bucket: l.store, below: layout.EventsPrefix(hour), act: act}
	l.bucket = c
	return c
}

// want wants a row of creates to have ended so: nil, a sentinel, or any other error for errAny.
func (c *creates) want(t *testing.T, want ...error) {
	t.Helper()
	ok := len(want) == len(c.outcomes)
	for i := range min(len(want), len(c.outcomes)) {
		got := c.outcomes[i]
		ok = ok && (got == nil) == (want[i] == nil) && (want[i] == nil || errors.Is(got, want[i]))
	}
	if !ok {
		t.Errorf("the creates ended with %v, want %v", c.outcomes, want)
	}
}

var errStore = errors.New("the store failed")

// once is an act that runs before the first create.
func once(act func()) func(int) error {
	return func(n int) error {
		if n == 1 {
			act()
		}
		return nil
	}
}

// fails is an act by which the creates up to the nth fail, with no effect.
func fails(n int) func(int) error {
	return func(k int) error {
		if k <= n {
			return errStore
		}
		return nil
	}
}

// lostReply has the first put of a key take effect and its reply get lost, and counts the puts.
func (l *lake) lostReply(key string) (puts *int) {
	puts = new(int)
	l.bucket = faulty.NewBucket(l.store, faulty.New(func(op faulty.Op, k string) (faulty.When, error) {
		if op != faulty.Put || k != key {
			return faulty.Never, nil
		}
		if *puts++; *puts > 1 {
			return faulty.Never, nil
		}
		return faulty.After, errStore
	}))
	return puts
}

// work is one visit of the hour.
func (l *lake) work() Result {
	return l.compactor().Work(l.t.Context(), Task{Partition: hour}, time.Time{})
}

// clean wants a visit without a failure, and all there.
func (l *lake) clean(r Result, lost int) {
	l.t.Helper()
	if len(r.SetAside) > 0 || r.Lost != lost {
		l.t.Errorf("%d lost, want %d; set aside %v", r.Lost, lost, r.SetAside)
	}
	l.settle()
	l.check()
}

func created(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	c := l.watch(nil)
	r := l.work()
	c.want(t, nil)
	if r.Minors != 1 || r.Events != 3 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 0)
}

func ownEcho(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	puts := l.lostReply(slotKey(layout.FirstGeneration, 1))
	r := l.work()
	if *puts != 1 || r.Minors != 1 {
		t.Errorf("%d creates, got %+v", *puts, r)
	}
	l.clean(r, 0)
}

func twinsPart(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	twin := l.compactor()
	c := l.watch(once(func() {
		if r := twin.Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Minors != 1 {
			t.Errorf("the twin got %+v", r)
		}
	}))
	r := l.work()
	c.want(t, bucket.ErrExists)
	if r.Minors != 1 || r.Events != 3 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 0)
}

func takenByAnotherLane(t *testing.T) {
	l := newLake(t)
	l.put(hour, "1", false, lineOf(hour, "a", ""))
	other := l.compactor()
	c := l.watch(once(func() {
		l.put(hour, "0", false, lineOf(hour, "b", ""))
		other.Work(t.Context(), Task{Partition: hour}, time.Now().Add(-1))
	}))
	r := l.work()
	c.want(t, bucket.ErrExists, nil)
	if r.Minors != 1 || r.Events != 1 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 0)
}

// 61: the create is lost n times.
func takenAgainAndAgain(t *testing.T) {
	l := newLake(t)
	l.put(hour, "11", false, lineOf(hour, "a", ""))
	other := l.compactor()
	others := []layout.Lane{"00", "01", "10"}
	c := l.watch(func(n int) error {
		if n <= len(others) {
			l.put(hour, others[n-1], false, lineOf(hour, fmt.Sprint("b", n), ""))
			other.Work(t.Context(), Task{Partition: hour}, time.Now().Add(-1))
		}
		return nil
	})
	r := l.work()
	c.want(t, bucket.ErrExists, bucket.ErrExists, bucket.ErrExists, nil)
	if r.Minors != 1 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 0)
}

func takenByTheSameLane(t *testing.T) {
	l := newLake(t)
	l.events(hour, 1)
	other := l.compactor()
	c := l.watch(once(func() {
		l.events(hour, 1)
		other.Work(t.Context(), Task{Partition: hour}, time.Time{})
	}))
	r := l.work()
	c.want(t, bucket.ErrExists)
	if r.Minors != 0 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 1)
}

func takenByASeal(t *testing.T) {
	l := newLake(t)
	l.config.Policy.MajorParts, l.config.Policy.MajorShare = 2, 2 // once, for three parts
	l.parts(3)
	l.bucket = &hiding{l.store, func(key string) bool { return strings.HasPrefix(key, layout.Raw) }}
	other := l.compactor() // knows of no fragment that waits
	l.put(hour, "", false, lineOf(hour, "late", ""), l.want[hour]["e0-1"])
	c := l.watch(once(func() {
		if r := other.Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Majors != 1 {
			t.Errorf("the other got %+v", r)
		}
	}))
	r := l.work()
	c.want(t, bucket.ErrExists, nil) // then a slot of the successor
	if _, g, err := layout.ParseLocation(l.location(hour)); err != nil || g.Number() != 2 || r.Minors != 1 {
		t.Errorf("Location is %s, got %+v", l.location(hour), r)
	}
	l.clean(r, 1)
}

func triedAgain(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	c := l.watch(fails(1))
	r := l.work()
	c.want(t, errStore, nil)
	if r.Minors != 1 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 0)
}

func triesExhausted(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	c := l.watch(fails(tries))
	r := l.work()
	c.want(t, slices.Repeat([]error{errStore}, tries)...)
	if len(r.SetAside) != 1 || !errors.Is(r.SetAside[0].Err, errStore) || r.Minors != 0 {
		t.Errorf("got %+v", r)
	}
	l.settle()
	l.check()
}

func lookFails(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	key, errLook := slotKey(layout.FirstGeneration, 1), errors.New("the look failed")
	l.bucket = faulty.NewBucket(l.store, faulty.New(func(op faulty.Op, k string) (faulty.When, error) {
		switch {
		case k == key && op == faulty.Put:
			return faulty.After, errStore
		case k == key && op == faulty.Get:
			return faulty.Before, errLook
		}
		return faulty.Never, nil
	}))
	r := l.work()
	if len(r.SetAside) != 1 || !errors.Is(r.SetAside[0].Err, errStore) || !errors.Is(r.SetAside[0].Err, errLook) {
		t.Errorf("got %+v", r)
	}
	l.bucket = l.store
	if r := l.settle(); r.Events != 0 { // it had landed
		t.Errorf("merged again: %+v", r)
	}
	l.check()
}

// last is a store in which the look after a create that failed is the last that there is time for.
type last struct {
	*creates
	stop context.CancelFunc
}

func (b last) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	body, o, err := b.creates.Get(ctx, key, r)
	if len(b.outcomes) > 0 {
		b.stop()
	}
	return body, o, err
}

func endsBetweenTries(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	ctx, stop := context.WithCancel(t.Context())
	c := l.watch(fails(1))
	l.bucket = last{c, stop}
	r := l.compactor().Work(ctx, Task{Partition: hour}, time.Time{})
	c.want(t, errStore)
	if len(r.SetAside) != 1 || !errors.Is(r.SetAside[0].Err, context.Canceled) || errors.Is(r.SetAside[0].Err, errStore) {
		t.Errorf("got %+v", r)
	}
	l.bucket = l.store
	l.settle()
	l.check()
}

// filled is a look that saw every slot of the current generation taken.
func filled(l *lake, v *visit) *state {
	s := l.look(v)
	cur := s.current()
	cur.slots = append(cur.slots, make([]slot, layout.MaxSlots-len(cur.slots))...)
	return s
}

func generationFull(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	l.round()
	l.events(hour, 3)
	c := l.watch(nil)
	v := l.visit()
	if err := v.minor(t.Context(), filled(l, v), ""); err == nil || !strings.Contains(err.Error(), "is full") {
		t.Errorf("got %v", err)
	}
	c.want(t)
}

func nothingToCommit(t *testing.T) {
	l := newLake(t)
	f := l.events(hour, 3)
	l.want = nil
	l.set(f.Key(), []byte("something else\n"))
	c := l.watch(nil)
	r := l.work()
	c.want(t)
	if len(r.Broken) != 1 || r.Minors != 0 || len(r.SetAside) > 0 {
		t.Errorf("got %+v", r)
	}
}

func indexAnew(t *testing.T) {
	for _, spoil := range []func(l *lake, key string){
		(*lake).remove,
		func(l *lake, key string) { l.set(key, []byte("junk")) },
	} {
		l := newLake(t)
		l.events(hour, 3)
		l.round()
		key := l.keys(layout.Indexes)[0]
		was := l.get(key)
		spoil(l, key)
		r := l.work()
		if now := l.get(key); r.Reindexed != 1 || len(now) == 0 || len(now) == len("junk") || len(was) == 0 {
			t.Errorf("got %+v, an index of %d bytes", r, len(now))
		}
		l.clean(r, 0)
	}
}

func indexCorruptBehind(t *testing.T) {
	l := newLake(t)
	l.events(hour, 30)
	l.round()
	key := l.keys(layout.Indexes)[0]
	text := l.get(key)
	text[len(text)-20] ^= 1 // a fingerprint: the head is whole
	l.set(key, text)
	l.put(hour, "", false, l.want[hour]["e0-3"], lineOf(hour, "new", ""))
	r := l.work()
	if r.Reindexed != 1 || r.Duplicates != 31 || r.Events != 1 { // an index that was made anew knows no fragments: the first is merged again
		t.Errorf("got %+v", r)
	}
	l.clean(r, 1)
}

func sealed(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	c := l.watch(nil)
	r := l.work()
	c.want(t, nil, nil) // the successor's part, the seal
	if h, _, err := part.ReadHeader(t.Context(), l.store, slotKey(layout.FirstGeneration, 4)); err != nil || h.Kind != part.Seal || r.Majors != 1 {
		t.Errorf("slot 4 is %+v, %v; got %+v", h, err, r)
	}
	l.clean(r, 0)
}

func sealsOwnEcho(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	puts := l.lostReply(slotKey(layout.FirstGeneration, 4))
	r := l.work()
	if *puts != 1 || r.Majors != 1 {
		t.Errorf("%d creates, got %+v", *puts, r)
	}
	l.clean(r, 0)
}

// racing is a lake in which another merges a late event just before the hour is sealed.
func racing(t *testing.T) (*lake, *creates) {
	l := newLake(t)
	l.config.Policy.MajorParts, l.config.Policy.MajorShare = 2, 2 // once, for three parts
	l.parts(3)
	other := l.compactor()
	return l, l.watch(func(n int) error {
		if n == 2 { // the seal
			l.put(hour, "", false, lineOf(hour, "raced", ""))
			other.Work(t.Context(), Task{Partition: hour}, time.Now().Add(-1))
		}
		return nil
	})
}

func sealLostToData(t *testing.T) {
	l, c := racing(t)
	r := l.work()
	c.want(t, nil, bucket.ErrExists, nil, nil) // the part, the seal, the raced part once more, the seal behind it
	if r.Majors != 1 || r.Minors != 0 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 0)
}

func sealLostToUnreadable(t *testing.T) {
	l, c := racing(t)
	raced, reads := slotKey(layout.FirstGeneration, 4), 0
	l.bucket = faulty.NewBucket(c, faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		if op == faulty.Get && key == raced {
			if reads++; reads == 2 { // once to see what took the slot, once to copy it
				return faulty.Before, errStore
			}
		}
		return faulty.Never, nil
	}))
	r := l.work()
	c.want(t, nil, bucket.ErrExists)
	if len(r.SetAside) != 1 || !errors.Is(r.SetAside[0].Err, errStore) || r.Majors != 0 {
		t.Errorf("got %+v", r)
	}
	l.bucket = l.store
	l.settle()
	l.check()
}

func sealLostToSeal(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	other := l.compactor()
	other.config.Policy.Target = 1500 // its successor has another name
	c := l.watch(func(n int) error {
		if n == 2 {
			other.Work(t.Context(), Task{Partition: hour}, time.Time{})
		}
		return nil
	})
	r := l.work()
	if len(c.outcomes) < 2 || !errors.Is(c.outcomes[1], bucket.ErrExists) {
		t.Errorf("the creates ended with %v", c.outcomes)
	}
	l.clean(r, 1)
}

func boundOverBefore(t *testing.T) {
	l := bounded(t, time.Minute)
	c := l.watch(nil)
	v := l.visit()
	s := l.look(v)
	body, err := part.Empty(part.Header{Kind: part.Seal, Next: "gen-0002-00000000"})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.mayStillSeal(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	l.clock.pass(time.Minute)
	at := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 4}
	if _, err := v.createSeal(t.Context(), s, at, part.Header{Kind: part.Seal}, body); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	c.want(t)
}

// stuck is a store that answers no create of a slot until its sender gives up.
type stuck struct {
	bucket.Bucket
	key string
}

func (b stuck) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	if key == b.key {
		<-ctx.Done()
		return bucket.Object{}, ctx.Err()
	}
	return b.Bucket.Put(ctx, key, body, c)
}

func boundEndsUnderWay(t *testing.T) {
	const bound = 50 * time.Millisecond
	l := bounded(t, bound)
	at := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 4}
	l.bucket = stuck{l.store, at.Key()}
	v := l.visit()
	s := l.look(v)
	if err := v.mayStillSeal(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	_, err := v.createSeal(t.Context(), s, at, part.Header{Kind: part.Seal}, nil)
	if !errors.Is(err, errLost) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, _, err := l.store.Get(t.Context(), at.Key(), bucket.Range{}); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("it was sealed: %v", err)
	}
}

func sealedWithinBound(t *testing.T) {
	l := bounded(t, time.Minute)
	r := l.work()
	if r.Majors != 1 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 0)
}

// notAllowed: each thing that the last look at the catalog may find.
func notAllowed(t *testing.T) {
	for name, spoil := range map[string]func(*catalog.Partition, *catalog.Table){
		"Location":  func(p *catalog.Partition, _ *catalog.Table) { p.Location = layout.Location(hour, "gen-0002-00000000") },
		"Followed":  func(_ *catalog.Partition, t *catalog.Table) { t.Followed = false },
		"columns":   func(p *catalog.Partition, _ *catalog.Table) { p.Columns = p.Columns[:1] },
		"WrittenAt": func(p *catalog.Partition, _ *catalog.Table) { p.WrittenAt = p.WrittenAt.Add(48 * time.Hour) },
	} {
		l := bounded(t, time.Minute)
		ctx := t.Context()
		v := l.visit()
		s := l.look(v)
		if err := v.mayStillSeal(ctx, s); err != nil {
			t.Fatal(err)
		}
		p, table := s.entry, s.table
		spoil(&p, &table)
		if _, err := l.cat.SetTable(ctx, table); err != nil {
			t.Fatal(err)
		}
		if err := l.cat.SetPartitions(ctx, []catalog.Partition{p}); err != nil {
			t.Fatal(err)
		}
		c := l.watch(nil)
		again := l.visit()
		if err := again.seal(ctx, s, &row{visit: again, generation: "gen-0002-00000000"}); !errors.Is(err, errLost) {
			t.Errorf("%s: %v", name, err)
		}
		c.want(t)
	}
	l := bounded(t, time.Minute)
	v := l.visit()
	s := l.look(v)
	l.cat = catalog.NewMemoryLastWriter() // the partition is not registered any more
	if err := l.visit().mayStillSeal(t.Context(), s); !errors.Is(err, errLost) {
		t.Errorf("not registered: %v", err)
	}
}

func fullBeforeSeal(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	c := l.watch(nil)
	v := l.visit()
	err := v.seal(t.Context(), filled(l, v), &row{visit: v, generation: "gen-0002-00000000"})
	if err == nil || !strings.Contains(err.Error(), "is full") {
		t.Errorf("got %v", err)
	}
	c.want(t)
}

func takenUp(t *testing.T) {
	l := newLake(t)
	l.config.Policy.Target, l.config.Policy.MajorParts, l.config.Policy.MajorShare = 2000, 3, 2
	l.parts(6)
	r := l.compactor().Work(t.Context(), Task{Partition: hour}, time.Now().Add(-1)) // its time is over behind the first part
	if !r.More || r.Majors != 0 || r.BytesMoved == 0 {
		t.Fatalf("got %+v", r)
	}
	l.put(hour, "", false, lineOf(hour, "late", "")) // a part of its own, behind those of the plan
	begun := l.keys(layout.EventsPrefix(hour) + "gen-0002")
	c := l.watch(nil)
	r = l.work()
	if r.Majors != 1 || len(begun) != 1 || !strings.HasPrefix(begun[0], l.location(hour)) {
		t.Errorf("got %+v, begun was %v, Location is %s", r, begun, l.location(hour))
	}
	for _, err := range c.outcomes {
		if err != nil {
			t.Errorf("what was there was written again: %v", c.outcomes)
		}
	}
	l.clean(r, 0)
}

func somethingElse(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	v := l.visit()
	_, next := v.successor(l.look(v))
	text, err := part.Empty(part.Header{Kind: part.Data, Inputs: "other"})
	if err != nil {
		t.Fatal(err)
	}
	l.set(slotKey(next, 1), text)
	r := l.work()
	if len(r.SetAside) != 1 || !strings.Contains(r.SetAside[0].Err.Error(), slotKey(next, 1)) || r.Majors != 0 {
		t.Errorf("got %+v", r)
	}
	l.check()
	l.remove(slotKey(next, 1))
	l.settle()
	l.check()
}

func marked(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	for _, key := range l.keys(layout.Raw) {
		l.remove(key)
	}
	r := l.work()
	if n := len(l.keys(layout.Visits)); r.Majors != 1 || n != 1 {
		t.Errorf("%d marks, got %+v", n, r)
	}
	l.clock.pass(l.config.Policy.Grace + time.Hour)
	if r := l.settle(); r.Swept != 3 { // found by the mark alone
		t.Errorf("got %+v", r)
	}
	l.check()
	if n := len(l.keys(layout.Visits)); n != 0 {
		t.Errorf("%d marks are left", n)
	}
}

func sweptMeanwhile(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	v := l.visit()
	s := l.look(v)
	cur := s.current().data()
	r := &row{visit: v, generation: "gen-0002-00000000"}
	for _, d := range cur { // by another, after a day in which this run slept
		h := d.Header
		h.Kind = part.Swept
		text, err := part.Empty(h)
		if err != nil {
			t.Fatal(err)
		}
		l.set(d.object.Key, text)
	}
	if _, err := r.add(t.Context(), cur); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	if left := l.keys(layout.Location(hour, r.generation)); len(left) > 0 {
		t.Errorf("it wrote %v", left)
	}
}

func damagedMeanwhile(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"cut":     func(text []byte) []byte { return text[:len(text)-9] },
		"no line": func(text []byte) []byte { return must(part.Empty(must(part.ParseHeader(text)))) },
	} {
		l := newLake(t)
		l.parts(3)
		key := slotKey(layout.FirstGeneration, 2)
		l.set(key, spoil(l.get(key)))
		r := l.work()
		if len(r.SetAside) != 1 || errors.Is(r.SetAside[0].Err, errLost) || !strings.Contains(r.SetAside[0].Err.Error(), key) || r.Majors != 0 {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// sweepable is a lake in which a generation and its fragments are to be swept.
func sweepable(t *testing.T) *lake {
	l := newLake(t)
	l.parts(3)
	l.settle()
	l.clock.pass(l.config.Policy.Grace + time.Hour)
	return l
}

// amid is a bucket in which somebody else acts just before the first call that sweeps.
type amid struct {
	bucket.Bucket
	slots bool // before a slot is emptied, else before a deletion
	act   func()
}

func (b *amid) do() {
	if act := b.act; act != nil {
		b.act = nil
		act()
	}
}

func (b *amid) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	if c.Match != "" && b.slots {
		b.do()
	}
	return b.Bucket.Put(ctx, key, body, c)
}

func (b *amid) Delete(ctx context.Context, objects ...bucket.Object) error {
	if !b.slots {
		b.do()
	}
	return b.Bucket.Delete(ctx, objects...)
}

func emptiedByAnother(t *testing.T) {
	l := sweepable(t)
	other := l.compactor()
	var theirs Result
	l.bucket = &amid{l.store, true, func() { theirs = other.Work(t.Context(), Task{Partition: hour}, time.Time{}) }}
	r := l.work()
	if theirs.Swept != 3 || r.Swept != 0 {
		t.Errorf("the other swept %d slots, this one %d", theirs.Swept, r.Swept)
	}
	l.clean(r, 1)
}

func changedByAnother(t *testing.T) {
	l := sweepable(t)
	l.bucket = &amid{l.store, false, func() {
		for _, key := range l.keys(layout.Indexes) {
			l.set(key, l.get(key)) // another's write of the same
		}
	}}
	r := l.work()
	l.clean(r, 1)
	if n := len(l.keys(layout.Indexes)); n != 1 {
		t.Errorf("%d indexes are left", n)
	}
}

func deletionFails(t *testing.T) {
	l := sweepable(t)
	l.bucket = faulty.NewBucket(l.store, faulty.New(func(op faulty.Op, _ string) (faulty.When, error) {
		if op == faulty.Delete {
			return faulty.Before, errStore
		}
		return faulty.Never, nil
	}))
	r := l.work()
	if len(r.SetAside) != 1 || !errors.Is(r.SetAside[0].Err, errStore) || r.Deleted != 0 {
		t.Errorf("got %+v", r)
	}
	l.bucket = l.store
	l.settle()
	l.check()
}

func staleCatalog(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	whole := l.cat
	changed := false
	l.cat = &before{whole, func() { // between the look and the publishing, another writes the partition
		p, err := whole.Partitions(t.Context(), hour)
		if err != nil || len(p) != 1 {
			t.Fatal(p, err)
		}
		p[0].Columns = []schema.Field{}
		if err := whole.SetPartitions(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		changed = true
	}}
	r := l.work()
	if !changed || r.Majors != 1 {
		t.Errorf("got %+v", r)
	}
	l.clean(r, 1)
}
