// Package config is every setting of the command line: one struct, filled from defaults, then the lake's lakebed.yaml, then LAKEBED_*
// variables, then flags.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// Format is the version of a lake's layout that this program reads and writes.
const Format = 1

// Settings is what a lake can be told.
type Settings struct {
	Mapping      event.Mapping
	MaxFuture    time.Duration
	Lanes        int
	Encoding     Encoding
	ClaimWindow  time.Duration
	Target       Bytes
	Close        time.Duration
	MajorParts   int
	MajorShare   float64
	Grace        time.Duration
	Live         time.Duration
	LongestQuery time.Duration
	Memory       Bytes
	Parallel     int
	Cloud        Cloud
}

// Default gives the settings of a lake that says nothing else.
func Default() *Settings {
	return &Settings{
		Mapping:      event.DefaultMapping,
		MaxFuture:    24 * time.Hour,
		Lanes:        1,
		Encoding:     "plain",
		ClaimWindow:  5 * time.Minute,
		Target:       128 << 20,
		Close:        15 * time.Minute,
		MajorParts:   8,
		MajorShare:   0.1,
		Grace:        4 * time.Hour,
		Live:         2 * time.Hour,
		LongestQuery: 30 * time.Minute,
		Memory:       8 << 20,
		Parallel:     2,
		Cloud:        Cloud{Table: "events", Claims: "shard", CatalogBound: 30 * time.Second, CacheSize: 10 << 30},
	}
}

// Compaction is the memory that compaction takes: a worker at most four and a half times what it is given, conflicts and all, but for those of one fragment,
// which take 64 bytes each.
func Compaction(workers int, memory Bytes) int64 { return 24<<20 + 9*int64(workers)*int64(memory)/2 }

// Register adds a flag for each setting. A flag's name is that of the setting in lakebed.yaml with hyphens, and that of its variable is
// LAKEBED_ and the name in capitals.
func (s *Settings) Register(f *pflag.FlagSet) {
	f.StringVar(&s.Mapping.ID, "id-field", s.Mapping.ID, "dotted path of the event's id")
	f.StringVar(&s.Mapping.Time, "time-field", s.Mapping.Time, "dotted path of the event's time")
	f.StringVar(&s.Mapping.Name, "name-field", s.Mapping.Name, "dotted path of the event's name")
	f.DurationVar(&s.MaxFuture, "max-future", s.MaxFuture, "how far ahead of its arrival an event's time may lie")
	f.IntVar(&s.Lanes, "lanes", s.Lanes, "lanes an hour is split into: a power of two up to 256")
	f.Var(&s.Encoding, "fragment-encoding", "how fragments are written: plain or gzip")
	f.DurationVar(&s.ClaimWindow, "claim-window", s.ClaimWindow, "how long ingest remembers ids; compaction dedupes without limit")
	f.Var(&s.Target, "target-size", "compressed size that a part aims at")
	f.DurationVar(&s.Close, "close-after", s.Close, "an hour counts as closed so long after its end")
	f.IntVar(&s.MajorParts, "major-parts", s.MajorParts, "rewrite a closed hour that has so many parts more than it needs")
	f.Float64Var(&s.MajorShare, "major-share", s.MajorShare, "or whose parts but the largest hold so large a share of its bytes")
	f.DurationVar(&s.Grace, "grace", s.Grace, "how long readers may go on with what is no longer current")
	f.DurationVar(&s.Live, "live", s.Live, "how far back events_live reads fragments")
	f.DurationVar(&s.LongestQuery, "longest-query", s.LongestQuery, "how long a query may run")
	f.Var(&s.Memory, "memory", "bytes of fragments that a compaction worker holds at once")
	f.IntVar(&s.Parallel, "parallel", s.Parallel, "partitions compacted at once")
	s.Cloud.register(f)
}

// Check reports what of the settings cannot be.
func (s *Settings) Check() error {
	_, err := event.NewDecoder(s.Mapping, s.MaxFuture)
	err = errors.Join(err, layout.CheckLanes(s.Lanes))
	for _, c := range []struct {
		ok   bool
		want string
	}{
		{s.ClaimWindow > 0, "claim-window: want more than 0"}, {s.Close >= 0, "close-after: want 0 or more"},
		{s.MajorParts > 0, "major-parts: want 1 or more"}, {s.MajorShare >= 0, "major-share: want 0 or more"},
		{s.LongestQuery >= 0, "longest-query: want 0 or more"}, {s.Live >= 0, "live: want 0 or more"},
		{s.Grace >= s.LongestQuery, "grace: want at least longest-query, else a query can miss what is swept while it runs"},
		{s.Memory >= 1<<20, "memory: want 1MiB or more"}, {s.Parallel > 0, "parallel: want 1 or more"},
	} {
		if !c.ok {
			err = errors.Join(err, errors.New(c.want))
		}
	}
	return err
}

// Layer fills the flags that were not given from the variables (LAKEBED_*) and from the text of lakebed.yaml. What only a lake in S3
// has is refused from the flags and the file of another, whose variables for it mean some other lake. It reports every problem at once.
func Layer(f *pflag.FlagSet, getenv func(string) string, text []byte, inCloud bool) error {
	var errs []error
	file, err := parse(text)
	if err != nil {
		errs = append(errs, err)
	}
	for _, key := range sorted(file) {
		if key == "format" {
			continue
		}
		flag := f.Lookup(strings.ReplaceAll(key, "_", "-"))
		if flag == nil || strings.Contains(key, "-") {
			errs = append(errs, fmt.Errorf("lakebed.yaml: unknown key %q; known are format, %s", key, strings.Join(keys(f), ", ")))
		} else if OnlyCloud(flag) && !inCloud {
			errs = append(errs, fmt.Errorf("lakebed.yaml: %s: %w", key, errOnlyCloud))
		}
	}
	f.VisitAll(func(flag *pflag.Flag) {
		if OnlyCloud(flag) && !inCloud {
			if flag.Changed {
				errs = append(errs, fmt.Errorf("--%s: %w", flag.Name, errOnlyCloud))
			}
			return
		}
		if flag.Changed {
			return
		}
		key := strings.ReplaceAll(flag.Name, "-", "_")
		variable := "LAKEBED_" + strings.ToUpper(key)
		if v := getenv(variable); v != "" {
			if err := flag.Value.Set(v); err != nil {
				errs = append(errs, fmt.Errorf("%s: %q: %w", variable, v, err))
			}
		} else if v, ok := file[key]; ok {
			if err := flag.Value.Set(v); err != nil {
				errs = append(errs, fmt.Errorf("lakebed.yaml: %s: %q: %w", key, v, err))
			}
		}
	})
	return errors.Join(errs...)
}

// ErrFormat says that a lake was made by a newer program.
var ErrFormat = errors.New("this lake has a newer format than this program knows: use a newer lakebed")

func parse(text []byte) (map[string]string, error) {
	var raw map[string]any
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("lakebed.yaml: %w", err)
	}
	file := map[string]string{}
	switch f, ok := raw["format"].(uint64); {
	case ok && f > Format:
		return nil, fmt.Errorf("lakebed.yaml: format %d: %w", f, ErrFormat)
	case raw["format"] != nil && (!ok || f == 0):
		return nil, fmt.Errorf("lakebed.yaml: format is %v: want %d", raw["format"], Format)
	}
	for k, v := range raw {
		switch v.(type) {
		case string, bool, int, int64, uint64, float64:
			file[k] = fmt.Sprint(v)
		default:
			return nil, fmt.Errorf("lakebed.yaml: %s: want one plain value", k)
		}
	}
	return file, nil
}

// mark begins a lakebed.yaml that Record wrote, and stays when settings are added: such a file has all that Record writes.
const mark = "# Written by lakebed. Keep these lines."

// Record gives the text of a new lake's lakebed.yaml: its format and its mapping, so that nobody has to repeat them.
func (s *Settings) Record() ([]byte, error) {
	text := fmt.Appendf(nil, "%s\nformat: %d\n", mark, Format)
	for _, f := range []struct{ key, path string }{{"id_field", s.Mapping.ID}, {"time_field", s.Mapping.Time}, {"name_field", s.Mapping.Name}} {
		text = fmt.Appendf(text, "%s: %s\n", f.key, scalar(f.path))
	}
	if m, err := Recorded(text); err != nil || m != s.Mapping {
		return nil, errors.Join(fmt.Errorf("encode lakebed.yaml: it is read as %+v", m), err)
	}
	return text, nil
}

var bare = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// scalar spells a string in YAML: as it is where it is read as a string, else in quotes. The library's own encoder leaves some bare that its
// reader takes for something else, such as a tab or "---".
func scalar(s string) string {
	var back any
	if bare.MatchString(s) && yaml.Unmarshal([]byte(s), &back) == nil && back == s {
		return s
	}
	return strconv.QuoteToASCII(s)
}

// Recorded gives the mapping that a lake's lakebed.yaml has.
func Recorded(text []byte) (event.Mapping, error) {
	file, err := parse(text)
	m := event.DefaultMapping
	for key, to := range map[string]*string{"id_field": &m.ID, "time_field": &m.Time, "name_field": &m.Name} {
		if v, ok := file[key]; ok {
			*to = v
		}
	}
	return m, err
}

// Complete tells whether a lakebed.yaml was emptied or cut off: what is left would be taken for that of a lake with the default fields. Of a file
// without the mark, which people or Terraform wrote, nobody knows what it has to say: it may say anything but nothing.
func Complete(text []byte) error {
	if strings.HasPrefix(mark, strings.TrimSpace(string(text))) {
		return errors.New("lakebed.yaml: it was damaged: it is empty; restore it, or write again what it said; remove it if the lake is to be new")
	}
	if !strings.HasPrefix(string(text), mark) {
		return nil
	}
	file, err := parse(text[:bytes.LastIndexByte(text, '\n')+1]) // a line without its end may be a piece of one
	if err != nil {
		return err
	}
	var missing []string
	for _, key := range []string{"format", "id_field", "time_field", "name_field"} {
		if _, ok := file[key]; !ok {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("lakebed.yaml: it was damaged: there is no whole line of %s in it; restore it, or write again what it said",
			strings.Join(missing, ", "))
	}
	return nil
}

func keys(f *pflag.FlagSet) []string {
	var all []string
	f.VisitAll(func(flag *pflag.Flag) { all = append(all, strings.ReplaceAll(flag.Name, "-", "_")) })
	return all
}

func sorted(m map[string]string) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	sort.Strings(all)
	return all
}

// Bytes is a size, written as 128MiB or 134217728.
type Bytes int64

// Set parses a size.
func (b *Bytes) Set(s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n == 0 || n > 1<<50 {
		return errors.New("want a size such as 128MiB")
	}
	*b = Bytes(n)
	return nil
}

func (b *Bytes) String() string { return strings.ReplaceAll(humanize.IBytes(uint64(*b)), " ", "") }

// Type is the name of the value in a flag's help.
func (b *Bytes) Type() string { return "size" }

// Encoding is how fragments are written.
type Encoding string

// Set checks the name.
func (e *Encoding) Set(s string) error {
	if s != "plain" && s != "gzip" {
		return errors.New("want plain or gzip")
	}
	*e = Encoding(s)
	return nil
}

func (e *Encoding) String() string { return string(*e) }

// Type is the name of the value in a flag's help.
func (e *Encoding) Type() string { return "encoding" }

// Share is a part of a whole, written as 2% or 0.02.
type Share float64

// Set parses a share.
func (p *Share) Set(s string) error {
	var v float64
	unit := 1.0
	if n, ok := strings.CutSuffix(s, "%"); ok {
		s, unit = n, 100
	}
	if _, err := fmt.Sscanf(s+"\n", "%g\n", &v); err != nil || !(v >= 0 && v/unit <= 1) { // NaN is no share
		return errors.New("want a share such as 2% or 0.02")
	}
	*p = Share(v / unit)
	return nil
}

func (p *Share) String() string { return fmt.Sprintf("%g%%", float64(*p)*100) }

// Type is the name of the value in a flag's help.
func (p *Share) Type() string { return "share" }
