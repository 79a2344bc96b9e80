package function

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lakebed/lakebed/shared/event"
)

// FuzzLoad gives any variables, a line "NAME=value" each. One problem is reported for each variable that is wrong, by rules of the test's own, in the
// order of the fields and with what is wanted; where there is none every setting is what its variable says.
func FuzzLoad(f *testing.F) {
	f.Add("LAKEBED_LAKE=s3://b/p\nLAKEBED_STREAM=clicks\nLAKEBED_TABLE=t\nLAKEBED_KEEP=90s\nLAKEBED_SIZE=1 kB\nLAKEBED_LANES=4")
	f.Add("LAKEBED_LAKE=b/p\nLAKEBED_ID_FIELD=a..b\nLAKEBED_METRICS_NAMESPACE=AWS/Lambda\nLAKEBED_LANES=x\nLAKEBED_KEEP=5\nLAKEBED_SIZE=0")
	f.Add("LAKEBED_LAKE=s3://b\nLAKEBED_STREAM=:x\nLAKEBED_ID_FIELD=a\nLAKEBED_TIME_FIELD=a.b\nLAKEBED_NAME_FIELD=a.b.c\nLAKEBED_LANES=-0x1")
	f.Add("LAKEBED_LAKE=s3://bucket.name/\u00e9/../x\nLAKEBED_STREAM=a\tb\nLAKEBED_LANES=99999999999999999999\nLAKEBED_KEEP=1h0.5m-1s")
	f.Add("LAKEBED_STREAM=${LAKEBED_LAKE}\nLAKEBED_LAKE= s3://b \nLAKEBED_METRICS_NAMESPACE=%s%d\nLAKEBED_TABLE=,")
	f.Fuzz(func(t *testing.T, text string) {
		variables := map[string]string{}
		for line := range strings.SplitSeq(text, "\n") {
			name, value, _ := strings.Cut(line, "=")
			variables[name] = value
		}
		s, err := load(variables)
		var told []string
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				name, problem, _ := strings.Cut(line, " is ")
				if !strings.Contains(problem, ": want ") {
					t.Errorf("%q tells not what is wanted", line)
				}
				told = append(told, name)
			}
		}
		if want := wrong(variables); !slices.Equal(told, want) {
			t.Errorf("%q: %q are told to be wrong, want %q", text, told, want)
		}
		if err != nil {
			return
		}
		keep, _ := time.ParseDuration(or(variables["LAKEBED_KEEP"], "5m"))
		mapping := event.Mapping{
			ID: or(variables["LAKEBED_ID_FIELD"], "event_uuid"), Time: or(variables["LAKEBED_TIME_FIELD"], "created_at"), Name: or(variables["LAKEBED_NAME_FIELD"], "event_name"),
		}
		if s.Mapping() != mapping || s.Keep != keep || s.Stream != variables["LAKEBED_STREAM"] || s.Table != variables["LAKEBED_TABLE"] ||
			s.Namespace != or(variables["LAKEBED_METRICS_NAMESPACE"], "Lakebed") {
			t.Errorf("%q is %+v", text, s)
		}
	})
}

func or(value, standard string) string {
	if value == "" {
		return standard
	}
	return value
}

var (
	lakeForm  = regexp.MustCompile(`(?s)^s3://[^/]`)
	nameForm  = regexp.MustCompile(`^[!-9;-~][ -~]{0,254}$|^ {1,254}[!-~][ -~]*$`)
	sizeForm  = regexp.MustCompile(`^([+]?[0-9]+)[\pZ\s\x{85}\v]*(KiB|MiB|GiB|TiB|kB|KB|MB|GB|TB|B|)$`)
	sizeUnits = map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 1000, "KB": 1000, "MB": 1e6, "GB": 1e9, "TB": 1e12, "B": 1, "": 1}
)

// wrong names the variables that are to be refused, in the order of the struct's fields.
func wrong(variables map[string]string) []string {
	bad := map[string]bool{}
	bad["LAKEBED_LAKE"] = !lakeForm.MatchString(variables["LAKEBED_LAKE"])
	id, at, name := or(variables["LAKEBED_ID_FIELD"], "event_uuid"), or(variables["LAKEBED_TIME_FIELD"], "created_at"), or(variables["LAKEBED_NAME_FIELD"], "event_name")
	bad["LAKEBED_ID_FIELD"], bad["LAKEBED_TIME_FIELD"], bad["LAKEBED_NAME_FIELD"] = !isPath(id), !isPath(at), !isPath(name)
	if isPath(id) && isPath(at) && isPath(name) {
		bad["LAKEBED_TIME_FIELD"] = nested(id, at)
		bad["LAKEBED_NAME_FIELD"] = !nested(id, at) && (nested(id, name) || nested(at, name))
	}
	namespace, stream := or(variables["LAKEBED_METRICS_NAMESPACE"], "Lakebed"), variables["LAKEBED_STREAM"]
	bad["LAKEBED_METRICS_NAMESPACE"] = !isName(namespace) || strings.HasPrefix(namespace, "AWS/")
	bad["LAKEBED_STREAM"] = !isName(stream)
	lanes, err := strconv.ParseInt(or(variables["LAKEBED_LANES"], "1"), 10, 32) // as the library does
	bad["LAKEBED_LANES"] = err != nil || lanes <= 0
	_, err = time.ParseDuration(or(variables["LAKEBED_KEEP"], "5m"))
	bad["LAKEBED_KEEP"] = err != nil
	_, ok := sizeOf(or(variables["LAKEBED_SIZE"], "128MiB"))
	bad["LAKEBED_SIZE"] = !ok
	bad["LAKEBED_TABLE"] = variables["LAKEBED_TABLE"] == ""
	return slices.DeleteFunc(Variables(new(settings)), func(name string) bool { return !bad[name] })
}

func isPath(path string) bool {
	keys := strings.Split(path, ".")
	return utf8.ValidString(path) && len(keys) <= event.MaxDepth && !slices.Contains(keys, "")
}

// nested tells whether one path lies inside the other.
func nested(a, b string) bool { return strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".") }

func isName(text string) bool { return len(text) <= 255 && nameForm.MatchString(text) }

// sizeOf reads a size by arithmetic without bounds.
func sizeOf(text string) (*big.Int, bool) {
	m := sizeForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return nil, false
	}
	n, ok := new(big.Int).SetString(strings.TrimPrefix(m[1], "+"), 10)
	if !ok {
		return nil, false
	}
	n.Mul(n, big.NewInt(sizeUnits[m[2]]))
	return n, n.Sign() > 0 && n.Cmp(big.NewInt(1<<50)) <= 0
}

// FuzzSize reads any text as a size.
func FuzzSize(f *testing.F) {
	for _, text := range []string{"128MiB", " 1 kB ", "1024TiB", "1025TiB", "9223372036854775807", "+5B", "-1", "0x10", "1e3", "00", "\u00a01\u2003MB"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var got Size
		err := got.UnmarshalText([]byte(text))
		want, ok := sizeOf(text)
		if (err == nil) != ok || ok && want.Int64() != int64(got) {
			t.Errorf("%q is %d, %v; want %d, %v", text, got, err, want, ok)
		}
	})
}
