package command

import (
	"testing"
	"time"
)

func TestHour(t *testing.T) {
	want := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-23": want.Truncate(24 * time.Hour), "2026-11-23T08": want, "2026-11-23T08:00:00Z": want, "2026-11-23T10:00:00+02:00": want,
	} {
		var h hour
		if err := h.Set(text); err != nil || !h.Start().Equal(want) {
			t.Errorf("%s is %s, %v", text, &h, err)
		}
		var again hour
		if err := again.Set(h.String()); err != nil || again != h {
			t.Errorf("%s comes back as %s, %v", &h, &again, err)
		}
	}
	for _, text := range []string{"", "today", "2026-11-23T08:30:00Z", "1969-01-01", "2026-11-23T24", "99999-01-01"} {
		var h hour
		if err := h.Set(text); err == nil {
			t.Errorf("%q is %s", text, &h)
		}
	}
}
