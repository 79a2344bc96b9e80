package host

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
)

// s3Place is the place of a lake in S3. Functions of a stream may work on it meanwhile.
type s3Place struct {
	config aws.Config
	lake   cloud.Lake
	bucket bucket.Bucket
}

func findCloud(ctx context.Context, name string) (*s3Place, error) {
	lake, err := cloud.ParseLake(name)
	if err != nil {
		return nil, err
	}
	c, err := reach(ctx)
	if err != nil {
		return nil, err
	}
	return &s3Place{c, lake, s3bucket.New(cloud.S3(c), lake)}, nil
}

// firstAttempts is how often the first call is tried: with all of cloud.Retryer's, who gave a wrong endpoint would hear of it after a minute.
const firstAttempts = 3

// credentialsWait is how long the search for credentials may take: the last place that is asked, a machine's role, may not be there.
const credentialsWait = 20 * time.Second

// reach gives AWS's configuration, from the standard AWS_* variables, the shared files and the machine's role, once there are credentials, as no call says
// well that there are none.
func reach(ctx context.Context) (aws.Config, error) {
	c, err := sdk.LoadDefaultConfig(ctx, sdk.WithRetryer(cloud.Retryer))
	switch {
	case err != nil:
		return c, fmt.Errorf("load AWS configuration: %w", err)
	case c.Region == "":
		return c, errors.New("load AWS configuration: no region: set AWS_REGION")
	}
	wait, stop := context.WithTimeout(ctx, credentialsWait)
	defer stop()
	if _, err := c.Credentials.Retrieve(wait); err != nil {
		return c, fmt.Errorf("no credentials for AWS: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with `aws sso login`: %w", err)
	}
	return c, nil
}

// ReadConfig implements Place.
func (p *s3Place) ReadConfig(ctx context.Context) ([]byte, error) {
	c := p.config.Copy()
	c.Retryer = func() aws.Retryer { return retry.AddWithMaxAttempts(p.config.Retryer(), firstAttempts) }
	text, err := readConfig(ctx, s3bucket.New(cloud.S3(c), p.lake))
	if err != nil {
		return nil, fmt.Errorf("open lake %s: %w", p.lake, err)
	}
	return text, nil
}

// Open implements Place. Nothing is ever created: Terraform makes what a lake in S3 lies in.
func (p *s3Place) Open(ctx context.Context, s *config.Settings, recorded, _ bool) (*Lake, error) {
	if !recorded {
		return nil, fmt.Errorf("open lake %s: %w: it has no %s, which `terraform apply` writes; check the bucket and the prefix", p.lake, ErrNoLake, layout.Config)
	}
	client := glue.NewFromConfig(p.config)
	_, err := client.GetDatabase(ctx, &glue.GetDatabaseInput{Name: &s.Cloud.Database})
	var missing *types.EntityNotFoundException
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("open lake %s: Glue has no database %q in %s: `terraform apply` makes it, and database in %s names it",
			p.lake, s.Cloud.Database, p.config.Region, layout.Config)
	} else if ctx.Err() != nil {
		return nil, ctx.Err()
	} // anything else may concern this call only: what matters is whether the table can be read and written
	return &Lake{
		Name: p.lake.String(), Bucket: p.bucket, Settings: s, Recorded: true, Now: time.Now, AWS: &p.config, feed: p.feed, bound: s.Cloud.CatalogBound,
		Catalog: gluecatalog.New(client, gluecatalog.Config{Database: s.Cloud.Database, Table: s.Cloud.Table, Lake: p.lake}),
	}, nil
}

// feed begins a stream of this process's own: no shard of Kinesis and no other process has its name, so that nobody else would read what
// it claims in DynamoDB. Nor may it: where claims are made ahead of the store (global), whoever breaks off has to come back as the same
// records, and another run of the command is other ones. What the process has stored it remembers itself; the rest is compaction's.
// Replays do come back as the same records, and claim as the stream's function does.
func (p *s3Place) feed(ctx context.Context, l *Lake, again bool) (*feed, error) {
	o := claims.Options{Keep: l.Settings.ClaimWindow, Now: l.Now}
	f := &feed{claims: claims.NewMemory(o), close: func() error { return nil }}
	if again {
		f.claims = p.claims(l.Settings.Cloud, o)
		return f, nil
	}
	var err error
	if f.proved, err = holdsEvents(ctx, l.Bucket); err != nil {
		return nil, err
	}
	var last atomic.Uint64
	f.shard = "cli-" + uuid.NewString()
	f.number = func(_ context.Context, n int) (uint64, error) { return last.Add(uint64(n)) - uint64(n) + 1, nil }
	return f, nil
}

// claims is the strategy of the stream's function. It keeps global claims for the strategy's own retention, as the function does.
func (p *s3Place) claims(s config.Cloud, o claims.Options) claims.Claims {
	switch s.Claims {
	case config.ShardClaims:
		return dynamoclaims.NewShard(dynamodb.NewFromConfig(p.config), s.ClaimsTable, o)
	case config.GlobalClaims:
		return dynamoclaims.NewGlobal(dynamodb.NewFromConfig(p.config), s.ClaimsTable, claims.Options{Now: o.Now})
	}
	return claims.None{}
}

// holdsEvents tells whether anything was ever received.
func holdsEvents(ctx context.Context, b bucket.Bucket) (bool, error) {
	for _, err := range b.List(ctx, layout.Ledger, "") {
		if err != nil {
			return false, fmt.Errorf("list ledger: %w", err)
		}
		return true, nil
	}
	return false, nil
}
