package config

import (
	"errors"
	"time"

	"github.com/spf13/pflag"
)

// Cloud is what only a lake in S3 can be told.
type Cloud struct {
	Database     string // of Glue
	Table        string // in it
	Claims       Claims
	ClaimsTable  string // of DynamoDB
	Deployment   string // how the names of its functions, schedules and alarms begin
	Failures     string // s3://bucket/prefix of the invocation records that Lambda gave up
	CatalogBound time.Duration
	CacheSize    Bytes
}

// onlyCloud marks the flags of Cloud.
const onlyCloud = "lakebed-only-cloud"

var errOnlyCloud = errors.New("only a lake in S3 has this setting; take it out")

// OnlyCloud tells whether only a lake in S3 has a setting.
func OnlyCloud(f *pflag.Flag) bool { return f.Annotations[onlyCloud] != nil }

func (c *Cloud) register(f *pflag.FlagSet) {
	own := pflag.NewFlagSet("cloud", pflag.ContinueOnError)
	own.StringVar(&c.Database, "database", c.Database, "S3: the Glue database that has the lake's table")
	own.StringVar(&c.Table, "table", c.Table, "S3: the Glue table of the parts")
	own.Var(&c.Claims, "claims", "S3: how ingest tells duplicates: shard, global or none")
	own.StringVar(&c.ClaimsTable, "claims-table", c.ClaimsTable, "S3: the DynamoDB table of the claims")
	own.StringVar(&c.Deployment, "deployment", c.Deployment, "S3: how the names of the lake's functions, schedules and alarms begin, for lakebed doctor")
	own.StringVar(&c.Failures, "failures", c.Failures, "S3: where the ingest function's failure destination puts its records, s3://bucket/aws/lambda/")
	own.DurationVar(&c.CatalogBound, "catalog-bound", c.CatalogBound, "S3: how long a write to Glue may take to land")
	own.Var(&c.CacheSize, "cache-size", "S3: how much of all lakes a query keeps on this machine")
	own.VisitAll(func(flag *pflag.Flag) { flag.Annotations = map[string][]string{onlyCloud: {}} })
	f.AddFlagSet(own)
}

// CheckCloud reports what the settings of a lake in S3 lack.
func (s *Settings) CheckCloud() error {
	c := &s.Cloud
	var errs []error
	if c.Database == "" {
		errs = append(errs, errors.New("database: want the name of the Glue database; Terraform writes it into lakebed.yaml"))
	}
	if c.Table == "" {
		errs = append(errs, errors.New("table: want the name of the Glue table"))
	}
	if c.ClaimsTable == "" && c.Claims != NoClaims {
		errs = append(errs, errors.New("claims_table: want the name of the DynamoDB table, or claims: none"))
	}
	if c.CatalogBound <= 0 {
		errs = append(errs, errors.New("catalog-bound: want more than 0, as Glue cannot compare"))
	}
	if s.Grace < 2*c.CatalogBound+s.LongestQuery {
		errs = append(errs, errors.New("grace: want at least longest-query and twice the catalog's bound (catalog-bound)"))
	}
	return errors.Join(errs...)
}

// Claims is a strategy of hot-path dedupe.
type Claims string

// The strategies; NoClaims leaves all to compaction.
const (
	ShardClaims  Claims = "shard"
	GlobalClaims Claims = "global"
	NoClaims     Claims = "none"
)

// Set checks the name.
func (c *Claims) Set(s string) error {
	switch v := Claims(s); v {
	case ShardClaims, GlobalClaims, NoClaims:
		*c = v
		return nil
	}
	return errors.New("want shard, global or none")
}

func (c *Claims) String() string { return string(*c) }

// Type is the name of the value in a flag's help.
func (c *Claims) Type() string { return "strategy" }
