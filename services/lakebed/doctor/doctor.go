// Package doctor examines a deployment: whether what is around a lake is set so that it can keep its promises. Package verify proves what the
// lake holds; this one looks at what would break it next.
//
// Each look reads one thing and notes what is not as it has to be. What cannot be read is a finding, too: nobody may take it for health.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/shared/cloud"
)

// Options say how to examine.
type Options struct {
	Trial bool   // write a probe, and call the functions
	Zips  string // the folder of the zips that are to be deployed; "" where any will do
}

// Finding is something that is not as it has to be.
type Finding struct {
	Code     Code
	Resource string // by the name that AWS knows it by
	Found    string // what is there, and what was wanted
}

// examination is one run.
type examination struct {
	*host.Lake
	Options
	at       cloud.Lake        // where it lies, in S3
	tell     func(what string) // of its progress
	findings []Finding

	// What one look leaves for the next.
	ingest, worker *function
	uuid           string // of the stream's mapping
	streamARN      string
	window         time.Duration // in which a batch is gathered
	demand         bool          // it is a stream on demand
	shards         int32
	factor         int32 // batches of a shard that are taken at once
	workers        int32
	tableless      bool
}

// function is a deployed one.
type function struct {
	name string
	*lambda.GetFunctionConfigurationOutput
	off    bool // Lambda may not start it
	secret bool // its variables cannot be read
}

// env is what a function was told.
func (f *function) env() map[string]string {
	if f.Environment == nil {
		return nil
	}
	return f.Environment.Variables
}

// look is one step of an examination.
type look struct {
	what string
	do   func(*examination, context.Context)
}

var (
	everywhere = []look{
		{"conditional writes", (*examination).probe}, {"the catalog's table", (*examination).table}, {"hours", (*examination).hours},
	}
	deployed = []look{
		{"functions", (*examination).functions}, {"the stream's mapping", (*examination).mapping}, {"the stream", (*examination).stream},
		{"the queue", (*examination).queue}, {"schedules", (*examination).schedules}, {"claims", (*examination).claims},
		{"what the roles may do", (*examination).roles}, {"the bucket", (*examination).bucket},
		{"what was given up", (*examination).givenUp}, {"quotas", (*examination).quotas},
		{"lag and alarms", (*examination).watch},
	}
)

// Examine looks at everything and gives what it finds, the worst first. progress is told what comes next.
func Examine(ctx context.Context, l *host.Lake, o Options, progress func(done int, next string)) ([]Finding, error) {
	x, looks := &examination{Lake: l, Options: o}, everywhere
	if l.AWS != nil {
		looks = slices.Concat(deployed, everywhere, []look{{"calls", (*examination).calls}})
		var err error
		if x.at, err = cloud.ParseLake(l.Name); err != nil {
			return nil, err
		}
	}
	for i, l := range looks {
		x.tell = func(what string) { progress(i, what) }
		x.tell(l.what)
		l.do(x, ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	slices.SortStableFunc(x.findings, func(a, b Finding) int { return cmp.Compare(a.Code.Severity, b.Code.Severity) })
	return x.findings, nil
}

// want notes what is not so.
func (x *examination) want(ok bool, code Code, resource, found string, args ...any) {
	if !ok {
		x.findings = append(x.findings, Finding{code, resource, fmt.Sprintf(found, args...)})
	}
}

// read notes that something is not there, or cannot be read. It tells whether it was.
func (x *examination) read(err error, resource string) bool {
	if err == nil {
		return true
	}
	var call *smithy.OperationError
	var api smithy.APIError
	switch {
	case !errors.As(err, &api):
		x.want(false, Unread, resource, "%v", err)
	case missing[api.ErrorCode()]:
		x.want(false, Missing, resource, "%s says that there is none", service(err))
	case errors.As(err, &call):
		x.want(false, Unread, resource, "%s.%s: %s: %s", call.Service(), call.Operation(), api.ErrorCode(), api.ErrorMessage())
	default:
		x.want(false, Unread, resource, "%s: %s", api.ErrorCode(), api.ErrorMessage())
	}
	return false
}

func service(err error) string {
	var call *smithy.OperationError
	if errors.As(err, &call) {
		return call.Service()
	}
	return "AWS"
}

// missing are the codes by which services say that something is not there.
var missing = map[string]bool{
	"ResourceNotFoundException": true, "EntityNotFoundException": true, "AWS.SimpleQueueService.NonExistentQueue": true, "QueueDoesNotExist": true,
	"NoSuchBucket": true, "NotFound": true,
}
