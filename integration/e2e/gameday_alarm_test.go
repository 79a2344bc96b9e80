package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// alarm is one as Terraform defines it.
type alarm struct {
	Name      string  `json:"alarm_name"`
	Periods   int     `json:"evaluation_periods"`
	Of        int     `json:"datapoints_to_alarm"`
	Operator  string  `json:"comparison_operator"`
	Threshold float64 `json:"threshold"`
	Missing   string  `json:"treat_missing_data"`
	metric            // the one that it is on, or
	Queries   []struct {
		ID         string   `json:"id"`
		Expression string   `json:"expression"`
		Metrics    []metric `json:"metric"`
	} `json:"metric_query"`
}

// metric is one of CloudWatch's, and how it is looked at.
type metric struct {
	Namespace  string            `json:"namespace"`
	Metric     string            `json:"metric_name"`
	Dimensions map[string]string `json:"dimensions"`
	Statistic  string            `json:"statistic"`
	Stat       string            `json:"stat"` // so it is called in an expression
	Seconds    int               `json:"period"`
}

// alarms gives those that Terraform deployed, without the deployment's name. The emulator itself keeps no expression, and judges all the points of an alarm's
// time as one, whatever their dimensions: its own states say nothing.
func (s *stack) alarms(t *testing.T) []alarm {
	t.Helper()
	plan := filepath.Join(s.dir, "alarms")
	s.terraform(t, "plan", "-refresh=false", "-input=false", "-no-color", "-out="+plan)
	type module struct {
		Resources []struct {
			Type   string `json:"type"`
			Values alarm  `json:"values"`
		} `json:"resources"`
		Children []module `json:"child_modules"`
	}
	var shown struct {
		Planned struct {
			Root module `json:"root_module"`
		} `json:"planned_values"`
	}
	if err := json.Unmarshal(s.terraform(t, "show", "-json", plan), &shown); err != nil {
		t.Fatal(err)
	}
	var found []alarm
	for rest := []module{shown.Planned.Root}; len(rest) > 0; rest = rest[1:] {
		rest = append(rest, rest[0].Children...)
		for _, r := range rest[0].Resources {
			if a := r.Values; r.Type == "aws_cloudwatch_metric_alarm" {
				a.Name = strings.TrimPrefix(a.Name, strings.TrimSuffix(s.out.Ingest.Function, "ingest"))
				found = append(found, a)
			}
		}
	}
	return found
}

// expressions are the alarms' own, by their text: each gives what it comes to in one period.
var expressions = map[string]func(of func(id string) (float64, bool)) (float64, bool){
	"IF(received > 0, 100 * quarantined / received, 0)": func(of func(string) (float64, bool)) (float64, bool) {
		received, told := of("received")
		quarantined, _ := of("quarantined")
		if received == 0 {
			return 0, told
		}
		return 100 * quarantined / received, true
	},
	"IF(FILL(incoming, 0) > 0 AND FILL(received, 0) == 0, 1, 0)": func(of func(string) (float64, bool)) (float64, bool) {
		incoming, _ := of("incoming")
		received, _ := of("received")
		if incoming > 0 && received == 0 {
			return 1, true
		}
		return 0, true
	},
	"FILL(oldest, 7201)": func(of func(string) (float64, bool)) (float64, bool) {
		if oldest, told := of("oldest"); told {
			return oldest, true
		}
		return 7201, true
	},
}

// value is what the alarm looks at in the period that ended so many periods ago.
func (a *alarm) value(s series, now time.Time, ago int) (float64, bool) {
	in := func(m metric) (float64, bool) {
		length := time.Duration(m.Seconds) * time.Second
		return s.in(m, now.Add(-time.Duration(ago+1)*length), now.Add(-time.Duration(ago)*length))
	}
	if len(a.Queries) == 0 {
		return in(a.metric)
	}
	metrics := map[string]metric{}
	var expression string
	for _, q := range a.Queries {
		if expression += q.Expression; len(q.Metrics) > 0 {
			metrics[q.ID] = q.Metrics[0]
		}
	}
	return expressions[expression](func(id string) (float64, bool) { return in(metrics[id]) })
}

// further is how many periods more than it needs an alarm looks back for data points that are there: AWS does not say, its examples show two.
const further = 2

// rings judges by the rules of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html: what is missing counts only where
// fewer points than the alarm needs are found, further back, too. The first value is the latest.
func (a *alarm) rings(value func(ago int) (float64, bool)) bool {
	there, breaching := 0, 0
	for ago := 0; ago < a.Periods+further && there < a.Periods; ago++ {
		if v, told := value(ago); told {
			there++
			if v > a.Threshold {
				breaching++
			}
		}
	}
	if a.Missing == "breaching" {
		breaching += a.Periods - there
	}
	return breaching >= a.Of
}

// TestAlarmRings has AWS's own examples, from the page that rings names, but for where it keeps a state; the latest period stands last.
func TestAlarmRings(t *testing.T) {
	for _, c := range []struct {
		of, periods               int
		points                    string
		notBreaching, orBreaching bool
	}{
		{3, 3, "0-X-X", false, false},
		{3, 3, "0----", false, false},
		{3, 3, "-----", false, true},
		{3, 3, "0XX-X", true, true},
		{3, 3, "--X--", false, true},
		{2, 3, "0-X-X", true, true},
		{2, 3, "00X0X", true, true},
		{2, 3, "0-X--", false, true},
		{2, 3, "----0", false, true},
		{2, 3, "---X-", false, true},
	} {
		for missing, want := range map[string]bool{"notBreaching": c.notBreaching, "breaching": c.orBreaching} {
			a := alarm{Periods: c.periods, Of: c.of, Threshold: 1, Missing: missing}
			got := a.rings(func(ago int) (float64, bool) {
				point := c.points[len(c.points)-1-ago]
				return map[byte]float64{'X': 2}[point], point != '-'
			})
			if got != want {
				t.Errorf("%d of %d, missing is %s: %s rings %v, want %v", c.of, c.periods, missing, c.points, got, want)
			}
		}
	}
}

// series are the data points of metrics, by namespace, name and dimensions.
type series map[string][]point

type point struct {
	at    time.Time
	value float64
}

func (m metric) key() string { return fmt.Sprint(m.Namespace, " ", m.Metric, " ", m.Dimensions) }

func (s series) put(m metric, at time.Time, value float64) {
	s[m.key()] = append(s[m.key()], point{at, value})
}

// in gives the statistic of what came after one time and up to another, and whether anything did.
func (s series) in(m metric, after, to time.Time) (float64, bool) {
	var values []float64
	for _, p := range s[m.key()] {
		if p.at.After(after) && !p.at.After(to) {
			values = append(values, p.value)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	if m.Statistic+m.Stat == "Maximum" {
		return slices.Max(values), true
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum, true
}

// known fails where an alarm says what is not understood here.
func known(t *testing.T, all []alarm) {
	t.Helper()
	if len(all) == 0 {
		t.Fatal("Terraform defines no alarms")
	}
	for _, a := range all {
		metrics, expression := []metric{a.metric}, ""
		if len(a.Queries) > 0 {
			metrics = nil
		}
		for _, q := range a.Queries {
			metrics, expression = append(metrics, q.Metrics...), expression+q.Expression
		}
		_, is := expressions[expression]
		if len(a.Queries) > 0 && !is {
			t.Fatalf("%s: the expression %q is not known, but %q are", a.Name, expression, slices.Sorted(maps.Keys(expressions)))
		}
		for _, m := range metrics {
			if m.Statistic+m.Stat != "Maximum" && m.Statistic+m.Stat != "Sum" || m.Seconds == 0 || len(m.Dimensions) == 0 {
				t.Fatalf("%s: cannot look at %+v", a.Name, m)
			}
		}
		if a.Operator != "GreaterThanThreshold" || a.Of == 0 || a.Missing != "breaching" && a.Missing != "notBreaching" {
			t.Fatalf("cannot judge %+v", a)
		}
	}
}
