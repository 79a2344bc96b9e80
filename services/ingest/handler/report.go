package handler

import (
	"context"
	"encoding/hex"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// invocation is what is told of one.
type invocation struct {
	request     string
	cold        bool // the first of its process
	start       time.Time
	now         func() time.Time
	eventBytes  int
	shard       string
	first, last string
	records     int
	arrival     time.Time     // of the last record
	total       ingest.Result // of the deliveries that are done
	claims      func() slog.Attr
}

func (h *Handler) begin(ctx context.Context, payload []byte) *invocation {
	v := &invocation{start: h.now(), now: h.now, eventBytes: len(payload), cold: h.warm.CompareAndSwap(false, true)}
	v.total.Quarantined = map[event.Reason]int64{}
	if h.usage != nil {
		before := h.usage()
		v.claims = func() slog.Attr { return claimed(h.usage().Since(before)) }
	}
	if c, ok := lambdacontext.FromContext(ctx); ok {
		v.request = c.AwsRequestID
	}
	return v
}

// came notes what was delivered. An invocation serves one shard; of a hand-made event with several, the first is named.
func (v *invocation) came(deliveries []ingest.Delivery) {
	v.shard = deliveries[0].Shard
	v.first = deliveries[0].Records[0].Sequence
	for _, d := range deliveries {
		v.records += len(d.Records)
		last := d.Records[len(d.Records)-1]
		if d.Shard == v.shard {
			v.last = last.Sequence
		}
		if last.Arrival.After(v.arrival) {
			v.arrival = last.Arrival
		}
	}
}

// maxCopies is how many duplicates a line names; all are counted.
const maxCopies = 100

func (v *invocation) add(r ingest.Result) {
	v.total.Received += r.Received
	v.total.Stored += r.Stored
	v.total.Duplicates += r.Duplicates
	v.total.Fragments += r.Fragments
	v.total.Bytes += r.Bytes
	for reason, n := range r.Quarantined {
		v.total.Quarantined[reason] += n
	}
	v.total.Copies = append(v.total.Copies, r.Copies[:min(len(r.Copies), maxCopies-len(v.total.Copies))]...)
}

// copied is a duplicate in the log.
type copied struct {
	ID       string `json:"id"` // 32 hexadecimal digits: of a UUID its own
	Shard    string `json:"shard"`
	Sequence string `json:"sequence"`
	Position int    `json:"position"`
}

// report writes the line of the invocation, and one for each reason of quarantine, since a line carries one value of a dimension only.
func (v *invocation) report(ctx context.Context, log *telemetry.Log, err error) {
	failed, quarantined := 0, int64(0)
	message := "ingested"
	if err != nil {
		failed, message = 1, "ingest failed"
	}
	for _, n := range v.total.Quarantined {
		quarantined += n
	}
	attrs := []slog.Attr{
		slog.String("request_id", v.request), slog.Bool("cold_start", v.cold), slog.Int64("duration_ms", v.now().Sub(v.start).Milliseconds()),
		slog.Int("event_bytes", v.eventBytes), slog.String("shard", v.shard), slog.String("first", v.first), slog.String("last", v.last),
		slog.Int("records", v.records),
	}
	if quarantined > 0 {
		attrs = append(attrs, slog.Any("quarantined", v.total.Quarantined))
	}
	if len(v.total.Copies) > 0 {
		attrs = append(attrs, slog.Any("copies", copies(v.total.Copies)))
	}
	if v.claims != nil {
		attrs = append(attrs, v.claims())
	}
	t := &v.total
	metrics := []telemetry.Metric{
		telemetry.Count("Received", t.Received), telemetry.Count("Stored", t.Stored), telemetry.Count("Duplicates", t.Duplicates),
		telemetry.Count("Quarantined", quarantined), telemetry.Count("Fragments", t.Fragments), telemetry.Bytes("FragmentBytes", t.Bytes),
		telemetry.Count("Failed", failed),
	}
	if !v.arrival.IsZero() {
		metrics = append(metrics, telemetry.InMilliseconds("IteratorAge", max(v.now().Sub(v.arrival), 0)))
	}
	log.Write(ctx, telemetry.Line{Message: message, Err: err, Metrics: metrics, Attrs: attrs})
	for _, reason := range slices.Sorted(maps.Keys(t.Quarantined)) {
		log.Write(ctx, telemetry.Line{
			Message: "quarantined", Metrics: []telemetry.Metric{telemetry.Count("QuarantinedBy", t.Quarantined[reason])},
			By: slog.String("Reason", string(reason)), Attrs: []slog.Attr{slog.String("request_id", v.request), slog.String("shard", v.shard)},
		})
	}
}

func copies(all []ingest.Copy) []copied {
	named := make([]copied, len(all))
	for i, c := range all {
		named[i] = copied{hex.EncodeToString(c.ID[:]), c.Shard, c.Sequence, c.Position}
	}
	return named
}

// claimed is what an invocation's claims took. Unreadable items count as not there: their events are stored once more, for compaction to drop.
func claimed(u dynamoclaims.Usage) slog.Attr {
	return slog.Group("claims", slog.Int64("reads", u.Reads), slog.Float64("read_units", u.ReadUnits), slog.Int64("writes", u.Writes),
		slog.Float64("write_units", u.WriteUnits), slog.Int64("unreadable", u.Unreadable))
}
