package cloud

import (
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

func TestParseLake(t *testing.T) {
	for url, want := range map[string]Lake{
		"s3://b":       {"b", ""},
		"s3://b/":      {"b", ""},
		"s3://b/p":     {"b", "p/"},
		"s3://b/p/q//": {"b", "p/q/"},
	} {
		got, err := ParseLake(url)
		if err != nil || got != want {
			t.Errorf("%s is %+v, %v", url, got, err)
		}
		if again, err := ParseLake(got.String()); err != nil || again != got {
			t.Errorf("%s comes back as %+v, %v", url, again, err)
		}
	}
	for _, url := range []string{"", "s3://", "s3:///p", "b/p", "gs://b/p"} {
		if _, err := ParseLake(url); err == nil || !strings.Contains(err.Error(), "want s3://") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// Without a region every call would fail with a message that names no cause.
func TestLoadWantsARegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	if _, err := Load(t.Context()); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("loaded without a region: %v", err)
	}
	t.Setenv("AWS_REGION", "eu-central-1")
	c, err := Load(t.Context())
	if err != nil || c.Region != "eu-central-1" {
		t.Fatalf("%+v, %v", c, err)
	}
	if n := c.Retryer().MaxAttempts(); n != attempts {
		t.Errorf("calls are tried %d times", n)
	}
}

// A process that has met failures without end, as a warm function may, retries as a new one does.
func TestRetriesDoNotRunOut(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	c, err := Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := c.Retryer()
	failure := &smithy.GenericAPIError{Code: "InternalError"}
	for n := range 1000 {
		release, err := r.GetRetryToken(t.Context(), failure)
		if err != nil {
			t.Fatalf("retry %d: %v", n, err)
		}
		if err := release(failure); err != nil {
			t.Fatal(err)
		}
	}
}
