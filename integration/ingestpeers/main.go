// Command ingestpeers runs the whole ingest handler over events as Lambda delivers them, and says how many it takes in a second of CPU, in the words of
// the ingest peers that it is compared with. What the peers return, it puts into a bucket that drops it.
//
//	ingestpeers EVENTS_DIR ROUNDS window|batch [OUT [CPU_PROFILE]]
//
// With window an event is compared with those of the last minutes, as it is on AWS; with batch only with those that it came with, which is
// all that the peers do. Each round begins with an empty window, so that every event is new in it. OUT gets the lines of one round.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/ingest/handler"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/telemetry"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ingestpeers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 3 || args[2] != "window" && args[2] != "batch" {
		return errors.New("usage: ingestpeers EVENTS_DIR ROUNDS window|batch [OUT [CPU_PROFILE]]")
	}
	rounds, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	payloads, events, err := read(args[0])
	if err != nil {
		return err
	}
	b := &sink{keep: true}
	h, err := newHarness(b, args[2] == "window")
	if err != nil {
		return err
	}
	if err := h.round(ctx, payloads); err != nil {
		return err
	}
	if len(args) > 3 {
		if err := os.WriteFile(args[3], b.lines.Bytes(), 0o600); err != nil {
			return err
		}
	}
	if len(args) > 4 {
		profile, err := os.Create(args[4])
		if err != nil {
			return err
		}
		defer profile.Close()
		if err := pprof.StartCPUProfile(profile); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	b.keep, b.size = false, 0
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpu()
	for range rounds {
		if err := h.round(ctx, payloads); err != nil {
			return err
		}
	}
	used := (cpu() - start).Seconds()
	runtime.ReadMemStats(&after)
	invocations := float64(rounds * len(payloads))
	fmt.Printf("lakebed-%s: %.0f records/s/core, %.2f ms per 500-record event, out %d B, %.0f allocations an invocation\n", args[2],
		float64(rounds*events)/used, used/invocations*1000, b.size/int64(rounds), float64(after.Mallocs-before.Mallocs)/invocations)
	return nil
}

// read gives the payloads, and how many events there are in them.
func read(dir string) (payloads [][]byte, events int, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s holds no events", dir)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, 0, err
		}
		payloads = append(payloads, text)
		events += bytes.Count(text, []byte(`"eventID"`))
	}
	return payloads, events, err
}

// harness is a handler whose window can be emptied.
type harness struct {
	*handler.Handler
	window *window
}

type window struct{ claims.Claims }

func newHarness(b bucket.Bucket, remember bool) (*harness, error) {
	h := &harness{}
	var strategy claims.Claims = claims.None{}
	if remember {
		h.window = new(window)
		strategy = h.window
	}
	i, err := ingest.New(b, strategy, ingest.Config{Mapping: event.DefaultMapping, MaxFuture: 24 * time.Hour, Lanes: 1, Parallel: 16})
	if err != nil {
		return nil, err
	}
	h.Handler = handler.New(i, telemetry.New(io.Discard, "Lakebed", "peers", time.Now), time.Now, nil)
	return h, nil
}

// round has the handler take all events, of which it knows none.
func (h *harness) round(ctx context.Context, payloads [][]byte) error {
	if h.window != nil {
		h.window.Claims = claims.NewMemory(claims.Options{})
	}
	for _, p := range payloads {
		if _, err := h.Invoke(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sink is a bucket into which one can only put. It keeps the fragments' lines where it is told to.
type sink struct {
	mu    sync.Mutex
	keep  bool
	lines bytes.Buffer
	size  int64 // of the fragments
}

var errSink = errors.New("this bucket can only be put into")

// Put implements bucket.Bucket.
func (s *sink) Put(_ context.Context, key string, body io.Reader, _ bucket.Condition) (bucket.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := io.Discard
	fragment := strings.HasPrefix(key, layout.Raw)
	if s.keep && fragment {
		to = &s.lines
	}
	n, err := io.Copy(to, body)
	if fragment {
		s.size += n
	}
	return bucket.Object{Key: key, Size: n}, err
}

// Get implements bucket.Bucket.
func (*sink) Get(context.Context, string, bucket.Range) (io.ReadCloser, bucket.Object, error) {
	return nil, bucket.Object{}, errSink
}

// List implements bucket.Bucket.
func (*sink) List(context.Context, string, string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) { yield(bucket.Object{}, errSink) }
}

// Delete implements bucket.Bucket.
func (*sink) Delete(context.Context, ...bucket.Object) error { return errSink }
