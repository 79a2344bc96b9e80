package streams

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/encoding/cbor"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// fake is a stream, its parameter and its metrics, as far as no emulator gives them: refusals, pages of metrics, and a parameter that is none.
type fake struct {
	mu       sync.Mutex
	shards   int
	status   string
	value    string              // of the parameter; "" for none
	pages    []cbor.Map          // of metrics
	failures map[string][]string // codes that the next calls of an operation are answered with
	lost     bool                // whether the next change is made and answered with an error
	ops      []string            // that were called
}

// open gives the fake and its client, which does not wait between its tries.
func open(t *testing.T, f *fake) *Streams {
	t.Helper()
	f.status = "ACTIVE"
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	c := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
	return New(kinesis.NewFromConfig(c), cloudwatch.NewFromConfig(c), ssm.NewFromConfig(c))
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if strings.HasPrefix(r.URL.Path, "/service/") {
		code, out := f.answer("GetMetricData", body)
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		if code != "" {
			w.WriteHeader(http.StatusBadRequest)
			out = cbor.Map{"__type": cbor.String(code), "message": cbor.String("as told")}
		}
		_, _ = w.Write(cbor.Encode(out.(cbor.Map)))
		return
	}
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	code, out := f.answer(op, body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if code != "" {
		w.WriteHeader(http.StatusBadRequest)
		out = map[string]string{"__type": code, "message": "as told"}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// answer gives an error's code, or what the call is answered with.
func (f *fake) answer(op string, body []byte) (code string, out any) {
	f.ops = append(f.ops, op)
	if codes := f.failures[op]; len(codes) > 0 {
		f.failures[op] = codes[1:]
		return codes[0], nil
	}
	var in struct {
		TargetShardCount int
		Value            string
	}
	_ = json.Unmarshal(body, &in) // metrics are asked for otherwise
	switch op {
	case "DescribeStreamSummary":
		return "", map[string]any{"StreamDescriptionSummary": map[string]any{"OpenShardCount": f.shards, "StreamStatus": f.status}}
	case "UpdateShardCount":
		if f.shards = in.TargetShardCount; f.lost {
			f.lost = false
			f.failures["UpdateShardCount"] = []string{"ResourceInUseException"}
			return "InternalFailure", nil
		}
	case "GetParameter":
		if f.value == "" {
			return "ParameterNotFound", nil
		}
		return "", map[string]any{"Parameter": map[string]string{"Value": f.value}}
	case "PutParameter":
		f.value = in.Value
	case "GetMetricData":
		return "", f.page(body)
	}
	return "", map[string]any{}
}

// page gives that of the metrics for which a call asks, and the token of the next.
func (f *fake) page(body []byte) cbor.Map {
	n := 0
	if v, err := cbor.Decode(body); err == nil {
		if token, ok := v.(cbor.Map)["NextToken"].(cbor.String); ok {
			n = len(token)
		}
	}
	if n >= len(f.pages) {
		return cbor.Map{"MetricDataResults": cbor.List{}}
	}
	out := cbor.Map{"MetricDataResults": f.pages[n]["MetricDataResults"]}
	if n+1 < len(f.pages) {
		out["NextToken"] = cbor.String(strings.Repeat("x", n+1))
	}
	return out
}

// values are those of the minutes that begin so long before noon.
type values map[time.Duration]float64

func result(id, status string, of values) cbor.Map {
	var at, numbers cbor.List
	for ago, v := range of {
		at = append(at, &cbor.Tag{ID: 1, Value: cbor.Uint(noon.Add(-ago).Unix())})
		numbers = append(numbers, cbor.Float64(v))
	}
	return cbor.Map{"Id": cbor.String(id), "StatusCode": cbor.String(status), "Timestamps": at, "Values": numbers}
}

func page(results ...cbor.Value) cbor.Map { return cbor.Map{"MetricDataResults": cbor.List(results)} }
