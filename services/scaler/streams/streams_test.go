package streams

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/lakebed/lakebed/services/scaler"
)

const since = 10 * time.Minute

func look(t *testing.T, s *Streams, now time.Time) scaler.Stream {
	t.Helper()
	st, err := s.Look(t.Context(), "clicks", now.Add(-since), now)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// A metric goes on in the next page, and its minutes stand where they belong, those without records among them.
func TestPages(t *testing.T) {
	f := &fake{shards: 2, pages: []cbor.Map{
		page(result("m0", "PartialData", values{9 * time.Minute: 900}), result("m4", "Complete", values{2 * time.Minute: 1500})),
		page(result("m0", "Complete", values{2 * time.Minute: 200, 4 * time.Minute: 400}), result("m1", "Complete", values{4 * time.Minute: 4})),
	}}
	want := make([]scaler.Minute, 9)
	want[1].Bytes = 900
	want[6] = scaler.Minute{Bytes: 400, Records: 4}
	want[8] = scaler.Minute{Bytes: 200, Age: 1500 * time.Millisecond}
	st := look(t, open(t, f), noon.Add(10*time.Second))
	if !slices.Equal(st.Minutes, want) || !st.Measured.Equal(noon.Add(-time.Minute)) {
		t.Errorf("got %+v, measured until %s", st.Minutes, st.Measured)
	}
}

// Where CloudWatch has nothing, nothing is known; of a stream without records it has how far its readers are.
func TestSilence(t *testing.T) {
	for name, test := range map[string]struct {
		values   values
		id       string
		measured time.Duration // before noon
	}{
		"nothing":          {nil, "m0", since},
		"readers":          {values{time.Minute: 0, 4 * time.Minute: 0}, "m4", 3 * time.Minute},
		"readers long ago": {values{8 * time.Minute: 0}, "m4", 7 * time.Minute},
		"records":          {values{time.Minute: 9}, "m0", 0},
	} {
		st := look(t, open(t, &fake{shards: 2, pages: []cbor.Map{page(result(test.id, "Complete", test.values))}}), noon)
		if got := noon.Sub(st.Measured); got != test.measured || len(st.Minutes) != int((since-test.measured)/time.Minute) {
			t.Errorf("%s: measured until %s before, %d minutes", name, got, len(st.Minutes))
		}
		if d := scaler.Decide(scaler.Default(1, 9), st, noon); (d.Reason == scaler.Unmeasured) != (test.measured > 5*time.Minute) {
			t.Errorf("%s: %s", name, d.Reason)
		}
	}
}

// A call that is throttled is made again; one that is refused, and a metric that is, gives nothing that could be taken for silence.
func TestMetricsFail(t *testing.T) {
	first := page(result("m0", "Complete", values{2 * time.Minute: 200}))
	for name, test := range map[string]struct {
		codes []string
		last  string // status of the second page
		want  string // of the error
	}{
		"throttled":  {[]string{"ThrottlingException", "LimitExceededException"}, "Complete", ""},
		"for ever":   {[]string{"ThrottlingException", "ThrottlingException", "ThrottlingException"}, "Complete", "ThrottlingException"},
		"refused":    {[]string{"AccessDeniedException"}, "Complete", "get metrics: "},
		"one of all": {nil, "Forbidden", "IncomingRecords is Forbidden"},
		"one failed": {nil, "InternalError", "IncomingRecords is InternalError"},
	} {
		f := &fake{shards: 2, pages: []cbor.Map{first, page(result("m1", test.last, nil))}, failures: map[string][]string{"GetMetricData": test.codes}}
		st, err := open(t, f).Look(t.Context(), "clicks", noon.Add(-since), noon)
		if test.want == "" {
			if err != nil || len(st.Minutes) != 9 {
				t.Errorf("%s: %+v, %v", name, st, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) || st.Minutes != nil {
			t.Errorf("%s: %+v, %v, want %s", name, st, err, test.want)
		}
	}
}

func TestParameter(t *testing.T) {
	for value, want := range map[string]struct {
		calls int
		err   string
	}{
		"":                           {0, ""}, // nothing was changed yet
		`{"shards": 2, "calls": []}`: {0, ""},
		`{"shards": 2, "calls": ["2026-11-28T09:00:00Z"]}`:               {1, ""},
		`{"shards": 3, "calls": ["2026-11-28T09:00:00Z"]}`:               {2, ""}, // somebody else made them 2
		`{"shards": 3, "calls": ["2026-11-27T09:00:00Z"]}`:               {1, ""}, // and a call of long ago counts no more
		`{"shards": 2, "calls": [], "version": 2}`:                       {0, `unknown field "version": want {"shards"`},
		`{"shards": 2, "calls": "none"}`:                                 {0, "want {"},
		`{"shards": 0, "calls": []}`:                                     {0, "shards is 0: want {"},
		`{"shards": 2, "calls": []} {`:                                   {0, "follows the record: want {"},
		`2`:                                                              {0, `parameter /lakebed/clicks/shards is "2"`},
		`{"shards": 4, "from": 2, "calls": []}`:                          {0, ""}, // whose calls somebody cleared
		`{"shards": 4, "from": 3, "calls": ["2026-11-28T09:00:00Z"]}`:    {2, ""}, // neither what it was nor what it was to be
		`{"shards": 2, "from": 1, "calls": ["2026-11-28T09:00:00Z"]}`:    {1, ""}, // done
		`{"shards": 4, "from": 2, "calls": ["2026-11-28T11:59:00.5Z"]}`:  {0, ""}, // refused
		`{"shards": 4, "from": 2, "calls": ["2026-11-28T11:59:00.5+x"]}`: {0, "want {"},
	} {
		f := &fake{shards: 2, value: value}
		st, err := open(t, f).Look(t.Context(), "clicks", noon.Add(-since), noon)
		if want.err != "" {
			if err == nil || !strings.Contains(err.Error(), want.err) || f.value != value {
				t.Errorf("%s: %v, want %s; left is %s", value, err, want.err, f.value)
			}
			continue
		}
		if err != nil || len(st.Calls) != want.calls {
			t.Errorf("%s: %v, %v, want %d calls", value, st.Calls, err, want.calls)
		}
		if others := strings.HasPrefix(value, `{"shards": 3`) || strings.Contains(value, `"from": 3`); st.Changed.IsZero() == (others || strings.Contains(value, `"from": 1`)) {
			t.Errorf("%s: changed at %s", value, st.Changed)
		}
		if r, err := parse(f.value); value != "" && (err != nil || r.Shards != 2 || r.From != 0 || len(r.Calls) != want.calls) {
			t.Errorf("%s: left is %s, %v", value, f.value, err)
		}
	}
	for _, op := range []string{"GetParameter", "PutParameter"} {
		f := &fake{shards: 2, value: `{"shards": 3, "calls": []}`, failures: map[string][]string{op: {"AccessDeniedException"}}}
		if _, err := open(t, f).Look(t.Context(), "clicks", noon.Add(-since), noon); err == nil || !strings.Contains(err.Error(), "/lakebed/clicks/shards") {
			t.Errorf("%s is refused: %v", op, err)
		}
	}
}

// A call counts from before it is made, once, and no more once it is seen that Kinesis took none.
func TestCall(t *testing.T) {
	const before = `{"shards":2,"calls":["2026-11-28T09:00:00Z"]}`
	for name, test := range map[string]struct {
		codes  []string
		lost   bool
		shards int // then
		known  int // calls, right after
		seen   int // at the next look
		fails  bool
	}{
		"taken":            {nil, false, 4, 2, 2, false},
		"limit":            {slices.Repeat([]string{"LimitExceededException"}, 3), false, 2, 1, 1, true},
		"invalid":          {[]string{"InvalidArgumentException"}, false, 2, 1, 1, true},
		"in use":           {[]string{"ResourceInUseException"}, false, 2, 2, 1, true},
		"forbidden":        {[]string{"AccessDeniedException"}, false, 2, 1, 1, true},
		"throttled, taken": {[]string{"ThrottlingException"}, false, 4, 2, 2, false},
		"reply lost":       {nil, true, 4, 2, 2, true},
	} {
		f := &fake{shards: 2, value: before, failures: map[string][]string{}, lost: test.lost}
		s := open(t, f)
		f.failures["UpdateShardCount"] = test.codes
		err := s.Update(t.Context(), "clicks", look(t, s, noon), 4, noon)
		if (err != nil) != test.fails || f.shards != test.shards {
			t.Errorf("%s: %d shards, %v", name, f.shards, err)
		}
		if r, err := parse(f.value); err != nil || len(r.Calls) != test.known {
			t.Errorf("%s: noted is %s, %v", name, f.value, err)
		}
		f.status = "UPDATING"
		noted := f.value
		if st := look(t, s, noon.Add(time.Minute)); st.Active || f.value != noted {
			t.Errorf("%s: under way, %+v was made of %s", name, st, f.value)
		}
		f.status = "ACTIVE"
		changed := time.Time{}
		if test.shards == 4 {
			changed = noon.Add(5 * time.Minute)
		}
		for _, after := range []time.Duration{5 * time.Minute, 6 * time.Minute} {
			if st := look(t, s, noon.Add(after)); len(st.Calls) != test.seen || !st.Changed.Equal(changed) {
				t.Errorf("%s: %v count, want %d; changed at %s, want %s", name, st.Calls, test.seen, st.Changed, changed)
			}
		}
		if test.shards == 2 && f.value != before {
			t.Errorf("%s: left is %s", name, f.value)
		}
		f.failures = nil
		if err := s.Update(t.Context(), "clicks", look(t, s, noon.Add(time.Hour)), 2*f.shards, noon.Add(time.Hour)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r, err := parse(f.value); err != nil || !r.Changed.Equal(changed) { // what is known of the change before stays
			t.Errorf("%s: %s, %v", name, f.value, err)
		}
	}
}

// What cannot be noted is not done.
func TestNotNoted(t *testing.T) {
	f := &fake{shards: 2, failures: map[string][]string{"PutParameter": {"AccessDeniedException"}}}
	s := open(t, f)
	if err := s.Update(t.Context(), "clicks", look(t, s, noon), 4, noon); err == nil || f.shards != 2 || slices.Contains(f.ops, "UpdateShardCount") {
		t.Errorf("%d shards, %v", f.shards, err)
	}
}

// Terraform reads the count where it wrote the first one.
func TestSpelling(t *testing.T) {
	text, err := json.Marshal(Record{Shards: 4, Calls: []time.Time{}})
	if err != nil || string(text) != `{"shards":4,"calls":[]}` {
		t.Errorf("a record is %s, %v", text, err)
	}
}
