package host

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

func TestAdvice(t *testing.T) {
	for code, says := range map[string]string{
		"NoSuchBucket": "terraform apply", "AccessDenied": "AWS_PROFILE", "AccessDeniedException": "AWS_PROFILE", "ExpiredToken": "log in",
		"InvalidAccessKeyId": "AWS_ACCESS_KEY_ID", "PermanentRedirect": "AWS_REGION", "AuthorizationHeaderMalformed": "AWS_REGION",
		"ResourceNotFoundException": "claims_table",
	} {
		err := fmt.Errorf("put x: %w", &smithy.GenericAPIError{Code: code})
		if got := Advice(err); !strings.Contains(got, says) {
			t.Errorf("%s: %q does not say %q", code, got, says)
		}
	}
	if got := Advice(&net.OpError{Op: "dial"}); !strings.Contains(got, "AWS_ENDPOINT_URL") {
		t.Errorf("no network: %q", got)
	}
	if got := Advice(fmt.Errorf("x: %w", &smithy.GenericAPIError{Code: "SlowDown"})) + Advice(fmt.Errorf("x")); got != "" {
		t.Errorf("advice on the unknown: %q", got)
	}
}
