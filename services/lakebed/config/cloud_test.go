package config

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// layered gives settings from flags, variables and a file.
func layered(args []string, env map[string]string, text string, inCloud bool) (*Settings, error) {
	s := Default()
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	s.Register(f)
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	return s, Layer(f, func(name string) string { return env[name] }, []byte(text), inCloud)
}

func TestLayerCloud(t *testing.T) {
	const text = "format: 1\ndatabase: d\nclaims: global\nclaims_table: c\nfailures: s3://f/aws/lambda/\ncatalog_bound: 45s\ncache_size: 1GiB\n"
	s, err := layered([]string{"--claims-table", "mine"}, map[string]string{"LAKEBED_TABLE": "t"}, text, true)
	if err != nil {
		t.Fatal(err)
	}
	want := Cloud{Database: "d", Table: "t", Claims: GlobalClaims, ClaimsTable: "mine", Failures: "s3://f/aws/lambda/", CatalogBound: 45 * time.Second, CacheSize: 1 << 30}
	if s.Cloud != want {
		t.Errorf("got %+v", s.Cloud)
	}
	if err := s.CheckCloud(); err != nil {
		t.Error(err)
	}
}

// A directory's file and flags cannot name what only S3 has; the variables are passed over.
func TestLayerDirectory(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		text string
		says string
	}{
		"file": {nil, "format: 1\ndatabase: d\n", "database"},
		"flag": {[]string{"--table", "t"}, "format: 1\n", "--table"},
	} {
		if _, err := layered(c.args, nil, c.text, false); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := layered(nil, map[string]string{"LAKEBED_TABLE": "t", "LAKEBED_CLAIMS": "nonsense"}, "format: 1\n", false)
	if err != nil || s.Cloud != Default().Cloud {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestCheckCloud(t *testing.T) {
	good := func() *Settings {
		s := Default()
		s.Cloud.Database, s.Cloud.ClaimsTable = "d", "c"
		return s
	}
	if err := good().CheckCloud(); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*Settings){
		"database":      func(s *Settings) { s.Cloud.Database = "" },
		"table: want":   func(s *Settings) { s.Cloud.Table = "" },
		"claims_table":  func(s *Settings) { s.Cloud.ClaimsTable = "" },
		"catalog-bound": func(s *Settings) { s.Cloud.CatalogBound = 0 },
		"grace":         func(s *Settings) { s.Cloud.CatalogBound = 2 * time.Hour },
	} {
		s := good()
		change(s)
		if err := s.CheckCloud(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	s := good()
	s.Cloud.Claims, s.Cloud.ClaimsTable = NoClaims, ""
	if err := s.CheckCloud(); err != nil {
		t.Error(err)
	}
}
