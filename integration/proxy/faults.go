package proxy

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// noCancel is a context without its end, so that a call under way goes on when its sender gives up.
type noCancel struct{ context.Context } //nolint:containedctx // it is one

func (noCancel) Done() <-chan struct{} { return nil }
func (noCancel) Err() error            { return nil }

// Refuse answers with an error as the service spells it: XML for S3, CBOR for CloudWatch, JSON for the others.
func Refuse(service string, status int, code string) *Answer {
	if service == "s3" {
		return &Answer{status, http.Header{"Content-Type": {"application/xml"}},
			fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>injected</Message></Error>`, code)}
	}
	if service == "cloudwatch" {
		return &Answer{status, http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}},
			cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String("injected")})}
	}
	return &Answer{status, http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amzn-Errortype": {code}},
		fmt.Appendf(nil, `{"__type":%q,"message":"injected"}`, code)}
}

// RefuseKeys answers a DeleteObjects as S3 does that removed none of the objects: with 200, and an error for each key.
func RefuseKeys(code string) Fault {
	return Fault{
		Answer: &Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/xml"}}},
		Edit: func(a *Answer, body []byte) {
			text := []byte(`<?xml version="1.0" encoding="UTF-8"?><DeleteResult>`)
			for _, key := range keys(body) {
				text = fmt.Appendf(text, `<Error><Key>%s</Key><Code>%s</Code><Message>injected</Message></Error>`, key, code)
			}
			a.Body = fmt.Append(text, "</DeleteResult>")
		},
	}
}

// Nth puts f into the nth call, counted from 1, that match accepts.
func Nth(n int, match func(Call) bool, f Fault) Hook { return From(n, 1, match, f) }

// From puts f into times calls from the nth on that match accepts; times of 0 is for ever.
func From(n, times int, match func(Call) bool, f Fault) Hook {
	seen := 0
	return func(c Call) Fault {
		if !match(c) {
			return Fault{}
		}
		if seen++; seen < n || times > 0 && seen >= n+times {
			return Fault{}
		}
		return f
	}
}

// Op matches calls of an operation whose resource holds a text.
func Op(op, in string) func(Call) bool {
	return func(c Call) bool { return c.Op == op && strings.Contains(c.Resource, in) }
}

// Any matches every call.
func Any(Call) bool { return true }
