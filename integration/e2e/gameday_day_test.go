package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lakebed/lakebed/services/lakebed/generate"
)

// day is a game day. Nobody can make the emulator's time go faster, so it is played in minutes that are shorter: an hour's outage leaves the records of
// sixty of them, and what the functions tell of times and ages is told to the alarms in these. What the functions do takes its own time; on a slow machine
// minutes take longer, and the day is the same.
type day struct {
	*stack
	length  time.Duration // of a minute, at least
	rate    int           // events a minute
	begun   []time.Time   // when each minute began, here
	sent    []int         // records until the end of each minute
	events  int           // of them, without copies
	deaf    bool          // whether nothing feeds ingest
	behind  bool          // whether it may be
	planner bool          // whether the schedule comes
	planned int           // the minute in which it came last
	told    int           // how much of the emulator's log was read
	metrics series
	sums    map[string]float64 // of what the functions counted
	oldest  time.Time          // of the fragments that waited when the planner looked last, here
	rule    []alarm
	rings   map[string]bool
	rang    map[string]bool // since the scene began
}

const (
	planEvery = 5   // minutes: the schedule of a deployment that does not say otherwise
	batch     = 100 // records at the most, so that a backlog is many
	putEvery  = 5   // minutes: shorter ones would have a worker find something new whenever it looks, and never end its visit
)

// midnight is when every game day begins, for its alarms.
var midnight = time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)

// now is the played time, with minutes for units.
func (d *day) now() time.Time { return midnight.Add(time.Duration(len(d.begun)) * time.Minute) }

// played gives the day's time of one here.
func (d *day) played(here time.Time) time.Time {
	n, _ := slices.BinarySearchFunc(d.begun, here, func(a, b time.Time) int { return a.Compare(b) })
	if n == 0 {
		return midnight
	}
	length := time.Since(d.begun[n-1])
	if n < len(d.begun) {
		length = d.begun[n].Sub(d.begun[n-1])
	}
	part := min(float64(here.Sub(d.begun[n-1]))/float64(length), 1)
	return midnight.Add(time.Duration((float64(n-1) + part) * float64(time.Minute)))
}

// minute plays one: producers put records, the schedule comes in its turn, and CloudWatch hears what there was and looks at its alarms.
func (d *day) minute(t *testing.T) {
	t.Helper()
	began := time.Now()
	d.begun = append(d.begun, began)
	d.sent = append(d.sent, d.records())
	if len(d.begun)%putEvery == 0 {
		d.put(t)
	}
	if d.planner && len(d.begun) >= d.planned+planEvery {
		d.plan(t)
	}
	for d.listen(t); time.Since(began) < d.length || d.late() && time.Since(began) < time.Minute; d.listen(t) {
		time.Sleep(20 * time.Millisecond)
	}
	d.measure(t)
	for _, a := range d.rule {
		rings := a.rings(func(ago int) (float64, bool) { return a.value(d.metrics, d.now(), ago) })
		if rings != d.rings[a.Name] {
			d.say(t, "  %s %s", map[bool]string{true: "ALARM", false: "OK   "}[rings], a.Name)
		}
		d.rings[a.Name] = rings
		d.rang[a.Name] = d.rang[a.Name] || rings
	}
}

// until plays minutes, at least one, until something is so, and tells how many.
func (d *day) until(t *testing.T, atMost int, what string, so func() bool) int {
	t.Helper()
	for n := 1; n <= atMost; n++ {
		if d.minute(t); so() {
			return n
		}
	}
	t.Fatalf("not within %d minutes: %s; alarms: %v\n%s", atMost, what, d.ringing(), tail(d.Log()))
	return 0
}

func (d *day) minutes(t *testing.T, n int) {
	t.Helper()
	d.until(t, n, "", func() bool { n--; return n == 0 })
}

// calm tells whether no alarm rings.
func (d *day) calm() bool { return len(d.ringing()) == 0 }

func (d *day) ringing() []string { return names(d.rings) }

func names(set map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(set)), func(name string) bool { return !set[name] })
}

// say tells a line of what happens, with the time of day.
func (d *day) say(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf("%s  %s", d.now().Format("15:04"), fmt.Sprintf(format, args...))
}

// put has producers put the events of the last minutes.
func (d *day) put(t *testing.T) {
	t.Helper()
	var text bytes.Buffer
	options := generate.Options{Events: putEvery * d.rate, Seed: uint64(len(d.begun)), Duplicates: 0.02, Hours: hours}
	made, err := generate.Write(t.Context(), &text, options)
	if err != nil {
		t.Fatal(err)
	}
	d.produce(t, &text, made.Lines)
	d.events += made.Events
	d.sent[len(d.sent)-1] += made.Lines
	d.tell("AWS/Kinesis", "IncomingRecords", "StreamName", d.out.Stream, float64(made.Lines))
}

// records is how many were sent.
func (d *day) records() int {
	if len(d.sent) == 0 {
		return 0
	}
	return d.sent[len(d.sent)-1]
}

// late tells whether ingest has not received what was put before the last time, though it should: then the minute goes on. A batch may not be heard of yet.
func (d *day) late() bool {
	before := len(d.sent) - 1 - putEvery
	return !d.behind && before >= 0 && int(d.sums["Received"])+batch < d.sent[before]
}

// backlog is how many records ingest has not received.
func (d *day) backlog() int { return d.records() - int(d.sums["Received"]) }

// uncompacted is how many of those that it stored are in no part.
func (d *day) uncompacted() int {
	return int(d.sums["Stored"] - d.sums["EventsWritten"] - d.sums["DuplicatesDropped"])
}

// plan is what the schedule does: a plan that fails is Lambda's to count.
func (d *day) plan(t *testing.T) {
	t.Helper()
	at := time.Now()
	reply, err := d.tryInvoke(t, d.out.Compactor.Function, `{"version":1,"do":"plan"}`)
	if err != nil {
		d.tell("AWS/Lambda", "Errors", "FunctionName", d.out.Compactor.Function, 1)
		return
	}
	var planned struct {
		Oldest int `json:"oldest_seconds"`
	}
	if err := json.Unmarshal([]byte(reply), &planned); err != nil {
		t.Fatalf("a plan's reply: %s: %v", reply, err)
	}
	d.oldest = at.Add(-time.Duration(planned.Oldest) * time.Second)
}

// tell has CloudWatch know a value of this minute.
func (d *day) tell(namespace, name, dimension, of string, value float64) {
	d.metrics.put(metric{Namespace: namespace, Metric: name, Dimensions: map[string]string{dimension: of}}, d.now(), value)
}

// listen takes the metrics out of what the functions printed, as CloudWatch does
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html). On a busy machine the emulator passes
// a line on only when the same process serves again: a plan that is not heard of is made again in the next minute.
func (d *day) listen(t *testing.T) {
	t.Helper()
	log := d.Log()
	end := strings.LastIndexByte(log, '\n') + 1
	for line := range strings.Lines(log[d.told:end]) {
		for _, function := range []string{d.out.Ingest.Function, d.out.Compactor.Function} {
			if strings.Contains(line, "Lambda "+function+" failed") {
				d.tell("AWS/Lambda", "Errors", "FunctionName", function, 1)
			}
		}
		if strings.HasPrefix(line, "{") && strings.Contains(line, `"_aws"`) {
			d.embedded(t, line)
		}
	}
	d.told = end
}

func (d *day) embedded(t *testing.T, line string) {
	t.Helper()
	var meta struct {
		Msg string
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &meta); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	at := time.UnixMilli(meta.AWS.Timestamp)
	if meta.Msg == "plan" && !at.Before(d.begun[len(d.begun)-1]) {
		d.planned = len(d.begun)
	}
	for _, directive := range meta.AWS.CloudWatchMetrics {
		for _, names := range directive.Dimensions {
			dimensions := map[string]string{}
			for _, name := range names {
				dimensions[name] = fmt.Sprint(fields[name])
			}
			for _, m := range directive.Metrics {
				value, is := fields[m.Name].(float64)
				if !is {
					t.Fatalf("%s is %v in %s", m.Name, fields[m.Name], line)
				}
				age := func(unit time.Duration) float64 {
					return float64(d.played(at).Sub(d.played(at.Add(-time.Duration(value*float64(unit)))))) / float64(unit)
				}
				switch m.Unit {
				case "Milliseconds":
					value = age(time.Millisecond)
				case "Seconds":
					value = age(time.Second)
				}
				d.metrics.put(metric{Namespace: directive.Namespace, Metric: m.Name, Dimensions: dimensions}, d.played(at), value)
				d.sums[m.Name] += value
			}
		}
	}
}

// measure tells what AWS itself does: of these the emulator has none.
func (d *day) measure(t *testing.T) {
	t.Helper()
	if !d.deaf {
		unread, _ := slices.BinarySearch(d.sent, int(d.sums["Received"])+1) // the minute of the first record that was not received
		d.tell("AWS/Lambda", "IteratorAge", "FunctionName", d.out.Ingest.Function, float64(max(len(d.sent)-1-unread, 0)*60_000))
	}
	out, err := sqs.NewFromConfig(d.Config()).GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &d.out.Compactor.DeadLetters, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages},
	})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := strconv.Atoi(out.Attributes[string(sqstypes.QueueAttributeNameApproximateNumberOfMessages)])
	if err != nil {
		t.Fatal(err)
	}
	d.tell("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", d.out.Compactor.DeadLetters, float64(dead))
}

// feed turns on or off what feeds a function.
func (d *day) feed(t *testing.T, function string, on bool) {
	t.Helper()
	client := lambda.NewFromConfig(d.Config())
	out, err := client.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: &function})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.EventSourceMappings) != 1 {
		t.Fatalf("%s has %d event source mappings", function, len(out.EventSourceMappings))
	}
	in := &lambda.UpdateEventSourceMappingInput{UUID: out.EventSourceMappings[0].UUID, Enabled: &on}
	if _, err := client.UpdateEventSourceMapping(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if function == d.out.Ingest.Function {
		d.deaf = !on
	}
}
