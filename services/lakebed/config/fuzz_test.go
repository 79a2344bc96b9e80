package config

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/lakebed/lakebed/shared/event"
)

// FuzzFile reads any text as a lakebed.yaml. What passes the checks keeps to the bounds of each setting, and a text that is refused names the
// file; a lake of a newer format is told as such by whatever reads the file.
func FuzzFile(f *testing.F) {
	f.Add([]byte("format: 1\nid_field: id\nmax_future: 1h\nlanes: 4\nfragment_encoding: gzip\ntarget_size: 64MiB\nmajor_share: 0.5\n"), false)
	f.Add([]byte("format: 1\ndatabase: d\nclaims: global\nclaims_table: c\ncatalog_bound: 45s\ncache_size: 1GiB\n"), true)
	f.Add([]byte("format: 2\n"), false)
	f.Add([]byte("format: 1.0\nlanes: 0x10\nparallel: 1_0\nmajor_parts: 010\nlive: ~\n"), false)
	f.Add([]byte("\ufefflanes: 2\nmajor_share: .nan\ngrace: -0s\n"), false)
	f.Add([]byte("a: &a [1]\nb: *a\nlanes: {1: 2}\n? x\n: y\n--- \nlanes: 3"), false)
	f.Add([]byte("lanes: 1\nlanes: 2\nmemory: 1e300\ncache_size: -1\nmax_future: 9223372036854775807ns\n"), true)
	f.Fuzz(func(t *testing.T, text []byte, inCloud bool) {
		s, err := layered(nil, nil, string(text), inCloud)
		_, recorded := Recorded(text)
		if errors.Is(err, ErrFormat) != errors.Is(recorded, ErrFormat) || err == nil && recorded != nil {
			t.Errorf("%q is %v, and %v", text, err, recorded)
		}
		if err == nil && newer.Match(text) {
			t.Errorf("%q passes", text)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "lakebed.yaml: ") {
				t.Errorf("%q: %q names no file", text, err)
			}
			return
		}
		if s.Check() != nil {
			return
		}
		if s.MaxFuture < 0 || s.Lanes < 1 || s.Lanes > 256 || s.Lanes&(s.Lanes-1) != 0 || s.Encoding != "plain" && s.Encoding != "gzip" || s.ClaimWindow <= 0 ||
			s.Target < 1 || s.Target > 1<<50 || s.Close < 0 || s.MajorParts < 1 || !(s.MajorShare >= 0) || s.LongestQuery < 0 || s.Grace < s.LongestQuery ||
			s.Live < 0 || s.Memory < 1<<20 || s.Memory > 1<<50 || s.Parallel < 1 || s.Cloud.CacheSize < 1 || !inCloud && s.Cloud != Default().Cloud {
			t.Errorf("%q passes as %+v", text, s)
		}
	})
}

var newer = regexp.MustCompile(`^format: ([2-9]|[1-9][0-9]+)\n`)

// FuzzRecord: whatever fields a mapping names, a new lake's lakebed.yaml gives them back, and so does the program that reads it.
func FuzzRecord(f *testing.F) {
	f.Add("event_uuid", "created_at", "event_name")
	f.Add("true", "1.50", "null")
	f.Add("a: b", "#x", "- y")
	f.Add("'", "\"\\", "\u2028\u0085")
	f.Add("0x10", "1_000", "2026-11-23")
	f.Add("&a", "*b", "!!c")
	f.Add("~", "\t", " z ")
	f.Add("|", ">", "%")
	f.Fuzz(func(t *testing.T, id, at, name string) {
		want := Default()
		want.Mapping = event.Mapping{ID: id, Time: at, Name: name}
		if want.Check() != nil {
			return
		}
		text, err := want.Record()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Recorded(text); err != nil || got != want.Mapping {
			t.Errorf("%q gives %+v, %v; want %+v", text, got, err, want.Mapping)
		}
		if got, err := layered(nil, nil, string(text), false); err != nil || *got != *want {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	})
}

// FuzzLayers gives one setting as a flag, as a variable and in the file: each way it comes to the same, or is refused; and each goes before the
// next, which then may hold anything.
func FuzzLayers(f *testing.F) {
	for i, value := range []string{"1h", "64MiB", "0x10", "1e3", "NaN", " 1", "+5", "1_000", "16 mib", "gzip", "true", "a.b", "-1ns", "1h0.5m", "９", "1E400", "\u00b5s"} {
		f.Add(uint8(i), value, "x")
	}
	for i := range uint8(24) {
		f.Add(i, "2", "x")
	}
	f.Fuzz(func(t *testing.T, which uint8, value, other string) {
		all := pflag.NewFlagSet("", pflag.ContinueOnError)
		Default().Register(all)
		names := keys(all)
		key := names[int(which)%len(names)]
		if value == "" || other == "" || strings.ContainsAny(value+other, "\x00") {
			return // no variable holds it
		}
		flag, variable := "--"+strings.ReplaceAll(key, "_", "-")+"=", "LAKEBED_"+strings.ToUpper(key)
		file := func(value string) string {
			return key + ": " + scalar(value) + "\n"
		}
		byFlag, refused := layered([]string{flag + value}, map[string]string{variable: other}, file(other), true)
		byVariable, err := layered(nil, map[string]string{variable: value}, file(other), true)
		if (err == nil) != (refused == nil) || err == nil && !same(byVariable, byFlag) {
			t.Errorf("%s=%q is %+v, %v; as a flag %+v, %v", variable, value, byVariable, err, byFlag, refused)
		}
		if strings.ToValidUTF8(value, "") != value {
			return
		}
		byFile, err := layered(nil, nil, file(value), true)
		if (err == nil) != (refused == nil) || err == nil && !same(byFile, byFlag) {
			t.Errorf("%q is %+v, %v; as a flag %+v, %v", file(value), byFile, err, byFlag, refused)
		}
	})
}

func same(a, b *Settings) bool {
	x, y := *a, *b
	if math.IsNaN(x.MajorShare) && math.IsNaN(y.MajorShare) {
		x.MajorShare, y.MajorShare = 0, 0
	}
	return x == y
}

// Sizes as the functions' environment has them, too.
var (
	sizeForm  = regexp.MustCompile(`^([0-9]+) ?(KiB|MiB|GiB|TiB|kB|KB|MB|GB|TB|B|)$`)
	sizeUnits = map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 1000, "KB": 1000, "MB": 1e6, "GB": 1e9, "TB": 1e12, "B": 1, "": 1}
)

// FuzzSizes: a size of a whole number is what it says; what any size is written as is about that size, and shares lie between nothing and all.
func FuzzSizes(f *testing.F) {
	for _, text := range []string{"128MiB", "1", "1 kB", "1125899906842624", "1PiB", "1024TiB", "0", "-1", "1e3", "1.5GiB", "18446744073709551616", "2%", "0.02", "100.1%", "NaN%", "1%%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var bytes Bytes
		err := bytes.Set(text)
		if m := sizeForm.FindStringSubmatch(text); m != nil {
			want, ok := new(big.Int).SetString(m[1], 10)
			want.Mul(want, big.NewInt(sizeUnits[m[2]]))
			ok = ok && want.Sign() > 0 && want.Cmp(big.NewInt(1<<50)) <= 0
			if (err == nil) != ok || ok && want.Int64() != int64(bytes) {
				t.Errorf("%q is %d, %v; want %s, %v", text, bytes, err, want, ok)
			}
		}
		if err == nil {
			var again Bytes
			if bytes < 1 || bytes > 1<<50 {
				t.Errorf("%q is %d bytes", text, bytes)
			}
			if err := again.Set(bytes.String()); err != nil || math.Abs(float64(again-bytes)) > 0.06*float64(bytes) {
				t.Errorf("%q is written %s, which is %d bytes, %v", text, &bytes, again, err)
			}
		}
		var share Share
		if share.Set(text) == nil && !(share >= 0 && share <= 1) {
			t.Errorf("%q is the share %v", text, float64(share))
		}
	})
}
