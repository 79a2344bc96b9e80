package proxy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// Call is one request to AWS.
type Call struct {
	Caller   string // the program's own AWS_SDK_UA_APP_ID
	Service  string // s3, dynamodb, glue, sqs, kinesis, …
	Op       string // as the IAM action spells it: PutObject, BatchUpdatePartition, …
	Resource string // the object's key with its bucket, or the table, database, queue, stream or parameter
	Prefix   string // of a listing
	Range    string // of an object that is read, "" for all of it
}

// Action is the call as IAM names it. What S3 and SQS call by several operations, IAM permits as one
// (https://docs.aws.amazon.com/AmazonS3/latest/API/mpuoverview.html#mpuAndPermissions).
func (c Call) Action() string {
	op := c.Op
	switch op {
	case "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload":
		op = "PutObject"
	case "HeadObject":
		op = "GetObject"
	case "DeleteObjects":
		op = "DeleteObject"
	case "ListObjectsV2", "HeadBucket":
		op = "ListBucket"
	case "SendMessageBatch":
		op = "SendMessage"
	}
	return c.Service + ":" + op
}

func (c Call) String() string { return c.Service + " " + c.Op + " " + c.Resource }

// targets are services by what comes before the operation in a target.
var targets = map[string]string{
	"DynamoDB_20120810": "dynamodb", "AWSGlue": "glue", "AmazonSQS": "sqs", "Kinesis_20131202": "kinesis", "AmazonSSM": "ssm",
	"GraniteServiceVersion20100801": "cloudwatch",
}

// target is X-Amz-Target, or what says the same in a path (https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html#requests).
func target(r *http.Request) string {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/service/"); ok && r.Header.Get("Smithy-Protocol") != "" {
		return strings.Replace(rest, "/operation/", ".", 1)
	}
	return r.Header.Get("X-Amz-Target")
}

// classify tells what a request is.
func classify(r *http.Request, body []byte) Call {
	c := Call{caller(r.UserAgent()), "s3", objectOp(r), strings.TrimPrefix(r.URL.Path, "/"), r.URL.Query().Get("prefix"), r.Header.Get("Range")}
	if prefix, op, ok := strings.Cut(target(r), "."); ok {
		c.Service, c.Op, c.Resource = targets[prefix], op, resource(body)
	}
	return c
}

// caller finds app/<id> in what the SDK says of itself.
func caller(agent string) string {
	for word := range strings.FieldsSeq(agent) {
		if id, ok := strings.CutPrefix(word, "app/"); ok {
			return id
		}
	}
	return ""
}

// resource finds what a JSON request is about.
func resource(body []byte) string {
	var fields struct {
		TableName, DatabaseName, QueueURL, StreamName, Name string
		TableInput                                          struct{ Name string }
		Statements                                          []struct{ Statement string }
		RequestItems                                        map[string]json.RawMessage
	}
	if json.Unmarshal(body, &fields) != nil {
		return ""
	}
	if fields.DatabaseName != "" {
		return fields.DatabaseName + "." + fields.TableName + fields.Name + fields.TableInput.Name
	}
	for _, s := range fields.Statements {
		if _, rest, ok := strings.Cut(s.Statement, `"`); ok {
			table, _, _ := strings.Cut(rest, `"`)
			return table
		}
	}
	for table := range fields.RequestItems {
		return table
	}
	return fields.TableName + fields.QueueURL + fields.StreamName + fields.Name
}

// objectOp tells S3's operations apart by method, path and query.
func objectOp(r *http.Request) string {
	q := r.URL.Query()
	object := strings.Contains(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodPost && q.Has("delete"):
		return "DeleteObjects"
	case r.Method == http.MethodPost && q.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost && q.Has("uploadId"):
		return "CompleteMultipartUpload"
	case r.Method == http.MethodPut && q.Has("uploadId"):
		return "UploadPart"
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		return "AbortMultipartUpload"
	case r.Method == http.MethodGet && !object:
		return "ListObjectsV2"
	case r.Method == http.MethodHead && !object:
		return "HeadBucket"
	case r.Method == http.MethodGet:
		return "GetObject"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case r.Method == http.MethodPut:
		return "PutObject"
	case r.Method == http.MethodDelete:
		return "DeleteObject"
	}
	return r.Method
}

// keys gives the objects that a DeleteObjects names.
func keys(body []byte) []string {
	var found []string
	for rest := body; ; {
		_, after, ok := bytes.Cut(rest, []byte("<Key>"))
		if !ok {
			return found
		}
		key, tail, _ := bytes.Cut(after, []byte("</Key>"))
		found = append(found, string(key))
		rest = tail
	}
}
