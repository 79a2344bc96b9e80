package claims

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/lakebed/lakebed/shared/event"
)

// TestItem: an item comes back as it was, and no damage to it goes unnoticed.
func TestItem(t *testing.T) {
	r := remembered{shard: "shardId-000000000007", first: "49590338271490256608559692538361571095921575989136588898", last: "", at: -5}
	for _, n := range []int{0, 1, 3} {
		r.ids = make([]event.Fingerprint, n)
		for i := range r.ids {
			r.ids[i] = event.Fingerprint{ID: event.ID{1, byte(i), 3}, Body: uint64(i) << 60}
		}
		item := packItem(r)
		got, err := unpackItem(item)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("got %+v, %v, want %+v", got, err, r)
		}
		for i := range item {
			damaged := bytes.Clone(item)
			damaged[i] ^= 0x10
			if _, err := unpackItem(damaged); err == nil {
				t.Errorf("a change of byte %d goes unnoticed", i)
			}
			if _, err := unpackItem(item[:i]); err == nil {
				t.Errorf("a cut at %d goes unnoticed", i)
			}
		}
	}
}
