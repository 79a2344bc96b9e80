package dynamoclaims

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Usage counts what a strategy took from its table since it was made.
type Usage struct {
	Reads, Writes int64 // requests that were answered
	Items         int64 // read, for the first time
	Repeated      int64 // read again, in the overlap
	Bytes         int64 // of the packed batches in both
	Unreadable    int64 // items that are damaged or of another form: what they claimed counts as fresh
	Written       int64 // items
	ReadUnits     float64
	WriteUnits    float64 // as the table reports them
}

// Since is what was taken after before.
func (u Usage) Since(before Usage) Usage {
	return Usage{
		Reads: u.Reads - before.Reads, Writes: u.Writes - before.Writes, Items: u.Items - before.Items, Repeated: u.Repeated - before.Repeated,
		Bytes: u.Bytes - before.Bytes, Unreadable: u.Unreadable - before.Unreadable, Written: u.Written - before.Written,
		ReadUnits: u.ReadUnits - before.ReadUnits, WriteUnits: u.WriteUnits - before.WriteUnits,
	}
}

// usage is a Usage that is being counted. Safe for concurrent use.
type usage struct {
	mu    sync.Mutex
	total Usage
}

func (u *usage) count(change func(*Usage)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(&u.total)
}

// Usage implements the method of both strategies.
func (u *usage) Usage() Usage {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.total
}

// units adds up what calls consumed.
func units(consumed ...types.ConsumedCapacity) float64 {
	var sum float64
	for _, c := range consumed {
		if c.CapacityUnits != nil {
			sum += *c.CapacityUnits
		}
	}
	return sum
}

// unitsOf is units of the one that may be missing.
func unitsOf(consumed *types.ConsumedCapacity) float64 {
	if consumed == nil {
		return 0
	}
	return units(*consumed)
}
