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

// lambda is what Lambda sets in each function, and more.
func lambda(more map[string]string) func(string) string {
	return func(name string) string {
		if value, ok := more[name]; ok {
			return value
		}
		return map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}[name]
	}
}

// Without a region or a key every call would fail with a message that names no cause.
func TestFromEnvironmentWantsAll(t *testing.T) {
	c, err := FromEnvironment(lambda(nil))
	if err != nil || c.Region != "eu-central-1" {
		t.Fatalf("%+v, %v", c, err)
	}
	if n := c.Retryer().MaxAttempts(); n != attempts {
		t.Errorf("calls are tried %d times", n)
	}
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		if _, err := FromEnvironment(lambda(map[string]string{name: ""})); err == nil || err.Error() != name+" is not set: Lambda sets it in each function" {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := FromEnvironment(lambda(map[string]string{"AWS_USE_FIPS_ENDPOINT": "yes"})); err == nil || err.Error() != `AWS_USE_FIPS_ENDPOINT is "yes": want true or false` {
		t.Errorf("FIPS: %v", err)
	}
}

// A process that has met failures without end, as a warm function may, retries as a new one does.
func TestRetriesDoNotRunOut(t *testing.T) {
	r := Retryer()
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
