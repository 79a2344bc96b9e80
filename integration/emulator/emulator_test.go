package emulator

import (
	"context"
	"strings"
	"testing"

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

func use(ctx context.Context, name string, c aws.Config) error {
	if name == "kinesalite" {
		_, err := kinesis.NewFromConfig(c).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)})
		return err
	}
	_, err := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("lake")})
	return err
}
