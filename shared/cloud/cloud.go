// Package cloud is how every program of Lakebed reaches AWS: one configuration, with retries that slow down where the service is overloaded.
package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// attempts is how often a call is tried in all before its error is the caller's. With the SDK's backoff of at most 20 s, they take less than
// two minutes.
const attempts = 8

// Load gives the configuration from the standard AWS_* variables, the shared files and the machine's role. Calls are retried in the SDK's
// adaptive mode: a client-side rate limit follows the service's throttling
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html). The SDK's quota of retries is left out: in this mode nothing
// but a retry that succeeds fills it up again, so that a process which has met some hundred failures would never retry any more.
func Load(ctx context.Context) (aws.Config, error) {
	c, err := config.LoadDefaultConfig(ctx, config.WithRetryer(func() aws.Retryer {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, func(s *retry.StandardOptions) {
				s.MaxAttempts = attempts
				s.RateLimiter = ratelimit.None
			})
		})
	}))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if c.Region == "" {
		return aws.Config{}, fmt.Errorf("load AWS configuration: no region: set AWS_REGION")
	}
	return c, nil
}

// S3 makes a client. At an endpoint of one's own, buckets are in the path: emulators have no names for them.
func S3(c aws.Config) *s3.Client {
	return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}

// Lake is where a lake lies in S3.
type Lake struct {
	Bucket string
	Prefix string // of every key, with its final slash; empty when the lake has the bucket to itself
}

// Scheme is how the name of a lake in S3 begins.
const Scheme = "s3://"

// ParseLake reads s3://bucket or s3://bucket/prefix.
func ParseLake(url string) (Lake, error) {
	rest, ok := strings.CutPrefix(url, Scheme)
	name, prefix, _ := strings.Cut(rest, "/")
	if !ok || name == "" {
		return Lake{}, fmt.Errorf("lake %q: want s3://bucket or s3://bucket/prefix", url)
	}
	prefix = strings.Trim(prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	return Lake{name, prefix}, nil
}

// String is the lake's name, without a final slash.
func (l Lake) String() string { return Scheme + strings.TrimSuffix(l.Bucket+"/"+l.Prefix, "/") }
