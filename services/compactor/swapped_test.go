package compactor

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// 66: a part that somebody put in another's place halts its partition, by name. What is in it goes into no successor.
func TestSwappedPart(t *testing.T) {
	key := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 2}.Key()
	for name, from := range map[string]layout.Slot{
		"of another hour":    {Partition: hour + 1, Generation: layout.FirstGeneration, Number: 1},
		"of the same hour":   {Partition: hour, Generation: layout.FirstGeneration, Number: 1},
		"which is its own":   {Partition: hour, Generation: layout.FirstGeneration, Number: 2},
		"of an hour earlier": {Partition: hour - 1, Generation: layout.FirstGeneration, Number: 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			l.config.Policy.MajorParts, l.config.Policy.MajorShare = 100, 2
			l.events(hour-1, 3)
			l.events(hour+1, 3)
			l.parts(2)
			l.settle()
			body, _, err := l.store.Get(t.Context(), from.Key(), bucket.Range{})
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.store.Put(t.Context(), key, bytes.NewReader(text), bucket.Condition{}); err != nil {
				t.Fatal(err)
			}
			l.config.Policy.MajorParts, l.config.Policy.MajorShare = 1, 0
			l.events(hour, 1)
			r := l.round()
			if name == "which is its own" {
				if len(r.SetAside) > 0 {
					t.Errorf("got %+v", r.SetAside)
				}
				return
			}
			if len(r.SetAside) != 1 || !strings.Contains(r.SetAside[0].Err.Error(), key) || !strings.Contains(r.SetAside[0].Err.Error(), "restore") || r.Majors > 0 {
				t.Errorf("got %+v, %d generations sealed", r.SetAside, r.Majors)
			}
		})
	}
}
