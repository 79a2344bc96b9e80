package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lakebed/lakebed/services/lakebed/generate"
	"github.com/lakebed/lakebed/shared/layout"
)

// hours are those in which the day's events happened: all of them get some whenever producers put.
const hours = 3

// TestGameDay plays outages: ingest off for an hour, the compactor off for an hour, an hour of events in which work fails. Alarms ring and are over, what
// piled up is worked off, the other hours go on, and who asks meanwhile is never given an error or a wrong answer. scripts/game-day.sh plays it with more, and
// prints the day.
func TestGameDay(t *testing.T) {
	t.Parallel()
	d := &day{
		// The schedule is played: the emulator's own does not know how long a minute is.
		stack:  deploy(t, map[string]string{"streams": "{ events = { shards = 1 } }", "schedule_enabled": "false", "batch_size": strconv.Itoa(batch)}),
		length: setting(t, "LAKEBED_GAME_MINUTE", 200*time.Millisecond, time.ParseDuration), rate: setting(t, "LAKEBED_GAME_RATE", 100, strconv.Atoi),
		planner: true, metrics: series{}, sums: map[string]float64{}, rings: map[string]bool{}, rang: map[string]bool{},
	}
	d.rule = d.alarms(t)
	known(t, d.rule)
	d.feed(t, d.out.Compactor.Function, true)

	began := time.Now()
	d.say(t, "a day begins: %d records a minute, a minute takes %s or longer", d.rate, d.length)
	d.until(t, 600, "the first events are compacted", func() bool { return d.sums["EventsWritten"] > 0 })
	asking, stop := context.WithCancel(t.Context())
	defer stop()
	reader := d.read(asking, t)
	for _, scene := range []struct {
		name   string
		play   func(*testing.T) outage
		alarms []string
	}{
		{"Ingest off", d.ingestOff, []string{"iterator-age", "silent"}},
		{"Compactor off", d.compactorOff, []string{"oldest-uncompacted"}},
		// Of an hour that cannot be looked at, all counts as not compacted.
		{"Poison", d.poison, []string{"broken-fragments", "oldest-uncompacted", "set-aside"}},
	} {
		t.Run(scene.name, func(t *testing.T) {
			clear(d.rang)
			reader.since()
			o := scene.play(t)
			mended := time.Now()
			d.until(t, 600, "no alarm rings any more, and all is compacted", func() bool { return d.calm() && d.oldest.After(mended) })
			delete(d.rang, "locations-repaired") // it may, where a worker looks between another's seal and its Location,
			delete(d.rang, "dead-letters")       // and that, too, where three tries took no longer than the scene
			if rang := names(d.rang); !slices.Equal(rang, scene.alarms) {
				t.Errorf("%v rang, want %v", rang, scene.alarms)
			}
			asked, slowest := reader.since()
			d.say(t, "over: %s; %d queries, the slowest took %s", o, asked, slowest.Round(time.Millisecond))
		})
	}
	t.Run("In the end", func(t *testing.T) {
		d.ends(t, reader)
		d.say(t, "the day took %s", time.Since(began).Round(time.Second))
	})
}

// setting is one of the day's, for who plays it with more.
func setting[T any](t *testing.T, name string, otherwise T, parse func(string) (T, error)) T {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := parse(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// outage is what came of one.
type outage struct {
	backlog int           // records that waited in the end
	drained int           // minutes until they did not
	took    time.Duration // here
}

func (o outage) String() string {
	return fmt.Sprintf("%d records waited, and were worked off in %d minutes (here %s, %.0f a second)",
		o.backlog, o.drained, o.took.Round(10*time.Millisecond), float64(o.backlog)/o.took.Seconds())
}

// ingestOff: nobody reads the stream for an hour.
func (d *day) ingestOff(t *testing.T) outage {
	d.say(t, "ingest is off: its event source mapping is disabled")
	d.behind = true
	d.feed(t, d.out.Ingest.Function, false)
	d.minutes(t, 60)
	if !d.rings["silent"] || d.rings["iterator-age"] { // of a stream that is not read, Lambda tells no age
		t.Errorf("while ingest is off, %v ring", d.ringing())
	}
	o := outage{backlog: d.backlog()}
	d.say(t, "ingest is on again: %d records wait", o.backlog)
	back := time.Now()
	d.feed(t, d.out.Ingest.Function, true)
	o.drained = d.until(t, 600, "ingest has caught up", func() bool { return d.backlog() < 2*putEvery*d.rate })
	o.took = time.Since(back)
	d.behind = false
	d.say(t, "ingest has caught up")
	stream := map[string]string{"Stream": strings.TrimSuffix(d.out.Ingest.Function, "-ingest")}
	own := metric{Namespace: "Lakebed", Metric: "IteratorAge", Dimensions: stream, Statistic: "Maximum"}
	if age, _ := d.metrics.in(own, midnight, d.now()); age < 50*60_000 {
		t.Errorf("its own lines tell of %.0f ms at the most", age)
	}
	return o
}

// compactorOff: nothing is compacted for an hour, while ingest goes on.
func (d *day) compactorOff(t *testing.T) outage {
	d.say(t, "the compactor is off: its schedule, and the event source mapping of its queue")
	d.planner = false
	d.feed(t, d.out.Compactor.Function, false)
	d.minutes(t, 60)
	if !d.rings["oldest-uncompacted"] {
		t.Errorf("while the compactor is off, %v ring", d.ringing())
	}
	o := outage{backlog: d.uncompacted()}
	d.say(t, "the compactor is on again: %d records wait", o.backlog)
	back := time.Now()
	d.planner = true
	d.feed(t, d.out.Compactor.Function, true)
	o.drained = d.until(t, 600, "the compactor has caught up", func() bool { return d.oldest.After(back) })
	o.took = time.Since(back)
	d.say(t, "the compactor has caught up: no fragment waits that was there when it came back")
	return o
}

// poison: into one hour's directory somebody puts a file of their own, which halts that hour, and into another's a fragment that is none, which halts nothing.
// What the compactor's log and the alarms say is what is done.
func (d *day) poison(t *testing.T) outage {
	first := layout.PartitionOf(generate.DefaultStart)
	partitions := []layout.Partition{first, first + 1, first + 2}
	foreign := layout.EventsPrefix(partitions[0]) + "export.csv"
	broken := layout.Fragment{Partition: partitions[1], Span: layout.Span{Shard: "nobody", First: "1", Last: "2"}}.Key()
	d.say(t, "%s holds a file that is not its own; %s a fragment that is broken", partitions[0], partitions[1])
	d.upload(t, foreign, "a,b\n")
	d.upload(t, broken, "{")

	d.until(t, 600, "alarms tell of both", func() bool { return d.rang["set-aside"] && d.rang["oldest-uncompacted"] && d.rang["broken-fragments"] })
	before := d.perHour(t)
	after := before
	d.until(t, 600, "the other hours go on", func() bool {
		after = d.perHour(t)
		return after[partitions[1]] > before[partitions[1]] && after[partitions[2]] > before[partitions[2]]
	})
	if after[partitions[0]] != before[partitions[0]] {
		t.Errorf("%s is not halted: from %d events to %d", partitions[0], before[partitions[0]], after[partitions[0]])
	}
	for _, words := range []string{foreign, "move it away", broken} {
		if !strings.Contains(d.Log(), words) {
			t.Errorf("the compactor's log does not say %q", words)
		}
	}
	back := time.Now()
	o := outage{backlog: d.uncompacted()}
	d.say(t, "both are moved away: %d records wait", o.backlog)
	d.remove(t, foreign)
	d.remove(t, broken)
	if _, err := sqs.NewFromConfig(d.Config()).PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &d.out.Compactor.DeadLetters}); err != nil {
		t.Fatal(err)
	}
	o.drained = d.until(t, 600, "the hour has caught up", func() bool { return d.oldest.After(back) })
	o.took = time.Since(back)
	return o
}

// perHour gives the events of each hour, as a query does.
func (d *day) perHour(t *testing.T) map[layout.Partition]int {
	t.Helper()
	var rows []struct {
		Hour time.Time
		N    int
	}
	const question = "select dt || 'T' || hour || ':00:00Z' as hour, count(*) as n from events group by 1"
	if err := json.Unmarshal(d.run(t, nil, d.lakebed, "query", "--lake", d.out.Lake, "--output", "json", question), &rows); err != nil {
		t.Fatal(err)
	}
	events := map[layout.Partition]int{}
	for _, r := range rows {
		events[layout.PartitionOf(r.Hour)] = r.N
	}
	return events
}

// ends: producers stop, all comes to rest, and everything that was sent is there once.
func (d *day) ends(t *testing.T, r *reader) {
	d.rate, d.behind = 0, true
	back := time.Now()
	d.until(t, 600, "nothing waits", func() bool { return d.received(t) == d.records() && d.oldest.After(back) })
	hours, ids := d.counted(t)
	if ids != d.events {
		t.Errorf("Glue points to %d ids, %v; %d were sent", ids, hours, d.events)
	}
	d.wait(t, patience, "a query sees all", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.events == d.events
	})
	report := d.lake(t, "verify")
	for field, want := range map[string]int{"breaches": 0, "warnings": 0, "received": d.records(), "events": d.events, "quarantined": 0, "fragments_waiting": 0} {
		if n := count(t, report, field); n != want {
			t.Errorf("verify says %s %d, want %d", field, n, want)
		}
	}
	d.say(t, "verify: %d received, %d events, %d copies, %d breaches, %d warnings", count(t, report, "received"), count(t, report, "events"),
		count(t, report, "duplicates")+count(t, report, "dropped"), count(t, report, "breaches"), count(t, report, "warnings"))
}

func (d *day) upload(t *testing.T, key, text string) {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: &d.out.Bucket, Key: d.inBucket(key), Body: strings.NewReader(text)}
	if _, err := d.s3().PutObject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func (d *day) remove(t *testing.T, key string) {
	t.Helper()
	if _, err := d.s3().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &d.out.Bucket, Key: d.inBucket(key)}); err != nil {
		t.Fatal(err)
	}
}

func (d *day) s3() *s3.Client {
	return s3.NewFromConfig(d.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// inBucket gives the whole name of one of the lake's objects.
func (d *day) inBucket(key string) *string {
	whole := strings.TrimPrefix(d.out.Lake, "s3://"+d.out.Bucket+"/") + "/" + key
	return &whole
}
