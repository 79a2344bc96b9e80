package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// Beyond these something is behind: as the alarms have it, when nobody says otherwise.
const (
	ingestBehind     = 5 * time.Minute
	compactionBehind = 2 * time.Hour
)

// abandoned is the age from which on a probe is that of an examination which was killed.
const abandoned = time.Hour

// probe writes an object of its own, and tries to write it as one who has not seen it: no document of a store tells as surely what it does.
func (x *examination) probe(ctx context.Context) {
	if !x.Trial {
		return
	}
	key := layout.Probes + uuid.NewString()
	put := func(text string, c bucket.Condition) error {
		_, err := x.Bucket.Put(ctx, key, strings.NewReader(text), c)
		return err
	}
	if !x.read(put("the first", bucket.Condition{Absent: true}), key) {
		return
	}
	defer x.removeProbes(context.WithoutCancel(ctx), key)
	for _, trial := range []struct {
		header    string
		condition bucket.Condition
		refusal   error
	}{
		{"If-None-Match", bucket.Condition{Absent: true}, bucket.ErrExists},
		{"If-Match", bucket.Condition{Match: `"00000000000000000000000000000000"`}, bucket.ErrChanged},
	} {
		err := put("another", trial.condition)
		x.want(err != nil, ConditionalWrites, key, "it was written a second time in spite of %s", trial.header)
		if err != nil && !errors.Is(err, trial.refusal) {
			x.read(err, key)
		}
	}
	in, _, err := x.Bucket.Get(ctx, key, bucket.Range{})
	if !x.read(err, key) {
		return
	}
	text, err := io.ReadAll(in)
	if err = errors.Join(err, in.Close()); x.read(err, key) {
		x.want(string(text) == "the first", ConditionalWrites, key, "what comes back is %q", text)
	}
}

// removeProbes deletes one, and what others left.
func (x *examination) removeProbes(ctx context.Context, key string) {
	left := []bucket.Object{{Key: key}}
	for o, err := range x.Bucket.List(ctx, layout.Probes, "") {
		if !x.read(err, layout.Probes) {
			break
		}
		if layout.CheckProbe(o.Key) == nil && x.Now().Sub(o.Modified) > abandoned {
			left = append(left, bucket.Object{Key: o.Key})
		}
	}
	x.read(x.Bucket.Delete(ctx, left...), key)
}

func (x *examination) table(ctx context.Context) {
	s, c := x.Settings.Cloud, x.Catalog
	if x.AWS != nil { // there it was made before anything else
		c = gluecatalog.New(glue.NewFromConfig(*x.AWS), gluecatalog.Config{Database: s.Database, Table: s.Table, Lake: x.at, Deployed: true})
	}
	_, err := c.Table(ctx)
	x.tableless = err != nil
	if errors.Is(err, catalog.ErrCorrupt) || errors.Is(err, catalog.ErrForeign) {
		x.want(false, TableWrong, s.Database+"."+s.Table, "%v", err)
		return
	}
	x.read(err, s.Database+"."+s.Table)
}

// together is how many hours are looked at side by side: nearly all of the time is a wait.
const together = 16

// seen is what came of a look at an hour.
type seen struct {
	compactor.Summary
	err error
}

// hours looks at each hour: whether the catalog names its current generation, and how long fragments have waited.
func (x *examination) hours(ctx context.Context) {
	if x.tableless {
		return // no hour could be looked at
	}
	c, err := x.Compactor()
	if !x.read(err, "settings") {
		return
	}
	known, err := c.Partitions(ctx)
	if !x.read(err, "hours") {
		return
	}
	all := x.lookAt(ctx, c, known)
	behind := map[layout.Partition]layout.Generation{}
	var oldest time.Time
	waiting := 0
	for n, s := range all {
		if called := (*smithy.OperationError)(nil); errors.As(s.err, &called) {
			x.read(s.err, known[n].String())
			return // the others would say the same
		}
		if s.err != nil { // once more: workers may have been faster each time
			s.Summary, s.err = c.Summary(ctx, known[n])
		}
		if s.err != nil {
			x.want(false, HourHalted, known[n].String(), "%v", s.err)
			continue
		}
		if !current(s.Summary) {
			behind[s.Partition] = s.Generation
		}
		if waiting += s.Waiting; s.Waiting > 0 && (oldest.IsZero() || s.Oldest.Before(oldest)) {
			oldest = s.Oldest
		}
	}
	waits := x.Now().Sub(oldest).Round(time.Second)
	x.want(waiting == 0 || waits <= compactionBehind, CompactionBehind, x.Name, "%d fragments wait, the oldest for %s", waiting, waits)
	x.behind(ctx, c, behind)
}

// lookAt looks at hours side by side.
func (x *examination) lookAt(ctx context.Context, c *compactor.Compactor, hours []layout.Partition) []seen {
	all := make([]seen, len(hours))
	var done atomic.Int64
	var g errgroup.Group
	g.SetLimit(together)
	for n, p := range hours {
		g.Go(func() error {
			all[n].Summary, all[n].err = c.Summary(ctx, p)
			if done := done.Add(1); done%together == 0 {
				x.tell(fmt.Sprintf("hours: %d of %d", done, len(hours)))
			}
			return nil
		})
	}
	_ = g.Wait() // there is no error but those of the hours
	return all
}

// named is how many hours a finding names.
const named = 5

// behind looks a second time at hours of which the catalog names another generation, when what was being written has landed.
func (x *examination) behind(ctx context.Context, c *compactor.Compactor, was map[layout.Partition]layout.Generation) {
	if len(was) == 0 {
		return
	}
	settle := time.Duration(0)
	if x.AWS != nil {
		settle = x.Settings.Cloud.CatalogBound
	}
	select {
	case <-ctx.Done():
		return
	case <-time.After(settle):
	}
	hours := slices.Sorted(maps.Keys(was))
	var still []string
	for n, s := range x.lookAt(ctx, c, hours) {
		if x.read(s.err, hours[n].String()) && !current(s.Summary) && s.Generation == was[hours[n]] { // else it is being worked on
			still = append(still, hours[n].String())
		}
	}
	more := ""
	if len(still) > named {
		more = fmt.Sprintf(" and %d more", len(still)-named)
	}
	x.want(len(still) == 0, LocationBehind, x.Name, "the catalog does not name the current generation of %s%s",
		strings.Join(still[:min(len(still), named)], ", "), more)
}

// current tells whether readers see what there is: an hour without parts need not be registered yet.
func current(s compactor.Summary) bool { return s.Current || s.Parts == 0 }

// watch asks CloudWatch how far ingest is behind, and which alarms are raised.
func (x *examination) watch(ctx context.Context) {
	client, now := cloudwatch.NewFromConfig(*x.AWS), x.Now()
	if x.ingest != nil {
		out, err := client.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("IteratorAge"), Statistics: []types.Statistic{types.StatisticMaximum},
			Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: &x.ingest.name}},
			StartTime:  aws.Time(now.Add(-15 * time.Minute)), EndTime: &now, Period: aws.Int32(60),
		})
		if x.read(err, x.ingest.name) {
			var last types.Datapoint
			for _, d := range out.Datapoints {
				if last.Timestamp == nil || d.Timestamp.After(*last.Timestamp) {
					last = d
				}
			}
			age := time.Duration(aws.ToFloat64(last.Maximum)) * time.Millisecond
			x.want(age <= ingestBehind+x.window, IngestBehind, x.ingest.name, "the records that it reads came %s ago", age.Round(time.Second))
		}
	}
	pages := cloudwatch.NewDescribeAlarmsPaginator(client, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(x.name("")), StateValue: types.StateValueAlarm})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if !x.read(err, "alarms") {
			return
		}
		for _, a := range page.MetricAlarms {
			x.want(!x.owns(a), AlarmRaised, aws.ToString(a.AlarmName), "%s", aws.ToString(a.AlarmDescription))
		}
	}
}

// owns tells whether an alarm is about this deployment, as the name of another may begin with this one's.
func (x *examination) owns(a types.MetricAlarm) bool {
	stream := x.streamARN[strings.LastIndexByte(x.streamARN, '/')+1:]
	own := []string{x.Settings.Cloud.Deployment, stream, x.uuid, x.name("ingest"), x.name("compactor"), x.name("compact-dead")}
	about := a.Dimensions
	for _, m := range a.Metrics {
		if m.MetricStat != nil {
			about = append(about, m.MetricStat.Metric.Dimensions...)
		}
	}
	return slices.ContainsFunc(about, func(d types.Dimension) bool { return slices.Contains(own, aws.ToString(d.Value)) })
}
