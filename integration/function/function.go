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

	api  *httptest.Server
	next chan invocation
	done chan outcome

	turn   sync.Mutex // one invocation at a time
	mu     sync.Mutex
	env    *environment
	log    bytes.Buffer
	starts int
	number int
}

type environment struct {
	process *exec.Cmd
	gone    chan struct{}
	err     error
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
}

type outcome struct {
	id     string
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
	f.next, f.done = make(chan invocation), make(chan outcome, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", f.serveDone)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		_, _ = f.Write(append(text, '\n'))
		w.WriteHeader(http.StatusAccepted)
	})
	f.api = httptest.NewServer(mux)
	t.Cleanup(func() {
		f.Kill()
		f.api.CloseClientConnections()
		f.api.Close()
	})
	return f
}

func (f *Function) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case i := <-f.next:
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:test")
		_, _ = w.Write(i.payload)
	}
}

func (f *Function) serveDone(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process died on the way
	}
	f.done <- outcome{r.PathValue("id"), body, r.PathValue("kind") == "error"}
	w.WriteHeader(http.StatusAccepted)
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
	case f.next <- i:
		late.Reset(f.Timeout)
	case <-e.gone:
		return nil, f.crashed(e)
	case <-late.C:
		f.Kill()
		return nil, fmt.Errorf("%w before it asked for work", ErrTimeout)
	}
	select {
	case o := <-f.done:
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
	select {
	case <-f.done: // of the dead
	default:
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
	c := exec.Command(f.Bootstrap)
	c.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(f.api.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=test",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "_HANDLER=bootstrap", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(max(f.Memory, 128)))
	c.Env = append(c.Env, f.Env...)
	c.Stdout, c.Stderr = f, f
	if err := c.Start(); err != nil {
		return nil, err
	}
	e := &environment{process: c, gone: make(chan struct{})}
	go func() {
		if e.err = c.Wait(); e.err == nil {
			e.err = errors.New("exit code 0")
		}
		close(e.gone)
	}()
	f.env = e
	f.starts++
	return e, nil
}
