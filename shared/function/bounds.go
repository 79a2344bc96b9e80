package function

import (
	"context"
	"errors"
	"runtime/debug"
	"strconv"
	"time"
)

// LimitMemory has the garbage collector keep to 85 % of the function's memory, so that it works harder rather than that Lambda kills the
// process. The rest is for what the limit does not count, such as the binary itself. A GOMEMLIMIT that somebody set stays. It returns the
// limit in bytes, 0 when it set none.
func LimitMemory(getenv func(string) string) int64 {
	megabytes, err := strconv.ParseInt(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 32)
	if getenv("GOMEMLIMIT") != "" || err != nil || megabytes <= 0 {
		return 0
	}
	limit := megabytes << 20 * 85 / 100
	debug.SetMemoryLimit(limit)
	return limit
}

// Before is a deadline of our own that comes before Lambda's, so that an invocation ends with an error that says why and not with a kill
// that says nothing: a tenth of the time left is kept back, but at least least and at most most. It is zero when ctx has no deadline.
func Before(ctx context.Context, now time.Time, least, most time.Duration) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	return deadline.Add(-min(max(deadline.Sub(now)/10, least), most))
}

// Bound gives ctx the deadline Before; the caller calls the function when it is done.
func Bound(ctx context.Context, least, most time.Duration) (context.Context, context.CancelFunc) {
	deadline := Before(ctx, time.Now(), least, most)
	if deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline)
}

// Hosted wants Lambda's runtime around this process: without it there is nothing to serve.
func Hosted(getenv func(string) string) error {
	if getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		return errors.New("AWS_LAMBDA_RUNTIME_API is not set: want Lambda, or what stands for it, to start this program")
	}
	return nil
}
