package compactor

import (
	"context"

	"github.com/lakebed/lakebed/shared/ledger"
)

// RollUp puts the ledger's entries of past hours together, so that the ledger stays few objects. It may be broken off and repeated.
func (c *Compactor) RollUp(ctx context.Context) (Result, error) {
	done, err := ledger.RollUp(ctx, c.bucket, c.config.Now(), c.config.Policy.Grace)
	return Result{RolledUp: done.RolledUp, Deleted: done.Deleted}, err
}
