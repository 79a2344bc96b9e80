// Package wiring makes the compactor function out of its parts, as the environment says.
package wiring

import (
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/compactor/handler"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/function"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// New gives the handler. Nothing is called yet: a bucket, a table or a queue that is not there fails the first invocation.
func New(getenv func(string) string, out io.Writer) (*handler.Handler, error) {
	function.LimitMemory(getenv)
	slog.SetLogLoggerLevel(slog.LevelDebug) // the runtime would print each error once more; the handler's line has it
	slog.SetDefault(slog.New(slog.NewJSONHandler(out, nil)))
	c, err := load(getenv)
	sdk, cloudErr := cloud.FromEnvironment(getenv)
	if err = errors.Join(err, cloudErr, function.Hosted(getenv)); err != nil {
		return nil, err
	}
	lake := c.Lake()
	table := gluecatalog.New(glue.NewFromConfig(sdk), gluecatalog.Config{Database: c.Database, Table: c.Table, Lake: lake, Deployed: true})
	work, err := compactor.New(s3bucket.New(cloud.S3(sdk), lake), table, compactor.Config{
		Policy: compactor.Policy{
			Target: int64(c.Target), Close: c.Close, MajorParts: c.MajorParts, MajorShare: c.MajorShare, Bound: c.CatalogBound,
			Anew: compactor.Anew, Grace: c.Grace, Live: c.Live, LongestQuery: c.LongestQuery,
		},
		Mapping: c.Mapping(), Memory: int64(c.Memory), Parallel: 1, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	return handler.New(handler.Config{
		Compactor: work, Bound: c.CatalogBound, Send: handler.Queue(sqs.NewFromConfig(sdk), c.QueueURL),
		Log: telemetry.New(out, c.Namespace, c.Stream, time.Now), Now: time.Now,
	}), nil
}
