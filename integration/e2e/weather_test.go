package e2e

import (
	"fmt"
	"sync/atomic"

	"github.com/lakebed/lakebed/integration/proxy"
)

// weather is what a cloud does now and then: it refuses, throttles, takes its time, and loses the reply to what it has done.
type weather struct {
	calls atomic.Int64
	met   [4]atomic.Int64
}

func (w *weather) String() string {
	return fmt.Sprint("of ", w.calls.Load(), " calls ", w.met[0].Load(), " refused, ", w.met[1].Load(), " throttled, ", w.met[2].Load(), " lost after their effect, ", w.met[3].Load(), " never sent")
}

// hook puts a fault into about one call of twelve, each kind at its own step.
func (w *weather) hook(c proxy.Call) proxy.Fault {
	n := w.calls.Add(1)
	switch {
	case c.Service == "s3" && n%29 == 0:
		w.met[0].Add(1)
		return proxy.Fault{Answer: proxy.Refuse("s3", 503, "SlowDown")}
	case c.Service != "s3" && n%13 == 0:
		w.met[1].Add(1)
		code := "ThrottlingException"
		if c.Service == "dynamodb" {
			code = "ProvisionedThroughputExceededException"
		}
		return proxy.Fault{Answer: proxy.Refuse(c.Service, 400, code)}
	case n%37 == 0:
		w.met[2].Add(1)
		return proxy.Fault{Lose: proxy.After}
	case n%61 == 0:
		w.met[3].Add(1)
		return proxy.Fault{Lose: proxy.Before}
	}
	return proxy.Fault{}
}
