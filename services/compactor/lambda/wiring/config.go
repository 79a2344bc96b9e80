package wiring

import (
	"net/url"
	"time"

	"github.com/lakebed/lakebed/shared/function"
)

// Config is the function's settings. Their defaults are those of the command line.
type Config struct {
	function.Common
	Database     string        `env:"LAKEBED_DATABASE,required" want:"the name of a Glue database"`
	Table        string        `env:"LAKEBED_TABLE" envDefault:"events" want:"the name of a Glue table"`
	QueueURL     string        `env:"LAKEBED_QUEUE_URL,required" want:"the https:// address of the workers' SQS queue"`
	Target       function.Size `env:"LAKEBED_TARGET_SIZE" envDefault:"128MiB" want:"a size such as 128MiB"`
	Close        time.Duration `env:"LAKEBED_CLOSE_AFTER" envDefault:"15m" want:"a duration such as 15m, not negative"`
	MajorParts   int           `env:"LAKEBED_MAJOR_PARTS" envDefault:"8" want:"a number from 1 on"`
	MajorShare   float64       `env:"LAKEBED_MAJOR_SHARE" envDefault:"0.1" want:"a number from 0 on, such as 0.1"`
	Grace        time.Duration `env:"LAKEBED_GRACE" envDefault:"4h" want:"at least LAKEBED_LONGEST_QUERY and twice LAKEBED_CATALOG_BOUND together"`
	Live         time.Duration `env:"LAKEBED_LIVE" envDefault:"2h" want:"a duration such as 2h, not negative"`
	LongestQuery time.Duration `env:"LAKEBED_LONGEST_QUERY" envDefault:"30m" want:"a duration such as 30m, not negative"`
	CatalogBound time.Duration `env:"LAKEBED_CATALOG_BOUND" envDefault:"30s" want:"a duration from 1s on, such as 30s"`
	Memory       function.Size `env:"LAKEBED_MEMORY" envDefault:"24MiB" want:"a size of at least 1MiB, such as 24MiB"`
}

// Variables lists the environment variables that the function reads, beside those of Lambda and of the SDK.
func Variables() []string { return function.Variables(new(Config)) }

// load reports every problem at once.
func load(getenv func(string) string) (*Config, error) {
	c := new(Config)
	err := function.Load(c, getenv, func(want func(ok bool, variable string)) {
		c.Check(want)
		u, err := url.Parse(c.QueueURL)
		want(err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "", "LAKEBED_QUEUE_URL")
		want(c.Close >= 0, "LAKEBED_CLOSE_AFTER")
		want(c.MajorParts >= 1, "LAKEBED_MAJOR_PARTS")
		want(c.MajorShare >= 0, "LAKEBED_MAJOR_SHARE")
		want(c.Live >= 0, "LAKEBED_LIVE")
		want(c.LongestQuery >= 0, "LAKEBED_LONGEST_QUERY")
		want(c.CatalogBound >= time.Second, "LAKEBED_CATALOG_BOUND")
		want(c.Memory >= 1<<20, "LAKEBED_MEMORY")
		want(c.Grace >= c.LongestQuery+2*c.CatalogBound, "LAKEBED_GRACE")
	})
	return c, err
}
