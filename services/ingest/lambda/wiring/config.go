package wiring

import (
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/function"
	"github.com/lakebed/lakebed/shared/layout"
)

// Config is the function's settings. Their defaults are those of the command line.
type Config struct {
	function.Common
	MaxFuture   time.Duration `env:"LAKEBED_MAX_FUTURE" envDefault:"24h" want:"a duration such as 24h, not negative"`
	Lanes       int           `env:"LAKEBED_LANES" envDefault:"1" want:"a power of two from 1 to 256"`
	Encoding    string        `env:"LAKEBED_FRAGMENT_ENCODING" envDefault:"plain" want:"plain or gzip"`
	Claims      string        `env:"LAKEBED_CLAIMS" envDefault:"shard" want:"shard, global or none"`
	ClaimsTable string        `env:"LAKEBED_CLAIMS_TABLE" want:"the name of a DynamoDB table, unless LAKEBED_CLAIMS is none"`
	ClaimWindow time.Duration `env:"LAKEBED_CLAIM_WINDOW" envDefault:"5m" want:"a duration such as 5m, more than 0"`
}

// Variables lists the environment variables that the function reads, beside those of Lambda and of the SDK.
func Variables() []string { return function.Variables(new(Config)) }

// load reports every problem at once.
func load(getenv func(string) string) (*Config, error) {
	c := new(Config)
	err := function.Load(c, getenv, func(want func(ok bool, variable string)) {
		c.Check(want)
		want(c.MaxFuture >= 0, "LAKEBED_MAX_FUTURE")
		want(layout.CheckLanes(c.Lanes) == nil, "LAKEBED_LANES")
		want(slices.Contains([]string{"plain", "gzip"}, c.Encoding), "LAKEBED_FRAGMENT_ENCODING")
		want(slices.Contains([]string{"shard", "global", "none"}, c.Claims), "LAKEBED_CLAIMS")
		want(c.ClaimsTable != "" || c.Claims == "none", "LAKEBED_CLAIMS_TABLE")
		want(c.ClaimWindow > 0, "LAKEBED_CLAIM_WINDOW")
	})
	return c, err
}
