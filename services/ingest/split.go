package ingest

import (
	"fmt"

	"github.com/lakebed/lakebed/services/ingest/kpl"
)

// split calls f with the data of each sub-record of an aggregate, and of any other record with its own. On an error f was not called.
//
// A piece that is replayed is no aggregate, whatever it begins with: that is told by its position. At position 0 there is no doubt: the first
// piece of a record begins with the magic number only if the record does, and no sub-record does.
func (r *Record) split(f func(data []byte)) error {
	if r.Position != 0 || !kpl.Is(r.Data) {
		f(r.Data)
		return nil
	}
	aggregate, err := guarded(r.Data)
	if err != nil {
		return err
	}
	for data := range aggregate.Records() {
		f(data)
	}
	return nil
}

// decodeAggregate is kpl.Decode, but in a test that has it panic.
var decodeAggregate = kpl.Decode

// guarded makes a panic an error, so that a record that our own code cannot bear costs that record only.
func guarded(data []byte) (a kpl.Aggregate, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return decodeAggregate(data)
}
