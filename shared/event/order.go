package event

import "time"

// Order tells where lines stand beside each other: by name, in the order in which the names came, then by time. What is alike compresses best
// side by side.
type Order struct {
	from  int64
	names map[string]uint64
}

// NewOrder is an order of events from a time on, for an hour.
func NewOrder(from time.Time) *Order { return &Order{from.UnixNano(), map[string]uint64{}} }

// The names that are told apart: so many, of so many bytes. The others count as one.
const (
	maxNames = 4096
	maxName  = 256
)

// Of gives a line's place.
func (o *Order) Of(g Glance) uint64 {
	name, known := o.names[string(g.Name)]
	switch {
	case known:
	case len(o.names) < maxNames && len(g.Name) <= maxName:
		name = uint64(len(o.names))
		o.names[string(g.Name)] = name
	default:
		name = maxNames
	}
	return name<<32 | uint64(uint32((g.Time-o.from)/int64(time.Microsecond)))
}
