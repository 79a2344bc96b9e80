// Package wiring makes the ingest function out of its parts, as the environment says.
package wiring

import (
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/ingest/handler"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/function"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// parallel is how many writes are under way at once: most deliveries touch few hours, and the function waits for S3 most of its time.
const parallel = 16

// New gives the handler. Nothing is called yet: a bucket or a table that is not there fails the first delivery, which comes again.
func New(getenv func(string) string, out io.Writer) (*handler.Handler, error) {
	function.LimitMemory(getenv)
	slog.SetLogLoggerLevel(slog.LevelDebug) // the runtime would print each error once more; the handler's line has it
	slog.SetDefault(slog.New(slog.NewJSONHandler(out, nil)))
	c, err := load(getenv)
	sdk, cloudErr := cloud.FromEnvironment(getenv)
	if err = errors.Join(err, cloudErr, function.Hosted(getenv)); err != nil {
		return nil, err
	}
	strategy, usage := c.claims(sdk)
	i, err := ingest.New(s3bucket.New(cloud.S3(sdk), c.Lake()), strategy, ingest.Config{
		Mapping: c.Mapping(), MaxFuture: c.MaxFuture, Lanes: c.Lanes, Gzip: c.Encoding == "gzip", Parallel: parallel,
	})
	if err != nil {
		return nil, err
	}
	return handler.New(i, telemetry.New(out, c.Namespace, c.Stream, time.Now), time.Now, usage), nil
}

// claims gives the strategy, and what it takes of its table, nil for one without.
func (c *Config) claims(sdk aws.Config) (claims.Claims, func() dynamoclaims.Usage) {
	switch c.Claims {
	case "none":
		return claims.None{}, nil
	case "global": // with its own retention: a claim must outlive the record
		g := dynamoclaims.NewGlobal(dynamodb.NewFromConfig(sdk), c.ClaimsTable, claims.Options{})
		return g, g.Usage
	}
	s := dynamoclaims.NewShard(dynamodb.NewFromConfig(sdk), c.ClaimsTable, claims.Options{Keep: c.ClaimWindow})
	return s, s.Usage
}
