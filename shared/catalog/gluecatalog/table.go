package gluecatalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// Table implements catalog.Catalog. A table that is marked as new, or has neither a record nor columns, such as Terraform makes, knows nothing yet. One
// that somebody changed is an error: catalog.ErrCorrupt where Clear helps, catalog.ErrForeign where only a person can.
func (c *Catalog) Table(ctx context.Context) (catalog.Table, error) {
	t, err := c.get(ctx)
	if t == nil && err == nil && c.config.Deployed {
		err = errDropped
	}
	if t == nil || err != nil {
		return catalog.Table{}, c.wrap("read", err)
	}
	known, err := c.read(t)
	return known, c.wrap("read", err)
}

// SetTable implements catalog.Catalog. The stored table is read and compared just before it is replaced, and Glue compares its VersionId
// once more as it does so. One that is marked as new keeps its columns until it is given some, and then those of text that are not among them. An
// error may leave the table set, as long as it is not catalog.ErrStale.
func (c *Catalog) SetTable(ctx context.Context, t catalog.Table) (catalog.Table, error) {
	old, err := c.get(ctx)
	if err != nil {
		return catalog.Table{}, c.wrap("set", err)
	}
	if old == nil && c.config.Deployed {
		return catalog.Table{}, c.wrap("set", errDropped)
	}
	if old == nil && t.Version != "" || old != nil && t.Version != version(old) {
		return catalog.Table{}, c.wrap("set", catalog.ErrStale)
	}
	if old != nil {
		known, err := c.read(old)
		if err != nil {
			return catalog.Table{}, c.wrap("set", err)
		}
		if isNew(old, known) {
			t.Columns = promised(old, t.Columns)
		}
	}
	t.Version, err = c.replace(ctx, old, t)
	if err != nil {
		return catalog.Table{}, c.wrap("set", err)
	}
	return t, nil
}

// Clear sets a table of this lake that somebody changed back to what Lakebed declared, or, where its record cannot be read any more, to no
// columns; no partition counts as followed. Partitions stay as they are: a rebuild sets them. A table that is not this lake's is refused.
func (c *Catalog) Clear(ctx context.Context) error {
	old, err := c.get(ctx)
	if old == nil || err != nil {
		return c.wrap("clear", err)
	}
	if err := c.foreign(old); err != nil {
		return c.wrap("clear", err)
	}
	if f := old.Parameters[formatKey]; f != "" && f != format {
		_, err := c.read(old)
		return c.wrap("clear", err)
	}
	known, err := unpack(old.Parameters)
	if err != nil {
		known = catalog.Table{}
	}
	known.Followed = false
	old.StorageDescriptor = storage(aws.ToString(old.StorageDescriptor.Location), nil)
	maps.DeleteFunc(old.Parameters, func(key, _ string) bool { return strings.HasPrefix(key, "projection.") })
	_, err = c.replace(ctx, old, known)
	return c.wrap("clear", err)
}

var errDropped = fmt.Errorf("somebody dropped it: %w", catalog.ErrCorrupt)

// wrap names the table in an error, if there is one.
func (c *Catalog) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s table %s: %w", verb, c.name(), err)
}

// get gives Glue's table, nil when there is none.
func (c *Catalog) get(ctx context.Context) (*types.Table, error) {
	out, err := c.client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &c.config.Database, Name: &c.config.Table}, c.inTime)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

// version is Glue's, and the last write's own mark: Glue's alone would not tell a table from one that was dropped and made again.
func version(t *types.Table) string {
	return aws.ToString(t.VersionId) + "/" + t.Parameters[revisionKey]
}

// replace puts t in the place of old, nil for none, and gives its version. A lost reply to a write that landed is not taken for another's:
// the revision tells.
func (c *Catalog) replace(ctx context.Context, old *types.Table, t catalog.Table) (string, error) {
	revision := nonce()
	ours, err := pack(t, revision)
	if err != nil {
		return "", err
	}
	columns := columnsOf(declared(t))
	if old != nil && old.Parameters[newKey] != "" && len(columns) == 0 {
		columns, ours[newKey] = old.StorageDescriptor.Columns, old.Parameters[newKey]
	}
	if old == nil {
		err = c.create(ctx, columns, ours)
	} else {
		err = c.update(ctx, old, columns, ours)
	}
	if err != nil && !errors.Is(err, catalog.ErrStale) {
		return "", err
	}
	stored, readErr := c.get(ctx)
	switch {
	case readErr != nil:
		return "", fmt.Errorf("read its version: %w", readErr)
	case stored != nil && stored.Parameters[revisionKey] == revision:
		return version(stored), nil
	case err != nil:
		return "", err
	}
	return "/" + revision, nil // somebody has set it since: this version is stale already
}

func (c *Catalog) create(ctx context.Context, columns []types.Column, ours map[string]string) error {
	_, err := c.client.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &c.config.Database, TableInput: &types.TableInput{
		Name: &c.config.Table, TableType: aws.String(external), PartitionKeys: keys(),
		StorageDescriptor: storage(c.url(layout.Events), columns),
		Parameters:        mix(map[string]string{"EXTERNAL": "TRUE", "classification": "json", "typeOfData": "file"}, ours),
	}}, c.inTime)
	var exists *types.AlreadyExistsException
	switch {
	case errors.As(err, &exists):
		return catalog.ErrStale
	case isNotFound(err):
		return fmt.Errorf("database %s is not there: %w", c.config.Database, err)
	}
	return err
}

// update keeps what is not Lakebed's: descriptions, tags of others, the SerDe's parameters. It leaves no archived version behind, of which
// Glue keeps 100,000; the VersionId changes all the same.
func (c *Catalog) update(ctx context.Context, old *types.Table, columns []types.Column, ours map[string]string) error {
	s := *old.StorageDescriptor
	s.Columns = columns
	_, err := c.client.UpdateTable(ctx, &glue.UpdateTableInput{
		DatabaseName: &c.config.Database, VersionId: old.VersionId, SkipArchive: aws.Bool(true),
		TableInput: &types.TableInput{
			Name: old.Name, Description: old.Description, LastAccessTime: old.LastAccessTime, LastAnalyzedTime: old.LastAnalyzedTime,
			Owner: old.Owner, Parameters: mix(old.Parameters, ours), PartitionKeys: old.PartitionKeys, Retention: old.Retention,
			StorageDescriptor: &s, TableType: old.TableType, TargetTable: old.TargetTable,
			ViewExpandedText: old.ViewExpandedText, ViewOriginalText: old.ViewOriginalText,
		},
	}, c.inTime)
	var concurrent *types.ConcurrentModificationException
	if errors.As(err, &concurrent) || isNotFound(err) {
		return catalog.ErrStale
	}
	if code(err) == "VersionMismatchException" {
		return catalog.ErrStale
	}
	return err
}
