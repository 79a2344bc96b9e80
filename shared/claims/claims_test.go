package claims_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/claimstest"
)

func TestMemory(t *testing.T) {
	claimstest.Run(t, claimstest.Options{}, func(*testing.T) claims.Claims { return claims.NewMemory(claims.Options{}) })
}

func TestNone(t *testing.T) {
	var c claims.None
	b := batch(1, 1, 2)
	settle(t, c, b)
	if got, err := c.Claim(t.Context(), b); err != nil || len(got) != 2 || got[0] != claims.Fresh || got[1] != claims.Fresh {
		t.Errorf("verdicts %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Claim(ctx, b)
	if settled := c.Settle(ctx, b); !errors.Is(err, context.Canceled) || !errors.Is(settled, context.Canceled) {
		t.Errorf("cancelled: %v, %v", err, settled)
	}
}

func TestFaultyUnderNone(t *testing.T) {
	claimstest.Run(t, claimstest.Options{}, func(*testing.T) claims.Claims {
		return claimstest.NewFaulty(claims.NewMemory(claims.Options{}), faulty.New(nil))
	})
}

func TestBolt(t *testing.T) {
	claimstest.Run(t, claimstest.Options{}, func(t *testing.T) claims.Claims {
		return openBolt(t, filepath.Join(t.TempDir(), "claims.db"), claims.Options{})
	})
}

func openBolt(t *testing.T, path string, o claims.Options) *claims.Bolt {
	t.Helper()
	b, err := claims.OpenBolt(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func batch(first int, ids ...int) claims.Batch {
	b := claims.Batch{Shard: "s", First: strconv.Itoa(first), Last: strconv.Itoa(first + len(ids))}
	for i, id := range ids {
		c := claims.Claim{Sequence: strconv.Itoa(first + i)}
		c.ID[0], c.ID[1], c.Body = byte(id>>8), byte(id), uint64(id)
		b.Claims = append(b.Claims, c)
	}
	return b
}

func settle(t *testing.T, c claims.Claims, b claims.Batch) {
	t.Helper()
	if err := c.Settle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func verdict(t *testing.T, c claims.Claims, id int) claims.Verdict {
	t.Helper()
	verdicts, err := c.Claim(t.Context(), batch(1_000_000, id))
	if err != nil {
		t.Fatal(err)
	}
	return verdicts[0]
}

// TestBoltRestart: what was settled is remembered by the next process, for as long as it would have been by this one.
func TestBoltRestart(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	o := claims.Options{Keep: time.Minute, Now: func() time.Time { return now }}
	path := filepath.Join(t.TempDir(), "claims.db")
	b := openBolt(t, path, o)
	settle(t, b, batch(1, 1, 2, 3))
	now = now.Add(40 * time.Second)
	settle(t, b, batch(11, 4))
	_ = b.Close()
	b = openBolt(t, path, o)
	own, err := b.Claim(t.Context(), batch(1, 1, 2, 3))
	if err != nil || own[0] != claims.Own || own[2] != claims.Own {
		t.Errorf("own: %v, %v", own, err)
	}
	if got := verdict(t, b, 2); got != claims.Duplicate {
		t.Errorf("verdict %v", got)
	}
	for range 2 { // forgotten in the file too, and forgotten for good
		now = now.Add(20 * time.Second)
		settle(t, b, batch(21, 5))
		_ = b.Close()
		b = openBolt(t, path, o)
		if got := verdict(t, b, 2); got != claims.Fresh {
			t.Errorf("verdict %v", got)
		}
	}
	if verdict(t, b, 4) != claims.Duplicate || verdict(t, b, 5) != claims.Duplicate {
		t.Error("later batches are forgotten")
	}
	now = now.Add(time.Hour)
	_ = b.Close()
	b = openBolt(t, path, o)
	settle(t, b, batch(31, 6)) // after a file of which all is over: it goes, and numbers go on
	_ = b.Close()
	now = now.Add(-time.Hour)
	b = openBolt(t, path, o)
	if verdict(t, b, 5) != claims.Fresh {
		t.Error("what was over is still in the file")
	}
	now = now.Add(time.Hour)
	settle(t, b, batch(41, 7))
	_ = b.Close()
	b = openBolt(t, path, o)
	if verdict(t, b, 6) != claims.Duplicate || verdict(t, b, 7) != claims.Duplicate || verdict(t, b, 5) != claims.Fresh {
		t.Error("not what was settled")
	}
}

// TestBoltFileStaysSmall: a file of a window that moves does not grow.
func TestBoltFileStaysSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "claims.db")
	b := openBolt(t, path, claims.Options{Limit: 2000})
	var ids [200]int
	for n := range 150 {
		for i := range ids {
			ids[i] = n*200 + i
		}
		settle(t, b, batch(n*1000, ids[:]...))
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes for 2000 ids", info.Size())
	if info.Size() > 512<<10 {
		t.Errorf("file has %d bytes", info.Size())
	}
}

func TestBoltInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "claims.db")
	b := openBolt(t, path, claims.Options{})
	if _, err := claims.OpenBolt(path, claims.Options{}); !errors.Is(err, claims.ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("open: %v, want ErrInUse", err)
	}
	_ = b.Close()
	openBolt(t, path, claims.Options{})
}

// TestBoltDamaged: whatever has become of the file, opening it gives claims or an error that helps, and never a wrong verdict.
func TestBoltDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "claims.db")
	b := openBolt(t, path, claims.Options{})
	for n := range 30 {
		settle(t, b, batch(n*100, n, n+100, n+200))
	}
	_ = b.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damages := map[string][]byte{"text": []byte(strings.Repeat("no database ", 1000)), "zeros": make([]byte, 1<<16), "short": whole[:100]}
	for size := 4096; size < len(whole); size += 4096 {
		damages["cut at "+strconv.Itoa(size)] = whole[:size]
	}
	for at := 8192; at < len(whole); at += 1777 {
		damages["flipped at "+strconv.Itoa(at)] = append(append(bytes.Clone(whole[:at]), whole[at]^0xff), whole[at+1:]...)
	}
	refused := 0
	for name, data := range damages {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := claims.OpenBolt(path, claims.Options{})
		if err != nil {
			refused++
			if !errors.Is(err, claims.ErrCorrupt) || !strings.Contains(err.Error(), "may be deleted") || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v", name, err)
			}
			if err := os.Remove(path); err != nil { // a lock may be left on this one
				t.Fatal(err)
			}
			continue
		}
		if got := verdict(t, b, 999); got != claims.Fresh {
			t.Errorf("%s: an unknown id is %v", name, got)
		}
		_ = b.Close()
	}
	t.Logf("%d of %d damages refused", refused, len(damages))
	if refused < 3 {
		t.Errorf("only %d damages were noticed", refused)
	}
}

func TestBoltSequence(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	o := claims.Options{Now: func() time.Time { return now }}
	path := filepath.Join(t.TempDir(), "claims.db")
	b := openBolt(t, path, o)
	var next uint64
	take := func(n int) {
		t.Helper()
		first, err := b.Sequence(t.Context(), n)
		if err != nil || first < next {
			t.Fatalf("sequence gave %d, %v after %d", first, err, next)
		}
		next = first + uint64(n)
	}
	for i := range 200 {
		take(1 + i%7*1000)
		if i%50 == 0 {
			before := next
			_ = b.Close()
			b = openBolt(t, path, o)
			take(1)
			if next != before+1 {
				t.Errorf("a restart went from %d to %d", before, next)
			}
		}
	}
	crashed, err := os.ReadFile(path) // as the file stands when the process dies
	if err != nil {
		t.Fatal(err)
	}
	take(5)
	_ = b.Close()
	if err := os.WriteFile(path, crashed, 0o600); err != nil {
		t.Fatal(err)
	}
	b = openBolt(t, path, o)
	take(1)
	_ = b.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	b = openBolt(t, path, o)
	take(1)
	for _, n := range []int{0, -1} {
		if _, err := b.Sequence(t.Context(), n); err == nil {
			t.Errorf("%d numbers were given", n)
		}
	}
}

func TestFaulty(t *testing.T) {
	f := faulty.New(nil)
	c := claimstest.NewFaulty(claims.NewMemory(claims.Options{}), f)
	for when, want := range map[faulty.When]claims.Verdict{faulty.Before: claims.Fresh, faulty.After: claims.Duplicate, faulty.Late: claims.Fresh} {
		id := int(when)
		f.Set(func(op faulty.Op, shard string) (faulty.When, error) {
			if op != faulty.Settle || shard != "s" {
				return faulty.Never, nil
			}
			return when, nil
		})
		if err := c.Settle(t.Context(), batch(1, id)); !errors.Is(err, faulty.ErrInjected) {
			t.Errorf("settle: %v", err)
		}
		if got := verdict(t, c, id); got != want {
			t.Errorf("fault %v: verdict %v, want %v", when, got, want)
		}
	}
	if f.Land() != 1 || verdict(t, c, int(faulty.Late)) != claims.Duplicate {
		t.Error("the late settle did not land")
	}
}
