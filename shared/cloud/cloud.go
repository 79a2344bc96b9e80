// Package cloud is how every program of Lakebed reaches AWS: one way to retry, which slows down where the service is overloaded, and the configuration of a
// Lambda function.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// attempts is how often a call is tried in all before its error is the caller's. With the SDK's backoff of at most 20 s, they take less than
// two minutes.
const attempts = 8

// Retryer has calls retried in the SDK's adaptive mode: a client-side rate limit follows the service's throttling
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html). The SDK's quota of retries is left out: in this mode nothing
// but a retry that succeeds fills it up again, so that a process which has met some hundred failures would never retry any more.
func Retryer() aws.Retryer {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, func(s *retry.StandardOptions) {
			s.MaxAttempts = attempts
			s.RateLimiter = ratelimit.None
		})
	})
}

// FromEnvironment gives what the SDK's own configuration would be in a Lambda function, whose region, credentials, endpoints and name are all in its environment;
// of the SDK's other variables none counts, and it warns nobody. The SDK also looks for files, logins and roles that no function has: it takes longer to
// start with the code for them than with all else.
func FromEnvironment(getenv func(string) string) (aws.Config, error) {
	var problems []error
	want := func(name string) string {
		value := getenv(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("%s is not set: Lambda sets it in each function", name))
		}
		return value
	}
	e := environment(getenv)
	for _, name := range []string{useFIPS, useDualStack, ignoreEndpoints} {
		if value := getenv(name); value != "" && !e.says(name) && !strings.EqualFold(value, "false") {
			problems = append(problems, fmt.Errorf("%s is %q: want true or false", name, value))
		}
	}
	c := aws.Config{
		Region:                      want("AWS_REGION"),
		Credentials:                 credentials.NewStaticCredentialsProvider(want("AWS_ACCESS_KEY_ID"), want("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")),
		AppID:                       getenv("AWS_SDK_UA_APP_ID"),
		Retryer:                     Retryer,
		DefaultsMode:                aws.DefaultsModeLegacy,
		AccountIDEndpointMode:       aws.AccountIDEndpointModePreferred,
		RequestMinCompressSizeBytes: 10240,
		RequestChecksumCalculation:  aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation:  aws.ResponseChecksumValidationWhenSupported,
		ConfigSources:               []any{e},
	}
	if url := getenv(endpointURL); url != "" && !e.says(ignoreEndpoints) {
		c.BaseEndpoint = &url
	}
	return c, errors.Join(problems...)
}

// environment tells the SDK's clients which endpoints to use (https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html and
// feature-ss-endpoints.html beside it).
type environment func(string) string

const (
	endpointURL     = "AWS_ENDPOINT_URL"
	ignoreEndpoints = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
	useFIPS         = "AWS_USE_FIPS_ENDPOINT"
	useDualStack    = "AWS_USE_DUALSTACK_ENDPOINT"
)

func (e environment) says(name string) bool { return strings.EqualFold(e(name), "true") }

// GetUseFIPSEndpoint implements a source of the SDK's configuration, as the others do.
func (e environment) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateEnabled, e.says(useFIPS), nil
}

// GetUseDualStackEndpoint is for IPv6.
func (e environment) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return aws.DualStackEndpointStateEnabled, e.says(useDualStack), nil
}

// GetIgnoreConfiguredEndpoints turns the endpoints of one's own off.
func (e environment) GetIgnoreConfiguredEndpoints(context.Context) (value, found bool, err error) {
	value = e.says(ignoreEndpoints)
	return value, value, nil
}

// GetServiceBaseEndpoint is for an endpoint of one service.
func (e environment) GetServiceBaseEndpoint(_ context.Context, service string) (url string, found bool, err error) {
	url = e(endpointURL + "_" + strings.ReplaceAll(strings.ToUpper(service), " ", "_"))
	return url, url != "", nil
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
