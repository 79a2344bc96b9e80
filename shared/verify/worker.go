package verify

import "github.com/lakebed/lakebed/shared/schema"

// worker verifies one hour after the other. Its memory is used again.
type worker struct {
	*reader
	checker *schema.Checker
	columns []schema.Field // of the checker
	ids     *table
}

func (r *run) newWorker() (*worker, error) {
	in, err := r.newReader()
	if err != nil {
		return nil, err
	}
	return &worker{reader: in, ids: newTable(max(r.Memory*3/4/int64(r.Parallel), leastMemory))}, nil
}

// fits gives the check of lines against columns.
func (k *worker) fits(columns []schema.Field) *schema.Checker {
	if k.checker == nil || !schema.Equal(k.columns, columns) {
		k.checker, k.columns = schema.NewChecker(columns), columns
	}
	return k.checker
}
