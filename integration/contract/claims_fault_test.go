package contract

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// faultyClaims fails requests of one operation.
type faultyClaims struct {
	mu        sync.Mutex
	operation string
	times     int  // how many of them
	landed    bool // the request takes effect, and its reply is lost
	met       int
}

func (f *faultyClaims) meet(r *http.Request, next http.RoundTripper) (*http.Response, error) {
	f.mu.Lock()
	hit := f.met < f.times && strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+f.operation)
	if hit {
		f.met++
	}
	f.mu.Unlock()
	if hit && !f.landed {
		body := `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`
		return claimReply(r, http.StatusBadRequest, body), nil
	}
	reply, err := next.RoundTrip(r)
	if err != nil || !hit {
		return reply, err
	}
	_, _ = io.Copy(io.Discard, reply.Body)
	_ = reply.Body.Close()
	return nil, errors.New("connection reset")
}

// cancelClaims ends the context while a request is under way.
func cancelClaims(cancel func()) claimFault {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		cancel()
		return next.RoundTrip(r)
	}
}

// insertClaims does for moto what its PartiQL does not: a batch of INSERT statements fails there when it has parameters, and overwrites the items that
// are there. Each statement becomes a conditional put, and its answer that of DynamoDB. ministack's own PartiQL is right.
type insertClaims struct{}

func (insertClaims) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchExecuteStatement") {
		return http.DefaultTransport.RoundTrip(r)
	}
	var in struct {
		Statements []struct {
			Statement  string
			Parameters []map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	var answers []any
	for _, s := range in.Statements {
		names := regexp.MustCompile(`'(\w+)': \?`).FindAllStringSubmatch(s.Statement, -1)
		table := strings.Split(s.Statement, `"`)[1]
		item := map[string]map[string]string{}
		for k, name := range names {
			item[name[1]] = s.Parameters[k]
		}
		reply, err := putClaim(r, table, item)
		if err != nil {
			return nil, err
		}
		switch {
		case strings.Contains(reply, "ConditionalCheckFailed"):
			answers = append(answers, map[string]any{"Error": map[string]string{"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}})
		case strings.Contains(reply, "ResourceNotFound"):
			answers = append(answers, map[string]any{"Error": map[string]string{"Code": "ResourceNotFound", "Message": "Requested resource not found"}})
		default:
			answers = append(answers, map[string]any{"TableName": table})
		}
	}
	body, err := json.Marshal(map[string]any{"Responses": answers})
	return claimReply(r, http.StatusOK, string(body)), err
}

func putClaim(r *http.Request, table string, item any) (string, error) {
	body, err := json.Marshal(map[string]any{"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"})
	if err != nil {
		return "", err
	}
	put := r.Clone(r.Context())
	put.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutItem")
	put.Body, put.ContentLength = io.NopCloser(strings.NewReader(string(body))), int64(len(body))
	reply, err := http.DefaultTransport.RoundTrip(put)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	return string(text), err
}

func claimReply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}
