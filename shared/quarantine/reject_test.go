package quarantine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

func TestRoundTrip(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	arrival := time.Date(2026, 11, 23, 8, 0, 0, 123e6, time.UTC)
	want := []Reject{
		{Reason: event.Encoding, Detail: "bad <&> \"quote\"", Shard: "s", Sequence: "1", Arrival: arrival, Data: []byte{0, 0xff, '\n', 0x80}},
		{Reason: event.Encoding, Shard: "s", Sequence: "2", Position: 3, Arrival: arrival, Data: []byte{}},
	}
	span := layout.Span{Shard: "s", First: "1", Last: "2"}
	key, err := Put(t.Context(), b, span, want)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Put(t.Context(), b, span, want); err != nil || again != key { // I6
		t.Errorf("put again as %s, %v", again, err)
	}
	if at, err := layout.ParseReject(key); err != nil || at.Reason != "encoding" || at.Arrival != layout.PartitionOf(arrival) {
		t.Errorf("%s: %+v, %v", key, at, err)
	}
	got, err := Read(t.Context(), b, key)
	if err != nil || !slices.EqualFunc(got, want, func(a, b Reject) bool {
		return a.Reason == b.Reason && a.Detail == b.Detail && a.Sequence == b.Sequence && a.Position == b.Position && a.Arrival.Equal(b.Arrival) && string(a.Data) == string(b.Data)
	}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// keyOf names an object of any bytes.
func keyOf(object []byte) string {
	span := layout.Span{Shard: "s", First: "1", Last: "2"}
	return layout.Reject{Arrival: layout.PartitionOf(time.Unix(0, 0)), Reason: string(event.Empty), Span: span, Hash: xxhash.Sum64(object)}.Key()
}

// What was damaged is named, and never given for what was rejected.
func TestReadBroken(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	good := `{"reason":"empty","data":"e30="}` + "\n"
	for name, object := range map[string]struct{ key, text string }{
		"json": {keyOf([]byte("{\n")), "{\n"}, "end": {keyOf([]byte(`{"reason":"empty"}`)), `{"reason":"empty"}`}, "hash": {keyOf([]byte(good)), strings.Replace(good, "e30", "e31", 1)},
		"key": {"x", good},
	} {
		if _, err := b.Put(t.Context(), object.key, strings.NewReader(object.text), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), b, object.key); err == nil || !strings.Contains(err.Error(), object.key) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
