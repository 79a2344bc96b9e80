// Package telemetry writes what the Lambda functions say of themselves: one line of JSON an invocation, which is its log record and its
// metrics at once, in CloudWatch's embedded metric format
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
// Attributes are in snake_case; metrics, and the dimensions Stream and Reason, are in CamelCase, so that neither hides the other.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Log writes lines. Safe for concurrent use.
type Log struct {
	slog      *slog.Logger
	namespace string
	stream    string
	now       func() time.Time
}

// dimension is how every metric is told from those of other streams.
const dimension = "Stream"

// New writes to w; metrics go into namespace, under the dimension Stream.
func New(w io.Writer, namespace, stream string, now func() time.Time) *Log {
	return &Log{slog.New(slog.NewJSONHandler(w, nil)), namespace, stream, now}
}

// Line is what one invocation, or one quarantine reason of it, comes to.
type Line struct {
	Message string
	Err     error // why it failed; the line tells its class and its text
	Metrics []Metric
	Attrs   []slog.Attr
	By      slog.Attr // a dimension of the metrics beside Stream, a string; the zero Attr for none
}

// metadata is the member _aws. The format gives a line one value of a dimension only, so what is told apart by another takes a line of its own.
type metadata struct {
	Timestamp         int64 // Unix milliseconds
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct {
	Name string
	Unit Unit
}

// maxMetrics is how many metrics the format allows in a directive.
const maxMetrics = 100

// maxText keeps a line well below the 256 KiB that CloudWatch Logs takes, whatever an error has to say. Of a line that is cut there no
// metrics are taken.
const maxText = 16 << 10

// Cut gives the text up to most bytes. Texts of errors that go into a line's Attrs are to be cut by who puts them there.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// Write writes one line.
func (l *Log) Write(ctx context.Context, line Line) {
	d := directive{Namespace: l.namespace, Dimensions: [][]string{{dimension}}}
	attrs := []slog.Attr{slog.String(dimension, l.stream)}
	if line.By.Key != "" {
		d.Dimensions[0] = append(d.Dimensions[0], line.By.Key)
		attrs = append(attrs, line.By)
	}
	for _, m := range line.Metrics {
		if m.finite() {
			d.Metrics = append(d.Metrics, definition{m.Name, m.Unit})
			attrs = append(attrs, m.attr())
		}
	}
	meta := metadata{Timestamp: l.now().UnixMilli()}
	for rest := d.Metrics; len(rest) > 0; rest = rest[min(len(rest), maxMetrics):] {
		d.Metrics = rest[:min(len(rest), maxMetrics)]
		meta.CloudWatchMetrics = append(meta.CloudWatchMetrics, d)
	}
	if len(meta.CloudWatchMetrics) > 0 {
		attrs = append(attrs, slog.Any("_aws", meta))
	}
	attrs = append(attrs, line.Attrs...)
	level := slog.LevelInfo
	if line.Err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error_class", Class(line.Err)), slog.String("error", Cut(line.Err.Error(), maxText)))
	}
	l.slog.LogAttrs(ctx, level, line.Message, attrs...)
}
