package cost

import (
	"cmp"
	"math"
	"slices"
)

// Limit is something that a load takes, beside the most of it that there is.
type Limit struct {
	What         string
	Amount, Most float64
	Unit         string
	Breaks       float64 // shards, as full as usual, that take more than there is; 0: no number of them
	Turn         string  // what helps
}

// Share is how much of the most is taken: what is above 1 breaks.
func (l Limit) Share() float64 { return l.Amount / l.Most }

const glueCalls = 10 // of a visit

// mostShards is how many are looked at, in steps of a twentieth.
const mostShards, step20 = 1e5, 1.05

// Limits gives what the busiest hour takes of each thing that is limited, what breaks first with more and more shards first.
func Limits(l Load, p *Prices) []Limit {
	all := l.takes(p)
	for n := 1.; n < mostShards; n = math.Ceil(n * step20) {
		for i, limit := range l.ForShards(n).takes(p) {
			if all[i].Breaks == 0 && limit.Share() > 1 {
				all[i].Breaks = n
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Limit) int {
		return cmp.Or(cmp.Compare(never(a.Breaks), never(b.Breaks)), cmp.Compare(b.Share(), a.Share()))
	})
	return all
}

func never(shards float64) float64 {
	if shards == 0 {
		return math.Inf(1)
	}
	return shards
}

// takes is Limits but for when they break, in no order.
func (l Load) takes(p *Prices) []Limit {
	var all []Limit
	add := func(what string, amount, most float64, unit, turn string) {
		all = append(all, Limit{What: what, Amount: amount, Most: most, Unit: unit, Turn: turn})
	}
	m, most := p.measured, p.limits
	rate, shards, lanes := l.Rate*l.Peak, l.Shards(), l.lanes(p)
	batches := l.batches(rate)
	events := rate / batches
	fragments := min(batches*lanes, rate)             // of the hour itself
	written := min(batches*lanes*hoursOfABatch, rate) // those of late events, too
	lasts := l.lasts(p, events, lanes*hoursOfABatch+1)

	add("stream: shards of the account", shards, most["kinesis_shards"], "shards", "the quota")
	add("stream: written to a shard", max(rate/shards/shardRecords, rate/shards*l.Bytes/shardBytes)*100, 100, "percent", "more shards")
	add("stream: read from a shard", rate/shards*l.Bytes, most["kinesis_shard_read"], "B/s", "more shards")

	add("ingest: invocations of a shard, one after the other", batches/shards/l.Factor*lasts, 1, "seconds a second", "factor")
	add("ingest: memory", m["ingest_mb"], most["ingest_memory"], "MB", "memory")

	merging := l.merging(p, rate, lanes)
	busy := merging*lanes + rate*l.Bytes/m["move_bytes"] + written*m["call_seconds"]
	hourly := fragments * 3600
	look := hourly / page * m["page_seconds"]
	visits := min(lanes*dirty/visitTicks, fragments)
	workers := busy + visits*(visiting+looks*look*listed(lanes))
	add("compactor: workers", workers, most["compactor_workers"], "at once", "workers")
	add("compactor: a lane's merge of what came in 5 minutes", merging*visitTicks, visitTicks, "seconds", "lanes, the setting memory")
	add("compactor: a look at an hour's fragments", look, most["lambda_seconds"], "seconds", "batch-window, fewer lanes")
	add("compactor: a survey of all fragments", written*3600*kept/page*m["page_seconds"], most["lambda_seconds"], "seconds", "batch-window, fewer lanes, a shorter grace")
	add("compactor: memory", m["merge_mb"]+hourly*m["look_bytes"]/1e6, most["compactor_memory"], "MB", "batch-window, fewer lanes; memory")

	add("Lambda: at once, on average", batches*lasts+workers+1, most["lambda_concurrency"], "at once", "the quota")
	add("Lambda: at once, when shards catch up", shards*l.Factor+most["compactor_workers"]+1, most["lambda_concurrency"], "at once", "the quota")

	add("S3: fragments written to an hour", fragments, most["s3_writes"], "a second", "batch-window, fewer lanes")
	add("S3: fragments read of an hour", fragments, most["s3_reads"], "a second", "batch-window, fewer lanes")
	add("S3: ledger entries written", batches, most["s3_writes"], "a second", "batch-window")

	w, r := claimUnits(l.Claims, rate, batches)
	if w > 0 {
		add("claims: written", w, most["dynamodb_writes"], "units a second", "claims, the quota")
		add("claims: read", r, most["dynamodb_reads"], "units a second", "claims, the quota")
	}
	if l.Claims == "shard" {
		add("claims: written by a shard", w/shards, most["dynamodb_partition_writes"], "units a second", "more shards")
		add("claims: a batch's ids", shardItem+shardID*events, most["dynamodb_item"], "B", "batch size")
	}

	add("Glue: calls", visits*glueCalls, most["glue_calls"], "a second", "fewer lanes, the quota")
	return all
}

// CatchUp is how many times as fast as events come a backlog is read, at the most: what invocations of a shard have left, and what a shard gives.
func CatchUp(l Load, p *Prices) float64 {
	rate := l.Rate * l.Peak / l.Shards()
	most := min(batchRecords, batchPayload/(l.Bytes*4/3+envelopeBytes)) // of a full batch
	return math.Min(l.Factor*most/l.lasts(p, most, l.lanes(p)*hoursOfABatch+1), p.limits["kinesis_shard_read"]/l.Bytes) / rate
}
