// Package emulator starts AWS's stand-ins for tests: on a free port of 127.0.0.1, with an empty state of its own, stopped by its own process
// when the test ends. scripts/tools.sh installs them below .cache/.
package emulator

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Region is where all emulated things lie.
const Region = "us-east-1"

// AWS is a running emulator.
type AWS struct {
	Endpoint string
	Dir      string // its state; removed with the test
	log      *output
}

// Config reaches the emulator as the SDK's own default does: retries included.
func (a *AWS) Config() aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: aws.String(a.Endpoint), Credentials: credentials.NewStaticCredentialsProvider("test", "testtest", "")}
}

// Environ is the same for a process.
func (a *AWS) Environ() []string {
	return []string{"AWS_ENDPOINT_URL=" + a.Endpoint, "AWS_REGION=" + Region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=testtest"}
}

// Log is what the emulator printed so far.
func (a *AWS) Log() string { return a.log.String() }

// Ministack starts the emulator that runs Lambda functions, too.
func Ministack(t testing.TB) *AWS {
	port := FreePort(t)
	return start(t, server{
		program: "venv/bin/ministack", ready: "/_ministack/ready", port: port,
		env: func(dir string) []string {
			return []string{
				"BIND_HOST=127.0.0.1", "GATEWAY_PORT=" + port, "MINISTACK_HOST=127.0.0.1", "MINISTACK_REGION=" + Region,
				"AWS_ENDPOINT_URL=http://127.0.0.1:" + port, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=testtest",
				"IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0", // they would listen on every address
				"TMPDIR=" + dir, "STATE_DIR=" + filepath.Join(dir, "state"), "S3_DATA_DIR=" + filepath.Join(dir, "s3"),
			}
		},
	})
}

// Moto starts the emulator with the whole partition API of Glue.
func Moto(t testing.TB) *AWS {
	port := FreePort(t)
	return start(t, server{
		program: "venv/bin/moto_server", ready: "/moto-api/", port: port,
		by: []string{filepath.Join(Cache(t), "venv", "bin", "python"), "-c", moto}, args: []string{"-H", "127.0.0.1", "-p", port},
	})
}

// moto serves as its own command does, but one request after the other: its threads look whether something is there, and put it, without a lock.
const moto = `
import sys, threading
import moto.server as moto
serve, alone = moto.DomainDispatcherApplication.__call__, threading.Lock()
def one(*request):
    with alone:
        return serve(*request)
moto.DomainDispatcherApplication.__call__ = one
moto.main(sys.argv[2:])`

// Kinesalite starts the emulator of Kinesis that splits and merges shards rightly.
func Kinesalite(t testing.TB) *AWS {
	port := FreePort(t)
	return start(t, server{program: "node/node_modules/kinesalite/index.js", port: port, by: []string{"node", "-e", kinesalite}, args: []string{port}})
}

// kinesalite serves as its own command does, which would listen on every address.
const kinesalite = `require(process.argv[1])({createStreamMs: 5, deleteStreamMs: 5, updateStreamMs: 5, shardLimit: 100}).listen(process.argv[2], "127.0.0.1")`

// server is how an emulator is started.
type server struct {
	program string   // below .cache/
	by      []string // the command that runs it, where it does not run by itself
	args    []string
	port    string
	ready   string // a path that answers once it serves; "" where a connection says enough
	env     func(dir string) []string
}

// guarded runs a command that ends with this process, however this one ends: then the other end of its file 3 is closed.
const guarded = `(read -r _ <&3; kill $$) >/dev/null 2>&1 & exec 3<&-; exec "$@"`

// Guarded is a command that ends with this process, however this one ends. To be called: started, once it was.
func Guarded(t testing.TB, args ...string) (c *exec.Cmd, started func()) {
	t.Helper()
	ours, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = theirs.Close() })
	c = exec.Command("sh", append([]string{"-c", guarded, "sh"}, args...)...)
	c.ExtraFiles = []*os.File{ours}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts is of its group
	return c, func() { _ = ours.Close() }               // the command has its own
}

func start(t testing.TB, s server) *AWS {
	t.Helper()
	program := filepath.Join(Cache(t), filepath.FromSlash(s.program))
	if _, err := os.Stat(program); err != nil {
		Skip(t, "%s is not installed: `make tools` does it", filepath.Base(program))
	}
	a := &AWS{Endpoint: "http://127.0.0.1:" + s.port, Dir: t.TempDir(), log: &output{}}
	c, started := Guarded(t, slices.Concat(s.by, []string{program}, s.args)...)
	c.Dir = a.Dir
	c.Env = os.Environ()
	if s.env != nil {
		c.Env = append(c.Env, s.env(a.Dir)...)
	}
	c.Stdout, c.Stderr = a.log, a.log
	err := c.Start()
	started()
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		_ = c.Wait()
		close(gone)
	}()
	t.Cleanup(func() { stop(c, gone) })
	for deadline := time.Now().Add(60 * time.Second); !a.serves(s.ready); time.Sleep(50 * time.Millisecond) {
		select {
		case <-gone:
			t.Fatalf("%s ended: %s\n%s", s.program, c.ProcessState, a.Log())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not serve\n%s", s.program, a.Log())
		}
	}
	return a
}

// stop asks the emulator to end, and then makes it and what it started.
func stop(c *exec.Cmd, gone <-chan struct{}) {
	_ = c.Process.Signal(syscall.SIGTERM)
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
	}
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
}

func (a *AWS) serves(path string) bool {
	if path == "" {
		c, err := net.Dial("tcp", a.Endpoint[len("http://"):])
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}
	r, err := http.Get(a.Endpoint + path)
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode < http.StatusInternalServerError
}

// Cache is the folder .cache of the workspace.
func Cache(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return filepath.Join(dir, ".cache")
		}
	}
	t.Fatal("no workspace above the test")
	return ""
}

// Skip leaves a test out for want of something, with one loud line; where REQUIRE_ALL is 1 that is a failure.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skip("SKIPPED: " + fmt.Sprintf(format, args...))
}

// FreePort gives a port of 127.0.0.1 on which nobody listens.
func FreePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// output keeps what a process prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
