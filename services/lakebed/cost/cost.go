// Package cost reckons what a lake costs by the month, line by line, and what Amazon Data Firehose would at the same load; and which limit of AWS a load
// meets first. Prices, limits and what was measured of the functions come from a dated file; how much of each thing is used, from how they work.
package cost

import (
	"errors"
	"math"
	"time"
)

// Load is what comes, and how the lake is set up.
type Load struct {
	Rate   float64 // events a second, over the month
	Peak   float64 // what the busiest hour has, against that
	Bytes  float64 // of an event
	Stream string  // Provisioned, OnDemand, or Cheaper of the two
	Claims string  // none, shard or global
	Lanes  float64 // that an hour is split into; 0: as many as the load wants
	Factor float64 // batches of a shard under way at once
	Window time.Duration
	Scans  float64 // how often a month's queries read each event of the month
}

// The capacity modes of a stream.
const (
	Provisioned = "provisioned"
	OnDemand    = "on-demand"
	Cheaper     = "cheaper"
)

// Usual is a load but for its rate and bytes, with what the Terraform modules set if nobody says otherwise.
var Usual = Load{Peak: 1.5, Stream: Cheaper, Claims: "shard", Factor: 1, Window: 5 * time.Second, Scans: 1}

// Line is one line of a bill.
type Line struct {
	Bill   string // whose
	What   string
	Amount float64
	Unit   string
	Month  float64 // dollars
}

// The bills.
const (
	Lakebed      = "lakebed"
	Instead      = "instead"       // what a line of Lakebed's would cost, chosen otherwise
	Firehose     = "firehose"      // by the hour of arrival, copies and all
	FirehoseTime = "firehose+time" // by the hour of the event, copies and all
)

const (
	hours   = 730 // of a month
	seconds = hours * 3600
	kib     = 1024
	gb      = 1e9

	// A shard takes this much: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
	shardRecords = 1000
	shardBytes   = 1 << 20
	full         = 0.8 // of a shard, at the peak

	// A batch is at most so large: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html. What a record's envelope takes
	// is an estimate.
	batchRecords  = 10_000
	batchPayload  = 6 << 20
	envelopeBytes = 350

	// Memory of the functions as the modules set it; 1,769 MB come with a whole CPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
	ingestMB, compactorMB, cpuMB = 512, 1769, 1769

	ratio = 5 // of gzip level 6, by `make bench-peers`

	// Estimates, but for what the modules set: nobody has run a deployment at these loads.
	waiting       = 0.15 // seconds in which an invocation of ingest waits for S3 and DynamoDB
	visiting      = 0.5  // seconds in which a visit of an hour waits
	ticks         = 12   // runs of the planner in an hour
	visitTicks    = 300. // seconds between them
	dirty         = 2    // hours that get new events at once, most of the time
	settling      = 10   // visits until an hour is put together, published and swept
	listings      = 5    // of a visit, of no more than a page
	looks         = 2    // of a visit
	writes        = 3    // of a visit: index and part, and what is swept
	hoursOfABatch = 1.5  // hours that the events of a batch fall into
	kept          = 6.5  // hours until a fragment is swept
	page          = 1000 // keys of a listing
	mostLanes     = 256
	metrics       = 30
	alarms        = 17
	logBytes      = 1500 // of an invocation

	// services/compactor: what a part aims at; sieve.go: bits of a filter that an id wants, and those that it sets at the most; dedupe.go: memory
	// of a line but for its text; shared/index: an id and a body's hash. That a hundredth of the events are copies is an estimate.
	partBytes                 = 128 << 20
	wanted, mostSet, lineRoom = 16, 8, 112
	indexedID, copies         = 24, 0.01

	shardItem, shardID = 365, 24 // bytes of a claim's item, and of an id in it: shared/claims/dynamoclaims
	shardReads         = 0.026   // read units an event, at one batch a second

	bufferBytes, bufferSeconds = 128e6, 900 // of Firehose, at their most
)

// Check reports what cannot be.
func (l Load) Check() error {
	for _, c := range []struct {
		ok   bool
		want string
	}{
		{l.Rate > 0 && l.Rate <= 1e8, "events-per-second: want more than 0 and at most 100,000,000; a hundred an hour are 0.028"},
		{l.Bytes >= 2 && l.Bytes <= 10<<20, "bytes: want those of an event, 2 to 10 MiB, which is what a record holds"},
		{l.Peak >= 1 && l.Peak <= 1000, "peak: want 1 to 1000"},
		{l.Stream == Provisioned || l.Stream == OnDemand || l.Stream == Cheaper, "stream: want provisioned, on-demand or cheaper"},
		{l.Claims == "none" || l.Claims == "shard" || l.Claims == "global", "claims: want none, shard or global"},
		{l.Lanes == 0 || l.Lanes >= 1 && l.Lanes <= 256 && math.Trunc(math.Log2(l.Lanes)) == math.Log2(l.Lanes), "lanes: want a power of two up to 256, or 0 for as many as the load wants"},
		{l.Factor >= 1 && l.Factor <= 10 && math.Trunc(l.Factor) == l.Factor, "factor: want 1 to 10, as Lambda does"},
		{l.Window >= 0 && l.Window <= 5*time.Minute, "batch-window: want 0s to 5m, as Lambda does"},
		{l.Scans >= 0 && l.Scans <= 1e6, "scans: want 0 or more"},
	} {
		if !c.ok {
			return errors.New(c.want)
		}
	}
	return nil
}

// Shards is how many a provisioned stream needs.
func (l Load) Shards() float64 {
	return math.Ceil(l.Rate * l.Peak / full * max(1./shardRecords, l.Bytes/shardBytes))
}

// lanes is how many an hour is split into: as many as told, else so many that each of them is merged in four fifths of the time, in the busiest hour.
func (l Load) lanes(p *Prices) float64 {
	n := max(1, l.Lanes)
	for l.Lanes == 0 && n < mostLanes && l.merging(p, l.Rate*l.Peak, n) > full {
		n *= 2
	}
	return n
}

// listed is the share of an hour's fragments that a visit lists, on average: that of the first lane lists all, each other its own.
func listed(lanes float64) float64 { return (2 - 1/lanes) / lanes }

// merging is how many seconds a lane's worker takes for what comes in a second, when an hour of so many events a second ends.
func (l Load) merging(p *Prices, rate, lanes float64) float64 {
	rate /= lanes
	return rate*l.Bytes/p.measured["merge_bytes"] + l.knowing(p, rate)
}

// knowing is the part of it that goes into reading, from the bucket, the ids that the lane has so far: for each part once into a filter, which takes up to all of
// the setting memory, and, past what came through it, each time that this fills the memory with its lines or its text has the size of a part, and at the end.
// (Ids are spread unevenly over the filter's blocks: a little more comes through than is reckoned.)
func (l Load) knowing(p *Prices, rate float64) float64 {
	ids, memory := rate*3600, p.limits["compactor_text"]
	bits := min(wanted, 8*memory/ids) // of the filter, for an id
	set := max(1, min(math.Round(math.Ln2*bits), mostSet))
	through := min(1, copies+math.Pow(1-math.Exp(-set/bits), set))
	parts := max(1/visitTicks, rate*l.Bytes/ratio/partBytes) // a second
	aside := rate * through / parts                          // lines of a part
	passes := min(rate, parts*(2+math.Floor(aside*max(lineRoom/memory, l.Bytes/partBytes))))
	return passes * ids * indexedID / p.measured["index_bytes"]
}

// ForShards is the load that fills so many shards.
func (l Load) ForShards(n float64) Load {
	l.Rate = n * full / l.Peak / max(1./shardRecords, l.Bytes/shardBytes)
	return l
}

// Invocations of ingest in a month.
func (l Load) Invocations() float64 { return l.batches(l.Rate) * seconds }

// batches in a second, at so many events: one is sent when its first record has waited for the window, or when it is full. Each shard has as many streams
// of them as the factor says.
func (l Load) batches(rate float64) float64 {
	streams := l.Shards() * l.Factor
	rate /= streams
	a := 1 / (l.Window.Seconds() + 1/rate)
	b := rate / min(batchRecords, batchPayload/(l.Bytes*4/3+envelopeBytes))
	return streams * max(a, b)
}

// lasts is how many seconds an invocation of ingest takes for so many events, and calls of S3.
func (l Load) lasts(p *Prices, events, calls float64) float64 {
	m := p.measured
	return waiting + (max(events/m["ingest_events"], events*l.Bytes/m["ingest_bytes"])+calls*m["call_seconds"])*cpuMB/ingestMB
}

// Million is a line's price per million events.
func (l Load) Million(month float64) float64 { return month / (l.Rate * seconds / 1e6) }

// Bills gives every line.
func Bills(l Load, p *Prices) []Line {
	var all []Line
	add := func(bill, what string, amount float64, unit string, usd float64) {
		all = append(all, Line{bill, what, amount, unit, usd})
	}
	events, raw := l.Rate*seconds, l.Rate*seconds*l.Bytes
	small := raw / ratio / gb

	l.stream(p, add)

	n := l.Invocations()
	fragments := min(n*hoursOfABatch*l.lanes(p), events)
	lasts := l.lasts(p, events/n, fragments/n+1)
	add(Lakebed, "ingest: invocations", n, "requests", p.cost("lambda_request", n))
	add(Lakebed, "ingest: time", n*lasts*ingestMB/kib, "GB-seconds", p.cost("lambda_gb_second", n*lasts*ingestMB/kib))
	add(Lakebed, "ingest: objects", fragments+n, "S3 writes", p.cost("s3_put", fragments+n))
	for _, strategy := range []string{"none", "shard", "global"} {
		w, r := claimUnits(strategy, events, n)
		bill := Instead
		if strategy == l.Claims {
			bill = Lakebed
		}
		add(bill, "claims: "+strategy, w+r, "units", p.cost("dynamodb_write_unit", w)+p.cost("dynamodb_read_unit", r))
	}

	visits := hours * (min(ticks*dirty*l.lanes(p), fragments/hours) + settling)
	planned := float64(hours * ticks)
	m := p.measured
	pages := fragments / hours / page * (visits*looks*listed(l.lanes(p)) + planned*kept)
	busy := raw/m["merge_bytes"] + raw/m["move_bytes"] + fragments*m["call_seconds"] + l.knowing(p, l.Rate/l.lanes(p))*l.lanes(p)*seconds/2
	worked := (busy + visits*visiting + planned + pages*m["page_seconds"]) * compactorMB / kib
	add(Lakebed, "compactor: invocations", visits+planned, "requests", p.cost("lambda_request", visits+planned))
	add(Lakebed, "compactor: time", worked, "GB-seconds", p.cost("lambda_gb_second", worked))
	add(Lakebed, "compactor: fragments read", fragments, "S3 reads", p.cost("s3_get", fragments))
	calls := visits*(listings+writes) + pages
	add(Lakebed, "compactor: listings and writes", calls, "S3 writes", p.cost("s3_put", calls))

	held := small + raw/gb*kept/hours
	add(Lakebed, "storage of a month's events", held, "GB", p.cost("s3_gb_month", held))
	logs := (n + visits + planned) * logBytes / gb
	add(Lakebed, "metrics, alarms, logs", logs, "GB of logs",
		p.cost("cloudwatch_metric", metrics)+p.cost("cloudwatch_alarm", alarms)+p.cost("cloudwatch_dashboard", 1)+p.cost("cloudwatch_log_gb", logs))
	scanned := small / 1000 * l.Scans
	add(Lakebed, "Athena", scanned, "TB", p.cost("athena_tb", scanned))

	in := events * math.Ceil(l.Bytes/(5*kib)) * 5 * kib / gb
	objects := max(raw/bufferBytes, min(seconds/bufferSeconds, events))
	for _, bill := range []string{Firehose, FirehoseTime} {
		add(bill, "ingestion", in, "GB", p.cost("firehose_gb", in))
		if bill == FirehoseTime {
			objects = min(objects*hoursOfABatch, events)
			add(bill, "dynamic partitioning", raw/gb, "GB", p.cost("firehose_partition_gb", raw/gb)+p.cost("firehose_partition_object", objects)+
				p.cost("firehose_partition_hour", hours))
		}
		add(bill, "objects", objects, "S3 writes", p.cost("s3_put", objects))
		add(bill, "storage of a month's events", small, "GB", p.cost("s3_gb_month", small))
		add(bill, "Athena", scanned, "TB", p.cost("athena_tb", scanned))
	}
	return all
}

// stream adds what the stream costs, in its mode and in the other.
func (l Load) stream(p *Prices, add func(bill, what string, amount float64, unit string, usd float64)) {
	events := l.Rate * seconds
	shards, units, gbs := l.Shards(), events*math.Ceil(l.Bytes/(25*kib)), events*math.Ceil(l.Bytes/kib)*kib/gb
	provisioned := p.cost("kinesis_shard_hour", shards*hours) + p.cost("kinesis_put_unit", units)
	onDemand := p.cost("kinesis_stream_hour", hours) + p.cost("kinesis_gb_in", gbs) + p.cost("kinesis_gb_out", gbs)
	first, second := Lakebed, Instead
	if l.Stream == OnDemand || l.Stream == Cheaper && onDemand < provisioned {
		first, second = Instead, Lakebed
	}
	add(first, "stream, provisioned", shards, "shards", provisioned)
	add(second, "stream, on demand", gbs, "GB", onDemand)
}

// claimUnits are DynamoDB's: written, and read.
func claimUnits(strategy string, events, batches float64) (written, read float64) {
	switch strategy {
	case "shard":
		return batches * math.Ceil((shardItem+shardID*events/batches)/kib), batches + events*shardReads
	case "global":
		return events, 0
	}
	return 0, 0
}

// Sums gives what each bill that can be paid comes to, in order.
func Sums(lines []Line) []Line {
	var sums []Line
	for _, bill := range []string{Lakebed, Firehose, FirehoseTime} {
		sum := Line{Bill: bill, What: "together"}
		for _, line := range lines {
			if line.Bill == bill {
				sum.Month += line.Month
			}
		}
		sums = append(sums, sum)
	}
	return sums
}
