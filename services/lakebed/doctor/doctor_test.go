package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/layout"
)

// lake has an event that is compacted, and one that waits.
func lake(t *testing.T) *host.Lake {
	t.Helper()
	l := &host.Lake{Bucket: bucket.NewMemory(time.Now), Catalog: catalog.NewMemory(), Settings: config.Default(), Now: time.Now}
	ingester, err := l.Ingester(claims.None{})
	if err != nil {
		t.Fatal(err)
	}
	for n, id := range []string{"a", "b"} {
		r := ingest.Record{Sequence: string(rune('1' + n)), Arrival: time.Now(), Data: []byte(`{"event_uuid":"` + id + `","created_at":"2026-11-23T08:00:00Z"}`)}
		if _, err := ingester.Ingest(t.Context(), ingest.Delivery{Shard: "s", Records: []ingest.Record{r}}); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if _, err := l.Compact(t.Context(), host.Rounds{}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return l
}

func TestLake(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*host.Lake)
		want   []string
	}{
		"healthy":                  {func(*host.Lake) {}, nil},
		"a fragment waits":         {func(l *host.Lake) { l.Now = func() time.Time { return time.Now().Add(3 * time.Hour) } }, []string{"compaction_behind"}},
		"another catalog":          {func(l *host.Lake) { l.Catalog = catalog.NewMemory() }, []string{"location_behind"}},
		"a catalog that is broken": {func(l *host.Lake) { l.Catalog = brokenCatalog{l.Catalog} }, []string{"table_wrong"}},
		"an hour is halted": {func(l *host.Lake) {
			_, _ = l.Bucket.Put(context.Background(), layout.EventsPrefix(1)+"export.csv", strings.NewReader("a"), bucket.Condition{})
		}, []string{"hour_halted"}},
		"no conditions":          {func(l *host.Lake) { l.Bucket = heedless{l.Bucket} }, []string{"conditional_writes", "conditional_writes", "conditional_writes"}},
		"other bytes":            {func(l *host.Lake) { l.Bucket = garbling{l.Bucket} }, []string{"conditional_writes"}},
		"nothing may be deleted": {func(l *host.Lake) { l.Bucket = keeping{l.Bucket} }, []string{"unread"}},
		"nothing may be written": {func(l *host.Lake) { l.Bucket = sealed{l.Bucket} }, []string{"unread"}},
	} {
		l := lake(t)
		c.change(l)
		var got []string
		for _, f := range examine(t, l, Options{Trial: true}) {
			got = append(got, f.Code.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", name, got, c.want)
		}
	}
}

func examine(t *testing.T, l *host.Lake, o Options) []Finding {
	t.Helper()
	found, err := Examine(t.Context(), l, o, func(int, string) {})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestNothingIsLeft: an examination changes nothing, and one that only looks writes nothing either.
func TestNothingIsLeft(t *testing.T) {
	for _, trial := range []bool{true, false} {
		l := lake(t)
		before := keys(t, l.Bucket)
		c := &counting{Bucket: l.Bucket}
		l.Bucket = c
		examine(t, l, Options{Trial: trial})
		if after := keys(t, l.Bucket); !slices.Equal(before, after) || c.puts > 0 != trial {
			t.Errorf("%d writes; %v were there, %v are", c.puts, before, after)
		}
	}
}

// TestOldProbes: one that a killed run left is deleted, and nobody's file beside it.
func TestOldProbes(t *testing.T) {
	l := lake(t)
	foreign, left := layout.Probes+"export.csv", layout.Probes+"c3fc6ac7-719e-4a47-ac90-f305cc071d41"
	for _, key := range []string{foreign, left} {
		if _, err := l.Bucket.Put(t.Context(), key, strings.NewReader("a"), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		later time.Duration
		stays bool
	}{{0, true}, {2 * time.Hour, false}} {
		l.Now = func() time.Time { return time.Now().Add(step.later) }
		examine(t, l, Options{Trial: true})
		if got := keys(t, l.Bucket); !slices.Contains(got, foreign) || slices.Contains(got, left) != step.stays {
			t.Errorf("after %s, %v are left", step.later, got)
		}
	}
}

func TestWorstFirst(t *testing.T) {
	l := lake(t)
	l.Now = func() time.Time { return time.Now().Add(3 * time.Hour) }
	l.Bucket, l.Catalog = keeping{l.Bucket}, catalog.NewMemory()
	var got []string
	for _, f := range examine(t, l, Options{Trial: true}) {
		got = append(got, f.Code.Severity.String())
	}
	if !slices.Equal(got, []string{"broken", "risk", "unknown"}) {
		t.Errorf("in the order %v", got)
	}
}

func keys(t *testing.T, b bucket.Bucket) []string {
	t.Helper()
	var found []string
	for o, err := range b.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, o.Key)
	}
	return found
}

type heedless struct{ bucket.Bucket }

func (b heedless) Put(ctx context.Context, key string, body io.Reader, _ bucket.Condition) (bucket.Object, error) {
	return b.Bucket.Put(ctx, key, body, bucket.Condition{})
}

type garbling struct{ bucket.Bucket }

func (b garbling) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	in, o, err := b.Bucket.Get(ctx, key, r)
	if err == nil && strings.HasPrefix(key, layout.Probes) {
		in = io.NopCloser(io.LimitReader(in, 1))
	}
	return in, o, err
}

type keeping struct{ bucket.Bucket }

func (keeping) Delete(context.Context, ...bucket.Object) error { return errors.New("not allowed") }

type sealed struct{ bucket.Bucket }

func (sealed) Put(context.Context, string, io.Reader, bucket.Condition) (bucket.Object, error) {
	return bucket.Object{}, errors.New("not allowed")
}

type counting struct {
	bucket.Bucket
	puts int
}

func (b *counting) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	b.puts++
	return b.Bucket.Put(ctx, key, body, c)
}

type brokenCatalog struct{ catalog.Catalog }

func (brokenCatalog) Table(context.Context) (catalog.Table, error) {
	return catalog.Table{}, fmt.Errorf("it lies elsewhere: %w", catalog.ErrForeign)
}
