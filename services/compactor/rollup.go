package compactor

import (
	"context"

	"github.com/lakebed/lakebed/shared/ledger"
)

// rollup puts the ledger's entries of past hours together, so that the ledger stays few objects.
func (c *Compactor) rollup(ctx context.Context) (Result, error) {
	done, err := ledger.RollUp(ctx, c.bucket, c.config.Now(), c.config.Policy.Grace)
	return Result{RolledUp: done.RolledUp, Deleted: done.Deleted}, err
}
