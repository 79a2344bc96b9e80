package host

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/lakebed/lakebed/shared/cloud"
)

// alone leaves nothing of AWS in the environment, but what is given.
func alone(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, all := range os.Environ() {
		if name, _, _ := strings.Cut(all, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

// Without a region every call would fail with a message that names no cause.
func TestReachWantsARegion(t *testing.T) {
	key := map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
	alone(t, key)
	if _, err := reach(t.Context()); err == nil || !strings.Contains(err.Error(), "set AWS_REGION") {
		t.Errorf("without a region: %v", err)
	}
	t.Setenv("AWS_REGION", "eu-central-1")
	if c, err := reach(t.Context()); err != nil || c.Region != "eu-central-1" || c.Retryer().MaxAttempts() != cloud.Retryer().MaxAttempts() {
		t.Errorf("%+v, %v", c, err)
	}
}

// What functions make of their environment is what the SDK makes of it.
func TestFunctionsReachAWSAsTheSDKDoes(t *testing.T) {
	for name, more := range map[string]string{
		"plain": "", "an endpoint": "AWS_ENDPOINT_URL=http://127.0.0.1:1", "an endpoint of one": "AWS_ENDPOINT_URL=http://a AWS_ENDPOINT_URL_S3=http://b",
		"endpoints that are off": "AWS_ENDPOINT_URL=http://a AWS_ENDPOINT_URL_S3=http://b AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
		"FIPS":                   "AWS_USE_FIPS_ENDPOINT=true", "IPv6": "AWS_USE_DUALSTACK_ENDPOINT=True",
	} {
		variables := map[string]string{
			"AWS_SDK_UA_APP_ID": "lakebed", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		}
		for _, one := range strings.Fields(more) {
			variable, value, _ := strings.Cut(one, "=")
			variables[variable] = value
		}
		t.Run(name, func(t *testing.T) {
			alone(t, variables)
			want, err := sdk.LoadDefaultConfig(t.Context(), sdk.WithRetryer(cloud.Retryer))
			if err != nil {
				t.Fatal(err)
			}
			got, err := cloud.FromEnvironment(os.Getenv)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := told(t, got), told(t, want); got != want {
				t.Errorf("functions:\n%s\nthe SDK:\n%s", got, want)
			}
		})
	}
}

// told is what clients with a configuration would do.
func told(t *testing.T, c aws.Config) string {
	t.Helper()
	who, err := c.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, d, g := cloud.S3(c).Options(), dynamodb.NewFromConfig(c).Options(), glue.NewFromConfig(c).Options()
	common := func(region string, base *string, attempts int) string {
		return fmt.Sprint(region, aws.ToString(base), attempts)
	}
	return strings.Join([]string{
		who.AccessKeyID, who.SecretAccessKey, who.SessionToken,
		common(s.Region, s.BaseEndpoint, s.Retryer.MaxAttempts()), common(d.Region, d.BaseEndpoint, d.Retryer.MaxAttempts()), common(g.Region, g.BaseEndpoint, g.Retryer.MaxAttempts()),
		fmt.Sprintf("%+v", s.EndpointOptions), fmt.Sprintf("%+v", d.EndpointOptions), fmt.Sprintf("%+v", g.EndpointOptions),
		fmt.Sprint(s.RequestChecksumCalculation, s.ResponseChecksumValidation, s.UsePathStyle, s.UseARNRegion, s.DisableMultiRegionAccessPoints, d.AccountIDEndpointMode),
		fmt.Sprint(s.AppID, d.AppID, g.AppID, s.ClientLogMode, s.DefaultsMode, s.RetryMaxAttempts, s.RetryMode, d.EnableAcceptEncodingGzip, d.DisableValidateResponseChecksum),
	}, "\n")
}
