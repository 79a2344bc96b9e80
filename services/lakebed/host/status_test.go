package host

import (
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// TestStatusOfAHaltedHour: what is said of the others is said all the same.
func TestStatusOfAHaltedHour(t *testing.T) {
	l := memoryLake()
	l.runEvents(t, 1)
	foreign := layout.EventsPrefix(layout.PartitionOf(noon)-1) + "export.csv"
	if _, err := l.Bucket.Put(t.Context(), foreign, strings.NewReader("a,b\n"), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	s, err := l.Status(t.Context())
	if err != nil || len(s.Partitions) != 1 || s.Received != 2 {
		t.Errorf("%d hours, %d received, %v", len(s.Partitions), s.Received, err)
	}
	if len(s.Halted) != 1 || !strings.Contains(s.Halted[0].Error(), foreign) {
		t.Errorf("halted are %v", s.Halted)
	}
}
