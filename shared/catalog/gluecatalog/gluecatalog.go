// Package gluecatalog keeps the catalog in AWS Glue, where Athena and Trino look.
//
// What Glue has no place for lies in parameters that begin with "lakebed.": of the table, all that is known of its columns (see pack); of a
// partition, when it was published and written, its Location, a hash of its columns and a nonce. The bucket stays the truth: what
// somebody changes by hand is noticed and either written anew or reported, never built upon.
package gluecatalog

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/cloud"
)

// Config says which table it is, and of which lake.
type Config struct {
	Database string
	Table    string
	Lake     cloud.Lake

	// Deployed says that the table was there from the beginning, so that one that is missing was dropped: that is catalog.ErrCorrupt. Otherwise
	// SetTable makes it. A worker that made it anew would show the partitions that it visits and no others, and nobody would be told.
	Deployed bool
}

// Catalog implements catalog.Catalog: the table is compared, of a partition the last writer wins. No call is sent once its context's
// deadline has passed.
type Catalog struct {
	config Config
	client *glue.Client
	hands  int // how many calls that set partitions are under way at once
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
}

var _ catalog.Catalog = (*Catalog)(nil)

// New gives the catalog in an existing database. The client's own retries apply to every call.
func New(client *glue.Client, c Config) *Catalog {
	return &Catalog{config: c, client: client, hands: 4, now: time.Now, sleep: smithytime.SleepWithContext}
}

func (c *Catalog) name() string { return c.config.Database + "." + c.config.Table }

// The names of parameters.
const (
	own            = "lakebed."
	formatKey      = own + "format"
	revisionKey    = own + "revision"
	recordKey      = own + "schema." // and a number from 0
	publishedKey   = own + "published_at"
	writtenKey     = own + "written_at"
	locationKey    = own + "location"
	columnsKey     = own + "columns"
	newKey         = own + "new" // infra/modules/catalog sets it
	projectionKey  = "projection.enabled"
	tableFormatKey = "table_type"
)

// nonce tells one write from every other.
func nonce() string { return rand.Text() }

// backoff is how long to wait before a round of tries, counted from 1.
func backoff(round int) time.Duration {
	most := min(100*time.Millisecond<<round, 5*time.Second)
	return most/2 + mathrand.N(most/2)
}

func isNotFound(err error) bool {
	var e *types.EntityNotFoundException
	return errors.As(err, &e)
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}
