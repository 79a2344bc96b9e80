package dynamoclaims

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/lakebed/lakebed/shared/claims"
)

// script answers what no emulator can be made to: each operation's answers in their order, the last of them for ever.
type script struct {
	answers map[string][]string
	asked   map[string][]string // bodies of the requests
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var body json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&body)
	n := len(s.asked[operation])
	s.asked[operation] = append(s.asked[operation], string(body))
	answers := s.answers[operation]
	if len(answers) == 0 {
		http.Error(w, "no answer to "+operation, http.StatusTeapot)
		return
	}
	answer := answers[min(n, len(answers)-1)]
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if strings.Contains(answer, `"__type"`) {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write([]byte(answer))
}

func (s *script) client(t *testing.T) *dynamodb.Client {
	t.Helper()
	s.asked = map[string][]string{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
}

// global is the strategy on a script; it waits for nothing, and notes the rounds.
func (s *script) global(t *testing.T, o claims.Options) (*Global, *int) {
	t.Helper()
	g := NewGlobal(s.client(t), "t", o)
	waited := 0
	g.pause = func(ctx context.Context, _ int) error { waited++; return ctx.Err() }
	return g, &waited
}

func oneClaim(sequence string) claims.Batch {
	c := claims.Claim{Sequence: sequence}
	c.ID[0], c.Body = 0xab, 7
	return claims.Batch{Shard: "s", First: sequence, Last: sequence, Claims: []claims.Claim{c}}
}

const landed = `{"Responses":[{"TableName":"t"}]}`

func failed(code string) string {
	return fmt.Sprintf(`{"Responses":[{"Error":{"Code":%q,"Message":"as told"}}]}`, code)
}

func stored(owner string, expires time.Time) string {
	id := strings.Repeat("0", 30)
	return fmt.Sprintf(`{"Responses":{"t":[{"pk":{"S":"id#ab%s"},"sk":{"S":"-"},"owner":{"S":%q},"body":{"S":"0000000000000007"},"expires":{"N":"%d"}}]}}`,
		id, owner, expires.Unix())
}

// TestGlobalStatements: what becomes of a claim for each answer that a statement may get.
func TestGlobalStatements(t *testing.T) {
	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	unprocessed := `{"Responses":{},"UnprocessedKeys":{"t":{"Keys":[{"pk":{"S":"id#ab` + strings.Repeat("0", 30) + `"},"sk":{"S":"-"}}]}}}`
	const changed = `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"no"}`
	tests := map[string]struct {
		insert, get, put []string
		want             claims.Verdict
		err              string
		waited           int
	}{
		"landed":             {insert: []string{landed}, want: claims.Fresh},
		"throttled, landed":  {insert: []string{failed("ProvisionedThroughputExceeded"), failed("ThrottlingError"), landed}, want: claims.Fresh, waited: 2},
		"throttled for ever": {insert: []string{failed("RequestLimitExceeded")}, err: "RequestLimitExceeded: as told", waited: rounds - 1},
		"landed though it failed": {
			insert: []string{failed("InternalServerError"), failed("DuplicateItem")}, get: []string{stored("s/5/0", later)}, want: claims.Own, waited: 1},
		"no right to":            {insert: []string{failed("AccessDenied")}, err: "AccessDenied: as told"},
		"wrong":                  {insert: []string{failed("ValidationError")}, err: "ValidationError"},
		"too few answers":        {insert: []string{`{"Responses":[]}`}, err: "got 0 answers"},
		"another's":              {insert: []string{failed("DuplicateItem")}, get: []string{stored("s/4/0", later)}, want: claims.Duplicate},
		"another position's":     {insert: []string{failed("DuplicateItem")}, get: []string{stored("s/5/1", later)}, want: claims.Duplicate},
		"another shard's":        {insert: []string{failed("DuplicateItem")}, get: []string{stored("t/5/0", later)}, want: claims.Duplicate},
		"not processed":          {insert: []string{failed("DuplicateItem")}, get: []string{unprocessed, unprocessed, stored("s/5/0", later)}, want: claims.Own, waited: 2},
		"not processed for ever": {insert: []string{failed("DuplicateItem")}, get: []string{unprocessed}, err: "not processed", waited: rounds - 1},
		"gone by then":           {insert: []string{failed("DuplicateItem"), landed}, get: []string{`{"Responses":{"t":[]}}`}, want: claims.Fresh, waited: 1},
		"gone for ever":          {insert: []string{failed("DuplicateItem")}, get: []string{`{"Responses":{}}`}, err: "were not answered", waited: rounds - 1},
		"over":                   {insert: []string{failed("DuplicateItem")}, get: []string{stored("t/1/0", before)}, put: []string{`{}`}, want: claims.Fresh},
		"over, lost to another": {
			insert: []string{failed("DuplicateItem")}, get: []string{stored("t/1/0", before), stored("t/2/0", later)}, put: []string{changed},
			want: claims.Duplicate, waited: 1},
		"over, won unnoticed": {
			insert: []string{failed("DuplicateItem")}, get: []string{stored("t/1/0", before), stored("s/5/0", later)}, put: []string{changed},
			want: claims.Own, waited: 1},
		"over, no right to": {
			insert: []string{failed("DuplicateItem")}, get: []string{stored("t/1/0", before)}, put: []string{`{"__type":"x#AccessDeniedException"}`}, err: "take over claim id#ab"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := &script{answers: map[string][]string{"BatchExecuteStatement": test.insert, "BatchGetItem": test.get, "PutItem": test.put}}
			g, waited := s.global(t, claims.Options{})
			got, err := g.Claim(t.Context(), oneClaim("5"))
			switch {
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), "batch of s")):
				t.Errorf("error %v, want %s", err, test.err)
			case test.err == "" && (err != nil || got[0] != test.want):
				t.Errorf("verdict %v, %v, want %v", got, err, test.want)
			}
			if *waited != test.waited {
				t.Errorf("it waited %d times, want %d", *waited, test.waited)
			}
		})
	}
}

// TestGlobalRequests: what is asked of the table.
func TestGlobalRequests(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := &script{answers: map[string][]string{
		"BatchExecuteStatement": {failed("DuplicateItem")}, "BatchGetItem": {stored("t/1/0", now)}, "PutItem": {`{}`}}}
	g, _ := s.global(t, claims.Options{Keep: time.Hour, Now: func() time.Time { return now }})
	if _, err := g.Claim(t.Context(), oneClaim("0005")); err != nil {
		t.Fatal(err)
	}
	for operation, parts := range map[string][]string{
		"BatchExecuteStatement": {`INSERT INTO \"t\" VALUE {'pk': ?, 'sk': ?, 'owner': ?, 'body': ?, 'expires': ?}`,
			`[{"S":"id#ab000000000000000000000000000000"},{"S":"-"},{"S":"s/5/0"},{"S":"0000000000000007"},{"N":"1800003600"}]`},
		"BatchGetItem": {`"ConsistentRead":true`},
		"PutItem":      {`#owner = :owner AND #expires = :expires`, `":owner":{"S":"t/1/0"}`, `":expires":{"N":"1800000000"}`, `"owner":{"S":"s/5/0"}`},
	} {
		for _, part := range parts {
			if len(s.asked[operation]) != 1 || !strings.Contains(s.asked[operation][0], part) {
				t.Errorf("%s is asked %v, want %s in it", operation, s.asked[operation], part)
			}
		}
	}
}

// TestGlobalStops: a context that ends while a round is waited for ends the call.
func TestGlobalStops(t *testing.T) {
	s := &script{answers: map[string][]string{"BatchExecuteStatement": {failed("ThrottlingError")}}}
	g, _ := s.global(t, claims.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	g.pause = func(ctx context.Context, round int) error { cancel(); return pause(ctx, round) }
	if _, err := g.Claim(ctx, oneClaim("5")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if n := len(s.asked["BatchExecuteStatement"]); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestOwner(t *testing.T) {
	for _, shard := range []string{"shardId-000000000001", "a/b/c", ""} {
		c := claims.Claim{Sequence: "0049590338271490256608559692538361571095921575989136588898", Position: 17}
		o, err := parseOwner(ownerOf(shard, c))
		if err != nil || o.Shard != shard || o.Sequence != c.Sequence[2:] || o.Position != c.Position {
			t.Errorf("%+v, %v", o, err)
		}
	}
	for _, bad := range []string{"", "s", "s/1", "s/1/x", "s/x/1", "s/-1/1", "s/1/"} {
		if o, err := parseOwner(bad); err == nil {
			t.Errorf("%q is %+v", bad, o)
		}
	}
}
