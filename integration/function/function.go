// Package function runs a Lambda function's own bootstrap as Lambda does, one invocation at a time, behind the runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html): a process that dies or takes too long is killed, and the next
// invocation starts another.
package function

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Function is one execution environment.
type Function struct {
	Bootstrap string
	Env       []string // beside Lambda's own
	Timeout   time.Duration
	Memory    int // MB

	turn   sync.Mutex // one invocation at a time
	mu     sync.Mutex
	env    *environment
	log    bytes.Buffer
	starts int
	number int
}

// environment is one process and the runtime API that it alone talks to: what a dead one left under way reaches no other.
type environment struct {
	process *exec.Cmd
	api     *httptest.Server
	next    chan invocation
	done    chan outcome
	gone    chan struct{}
	err     error // once gone
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
}

type outcome struct {
	body   []byte
	failed bool
}

// Errors of an invocation that got no reply.
var (
	ErrCrashed = errors.New("the function's process ended")
	ErrTimeout = errors.New("the function timed out")
)

// Start makes an environment; its process starts with the first invocation and ends with the test.
func (f *Function) Start(t testing.TB) *Function {
	t.Cleanup(f.Kill)
	return f
}

// serve starts the runtime API of a process that is still to be started.
func (f *Function) serve() *environment {
	e := &environment{next: make(chan invocation), done: make(chan outcome), gone: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", e.serveDone)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		_, _ = f.Write(append(text, '\n'))
		w.WriteHeader(http.StatusAccepted)
	})
	e.api = httptest.NewServer(mux)
	return e
}

func (e *environment) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-e.gone:
	case i := <-e.next:
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:test")
		_, _ = w.Write(i.payload)
	}
}

func (e *environment) serveDone(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process died on the way
	}
	select {
	case e.done <- outcome{body, r.PathValue("kind") == "error"}:
		w.WriteHeader(http.StatusAccepted)
	case <-e.gone: // and nobody waits any more
	}
}

// wait lets the process end, and its API with it.
func (e *environment) wait() {
	if e.err = e.process.Wait(); e.err == nil {
		e.err = errors.New("exit code 0")
	}
	close(e.gone)
	e.api.CloseClientConnections()
	e.api.Close()
}

// Write takes what the process prints.
func (f *Function) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(p)
}

// Log is what the processes have printed.
func (f *Function) Log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.String()
}

// Says wants a text in what is printed after the first from bytes, which may come a little later than the reply.
func (f *Function) Says(t testing.TB, from int, text string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(f.Log()[from:], text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("nothing says %q in %s", text, f.Log()[from:])
			return
		}
	}
}

// Starts is how many processes there were.
func (f *Function) Starts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.starts
}

// Kill ends the process as a power cut would.
func (f *Function) Kill() {
	f.mu.Lock()
	e := f.env
	f.env = nil
	f.mu.Unlock()
	if e != nil {
		_ = e.process.Process.Signal(syscall.SIGKILL)
		<-e.gone
	}
}

// Invoke gives the function's reply. An error is the function's own, ErrCrashed or ErrTimeout.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	e, err := f.environment()
	if err != nil {
		return nil, err
	}
	f.number++
	i := invocation{fmt.Sprintf("%08d-0000-4000-8000-000000000000", f.number), payload, time.Now().Add(f.Timeout)}
	late := time.NewTimer(f.Timeout + 10*time.Second) // the start does not count
	defer late.Stop()
	select {
	case e.next <- i:
		late.Reset(f.Timeout)
	case <-e.gone:
		return nil, f.crashed(e)
	case <-late.C:
		f.Kill()
		return nil, fmt.Errorf("%w before it asked for work", ErrTimeout)
	}
	select {
	case o := <-e.done:
		if o.failed {
			return nil, fmt.Errorf("function error: %s", o.body)
		}
		return o.body, nil
	case <-e.gone:
		return nil, f.crashed(e)
	case <-late.C:
		f.Kill()
		return nil, ErrTimeout
	case <-ctx.Done():
		f.Kill()
		return nil, ctx.Err()
	}
}

func (f *Function) crashed(e *environment) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.env == e {
		f.env = nil
	}
	return fmt.Errorf("%w: %w", ErrCrashed, e.err)
}

// environment gives the running process, or starts one.
func (f *Function) environment() (*environment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.env != nil {
		return f.env, nil
	}
	e := f.serve()
	c := exec.Command(f.Bootstrap)
	c.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(e.api.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=test",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "_HANDLER=bootstrap", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(max(f.Memory, 128)))
	c.Env = append(c.Env, f.Env...)
	c.Stdout, c.Stderr = f, f
	if err := c.Start(); err != nil {
		e.api.Close()
		return nil, err
	}
	e.process = c
	go e.wait()
	f.env = e
	f.starts++
	return e, nil
}
