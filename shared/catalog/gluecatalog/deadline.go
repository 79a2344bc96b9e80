package gluecatalog

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go/middleware"
)

// inTime refuses to send once the context has ended: for each try of a call anew, as the last step before the request goes out. A deadline
// is held against the clock as well as the timer, since the timer of a function that was frozen can be late.
func (c *Catalog) inTime(o *glue.Options) {
	check := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if err := ended(ctx, c.now()); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, &aws.RequestCanceledError{Err: err}
		}
		return next.HandleFinalize(ctx, in)
	}
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
		return s.Finalize.Add(middleware.FinalizeMiddlewareFunc("LakebedDeadline", check), middleware.After)
	})
}

func ended(ctx context.Context, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// The wall clock: the monotonic one, by which the timer goes, may have stood still.
	if deadline, ok := ctx.Deadline(); ok && !now.Round(0).Before(deadline.Round(0)) {
		return context.DeadlineExceeded
	}
	return nil
}
