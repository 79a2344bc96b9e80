package telemetry

import (
	"log/slog"
	"math"
	"time"
)

// Unit is one of CloudWatch's units: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
type Unit string

// The units in use.
const (
	None         Unit = "None"
	Counts       Unit = "Count"
	Sizes        Unit = "Bytes"
	Milliseconds Unit = "Milliseconds"
	Seconds      Unit = "Seconds"
)

// Metric is one value that CloudWatch takes out of a line.
type Metric struct {
	Name  string
	Unit  Unit
	Value float64 // one that is not finite is left out
}

// Count is a number of things.
func Count[N int | int64](name string, n N) Metric { return Metric{name, Counts, float64(n)} }

// Bytes is a size.
func Bytes(name string, n int64) Metric { return Metric{name, Sizes, float64(n)} }

// InMilliseconds is a duration.
func InMilliseconds(name string, d time.Duration) Metric {
	return Metric{name, Milliseconds, float64(d.Milliseconds())}
}

// InSeconds is a long duration.
func InSeconds(name string, d time.Duration) Metric {
	return Metric{name, Seconds, math.Round(d.Seconds())}
}

// Ratio is a number without a unit.
func Ratio(name string, v float64) Metric { return Metric{name, None, v} }

// attr is the metric in a line. A whole number's text is the same as an integer's, which takes less to write.
func (m Metric) attr() slog.Attr {
	if n := int64(m.Value); math.Abs(m.Value) < 1<<53 && float64(n) == m.Value {
		return slog.Int64(m.Name, n)
	}
	return slog.Float64(m.Name, m.Value)
}

func (m Metric) finite() bool { return !math.IsNaN(m.Value) && !math.IsInf(m.Value, 0) }
