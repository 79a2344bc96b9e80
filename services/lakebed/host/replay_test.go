package host

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

func replays(t *testing.T, l *Lake) *Stream {
	t.Helper()
	i, err := l.Ingester(claims.None{})
	if err != nil {
		t.Fatal(err)
	}
	return &Stream{lake: l, ingester: i}
}

// reject quarantines records that came with one sequence number.
func (l *Lake) reject(t *testing.T, reason event.Reason, seq string, data ...string) string {
	t.Helper()
	var all []quarantine.Reject
	for n, d := range data {
		all = append(all, quarantine.Reject{Reason: reason, Shard: "s", Sequence: seq, Position: n, Arrival: noon, Data: []byte(d)})
	}
	key, err := quarantine.Put(t.Context(), l.Bucket, layout.Span{Shard: "s", First: seq, Last: seq}, all)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// damage gives the object at key the bytes of the one at other: they read well, but are not what its name says.
func (l *Lake) damage(t *testing.T, key, other string) {
	t.Helper()
	body, _, err := l.Bucket.Get(t.Context(), other, bucket.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := l.Bucket.Put(t.Context(), key, body, bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
}

// An erased record is not delivered again; the others of its object are, and an object that holds nothing else is passed over.
func TestReplayPassesOverErased(t *testing.T) {
	l := memoryLake()
	s := replays(t, l)
	put := func(seq string, data ...string) string { return l.reject(t, event.NotJSON, seq, data...) }
	half, all := put("1", eventOf(1, noon), eventOf(2, noon)), put("2", eventOf(3, noon))
	for key, what := range map[string]string{half: eventOf(2, noon), all: eventOf(3, noon)} {
		if n, err := quarantine.Erase(t.Context(), l.Bucket, key, func(r quarantine.Reject) bool { return string(r.Data) == what }); n != 1 || err != nil {
			t.Fatalf("%s: %d, %v", key, n, err)
		}
	}
	for _, dry := range []bool{true, false} {
		got := map[string]ingest.Result{}
		err := s.Replay(t.Context(), Replay{DryRun: dry}, func(key string, r ingest.Result, _ error) { got[key] = r })
		if h, a := got[half], got[all]; err != nil || h.Received != 1 || h.Stored != 1 || a.Received != 0 {
			t.Errorf("dry %v: %v, %+v", dry, err, got)
		}
	}
}

// An object that was damaged is told each time and never delivered; those behind it are delivered.
func TestReplayPassesOverDamaged(t *testing.T) {
	l := memoryLake()
	s := replays(t, l)
	keys := []string{l.reject(t, event.NotJSON, "1", eventOf(1, noon)), l.reject(t, event.NotJSON, "2", eventOf(2, noon)), l.reject(t, event.NotJSON, "3", eventOf(3, noon))}
	slices.Sort(keys)
	l.damage(t, keys[0], keys[1])
	stored := map[bool]int64{true: 1, false: 0} // in the last round they were dealt with before
	for _, round := range []struct{ dry, first bool }{{true, true}, {false, true}, {false, false}} {
		var told, done []string
		err := s.Replay(t.Context(), Replay{DryRun: round.dry}, func(key string, r ingest.Result, unread error) {
			if unread != nil {
				if !strings.Contains(unread.Error(), key) {
					t.Errorf("%s is told as %s", key, unread)
				}
				told = append(told, key)
				return
			}
			if r.Received != 1 || r.Stored != stored[round.first] {
				t.Errorf("%+v: %s: %+v", round, key, r)
			}
			done = append(done, key)
		})
		want := keys[1:]
		if !round.first {
			want = nil
		}
		if err != nil || !slices.Equal(told, keys[:1]) || !slices.Equal(done, want) {
			t.Errorf("%+v: %v, told %q, done %q", round, err, told, done)
		}
	}
	// What was dealt with is nobody's concern any more.
	l.damage(t, keys[1], keys[2])
	if s, err := l.Status(t.Context()); err != nil || len(s.Unread) != 1 || s.Unread[0].Key != keys[0] {
		t.Errorf("status: %+v, %v", s.Unread, err)
	}
}

// interrupted is a bucket whose nth quarantine object is not read any more, as the command is broken off there.
type interrupted struct {
	bucket.Bucket
	n      int
	cancel func()
}

func (i *interrupted) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if strings.HasPrefix(key, layout.Quarantine) {
		if i.n--; i.n == 0 {
			i.cancel()
			return nil, bucket.Object{}, ctx.Err()
		}
	}
	return i.Bucket.Get(ctx, key, r)
}

// What is broken off tells nothing as damaged, neither where a replay looks what there is nor where it delivers.
func TestReplayInterrupted(t *testing.T) {
	for n := 1; n <= 2; n++ {
		l := memoryLake()
		l.reject(t, event.NotJSON, "1", eventOf(1, noon))
		ctx, cancel := context.WithCancel(t.Context())
		l.Bucket = &interrupted{l.Bucket, n, cancel}
		err := replays(t, l).Replay(ctx, Replay{DryRun: true}, func(key string, r ingest.Result, unread error) {
			t.Errorf("%d: %s: %+v, %v", n, key, r, unread)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d: %v", n, err)
		}
	}
	l := memoryLake()
	l.reject(t, event.NotJSON, "1", "]")
	ctx, cancel := context.WithCancel(t.Context())
	l.Bucket = &interrupted{l.Bucket, 1, cancel}
	if s, err := l.Status(ctx); len(s.Unread) != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("status: %+v, %v", s.Unread, err)
	}
}

// Status tells an object that cannot be read, and counts the others.
func TestStatusDamaged(t *testing.T) {
	l := memoryLake()
	bad, other := l.reject(t, event.IDConflict, "1", "{}"), l.reject(t, event.IDConflict, "2", "[]", "[]")
	l.damage(t, bad, other)
	s, err := l.Status(t.Context())
	if err != nil || s.Quarantined[string(event.IDConflict)] != 2 || len(s.Unread) != 1 || s.Unread[0].Key != bad || s.Unread[0].Err == nil {
		t.Errorf("%+v, %v", s, err)
	}
}
