package event

import "testing"

// A glance finds the three wherever they stand, and stops at the last of them.
func TestGlance(t *testing.T) {
	nested := Mapping{ID: "meta.id", Time: "meta.at.ms", Name: "kind"}
	for _, c := range []struct {
		mapping    Mapping
		line, name string
		at         int64
	}{
		{DefaultMapping, `{"event_uuid":"a","event_name":"b:c","created_at":1700000000,"x":{`, `"b:c"`, 1700000000e9},
		{DefaultMapping, `{"created_at":"2023-11-14T22:13:20Z","x":{"event_uuid":"no"},"event_uuid":"a"}`, "", 1700000000e9},
		{DefaultMapping, `{"event_uuid":"a","event_name":7}`, "7", 0},
		{nested, `{"kind":["b"],"meta":{"at":{"ms":1700000000123},"id":"a"},"event_uuid":"no"}`, `["b"]`, 1700000000123e6},
		{Mapping{ID: "id", Time: "at"}, `{"event_name":"b","id":"a","at":1700000000}`, "", 1700000000e9},
	} {
		d := newDecoder(t, c.mapping)
		want, f := idOf([]byte(`"a"`), nil)
		if f.reason != "" {
			t.Fatal(f)
		}
		if g, err := d.Glance([]byte(c.line)); err != nil || g.ID != want || string(g.Name) != c.name || g.Time != c.at {
			t.Errorf("%s: %x %s at %d, %v; want %x %s at %d", c.line, g.ID, g.Name, g.Time, err, want, c.name, c.at)
		}
	}
	for _, line := range []string{"", "{}", `{"event_uuid"`, `{"event_uuid":"a`, `{"event_name":"b","created_at":1}`} {
		if g, err := newDecoder(t, DefaultMapping).Glance([]byte(line)); err == nil {
			t.Errorf("%s has the id %x", line, g.ID)
		}
	}
}
