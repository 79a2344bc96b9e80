package lambda

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// BenchmarkStart is what a function's process takes until it asks for its first event, which Lambda waits for at each cold start: CPU, and the bytes that
// are loaded.
func BenchmarkStart(b *testing.B) {
	for _, service := range []string{"ingest", "compactor", "scaler"} {
		b.Run(service, func(b *testing.B) {
			program := build(b, service)
			info, err := os.Stat(program)
			if err != nil {
				b.Fatal(err)
			}
			var used time.Duration
			for b.Loop() {
				used += start(b, program)
			}
			b.ReportMetric(float64(used.Microseconds())/1000/float64(b.N), "CPU-ms/op")
			b.ReportMetric(float64(info.Size())/1e6, "MB")
		})
	}
}

// start runs a function until it asks for work, and gives the CPU time that this took.
func start(b *testing.B, program string) time.Duration {
	asked, done := make(chan struct{}), make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-done
	}))
	defer api.Close()
	defer close(done)
	var said strings.Builder
	c := exec.Command(program)
	c.Stdout, c.Stderr = &said, &said
	c.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(api.URL, "http://"),
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "LAKEBED_LAKE=s3://lake", "LAKEBED_STREAM=clicks",
		"LAKEBED_CLAIMS_TABLE=claims", "LAKEBED_DATABASE=lake", "LAKEBED_QUEUE_URL=https://queue.test/1/q",
		`LAKEBED_SCALED_STREAMS=[{"name":"clicks","min":1,"max":10}]`)
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	select {
	case <-asked:
	case <-time.After(10 * time.Second):
	}
	_ = c.Process.Kill()
	_ = c.Wait() // killed
	select {
	case <-asked:
	default:
		b.Fatalf("it does not ask for work: %s", said.String())
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}
