package emulator

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Each emulator serves, on 127.0.0.1 only, and is gone with its test.
func TestStartAndStop(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *AWS{"ministack": Ministack, "moto": Moto, "kinesalite": Kinesalite, "versitygw": Versitygw} {
		t.Run(name, func(t *testing.T) {
			var a *AWS
			t.Run("serves", func(t *testing.T) {
				a = start(t)
				if !strings.HasPrefix(a.Endpoint, "http://127.0.0.1:") {
					t.Errorf("it serves at %s", a.Endpoint)
				}
				other := *a
				other.Endpoint = strings.Replace(a.Endpoint, "127.0.0.1", "127.0.0.2", 1)
				if other.serves("") {
					t.Error("it serves on other addresses, too")
				}
				if err := use(t.Context(), name, a.Config()); err != nil {
					t.Fatalf("%v\n%s", err, a.Log())
				}
			})
			if a != nil && a.serves("") {
				t.Error("it is still there")
			}
		})
	}
}

// An emulator does not outlive tests that are killed.
func TestKilled(t *testing.T) {
	const child = "EMULATOR_TEST_CHILD"
	if os.Getenv(child) != "" {
		fmt.Println(Ministack(t).Endpoint)
		select {}
	}
	c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	c.Env = append(os.Environ(), child+"=1", "TMPDIR="+t.TempDir())
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_ = c.Process.Kill()
	_ = c.Wait()
	a := &AWS{Endpoint: strings.TrimSpace(line)}
	if err != nil || !strings.HasPrefix(a.Endpoint, "http://") {
		Skip(t, "the child started no emulator: %v, %s", err, line)
	}
	for deadline := time.Now().Add(20 * time.Second); a.serves(""); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is still there")
		}
	}
}

func use(ctx context.Context, name string, c aws.Config) error {
	if name == "kinesalite" {
		_, err := kinesis.NewFromConfig(c).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)})
		return err
	}
	_, err := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("lake")})
	return err
}
