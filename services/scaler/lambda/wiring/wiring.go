// Package wiring makes the scaler function out of its parts, as the environment says.
package wiring

import (
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lakebed/lakebed/services/scaler/handler"
	"github.com/lakebed/lakebed/services/scaler/streams"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/function"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// New gives the handler. Nothing is called yet: a stream that is not there fails the first invocation.
func New(getenv func(string) string, out io.Writer) (*handler.Handler, error) {
	function.LimitMemory(getenv)
	slog.SetLogLoggerLevel(slog.LevelDebug) // the runtime would print each error once more; the handler's lines have it
	slog.SetDefault(slog.New(slog.NewJSONHandler(out, nil)))
	c, named, err := load(getenv)
	sdk, cloudErr := cloud.FromEnvironment(getenv)
	if err = errors.Join(err, cloudErr, function.Hosted(getenv)); err != nil {
		return nil, err
	}
	scaled := make([]handler.Stream, len(named))
	for i, s := range named {
		scaled[i] = handler.Stream{Name: s.name, Settings: s.settings, Log: telemetry.New(out, c.Namespace, s.name, time.Now)}
	}
	of := streams.New(kinesis.NewFromConfig(sdk), cloudwatch.NewFromConfig(sdk), ssm.NewFromConfig(sdk))
	return handler.New(of.Look, of.Update, scaled, time.Now), nil
}
