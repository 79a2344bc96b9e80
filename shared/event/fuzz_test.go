package event

import (
	"testing"
	"time"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range seeds()[15:] {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		d := newDecoder(t, DefaultMapping)
		decode(t, d, string(record))
		if _, problem := compareWithOracle(d, record); problem != "" {
			t.Errorf("%q: %s", record, problem)
		}
		Seen(record)
	})
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"1626847200", "-1.5e-3", "2021-07-21T06:00:60.5+01:00", "2021-07-21 06:00:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTime(text)
		if err != nil {
			if !isReason(err, TimeInvalid) && !isReason(err, TimeRange) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if got.Year() < 0 || got.Year() > 9999 {
			return // an offset can do that to RFC 3339
		}
		stamp := got.Format(time.RFC3339Nano)
		if again, err := ParseTime(stamp); err != nil || !again.Equal(got) {
			t.Errorf("%q is %s, which is %s, %v", text, stamp, again, err)
		}
		if numberText.MatchString(text) && len(text) < 100 && (text[0] != '-' && len(text) < 3 || !isLong(text)) {
			if want, ok := exactTime(text); !ok || !want.Equal(got) {
				t.Errorf("%q: %s, want %s, %v", text, got, want, ok)
			}
		}
	})
}

// isLong reports whether a number's exponent is too long for the oracle.
func isLong(number string) bool {
	for i := range number {
		if number[i]|0x20 == 'e' {
			return len(number)-i > 5
		}
	}
	return false
}

// FuzzIdentify: of a line that Inspect takes Identify gives the same id; of others anything but a panic.
func FuzzIdentify(f *testing.F) {
	for _, seed := range seeds()[18:] {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		d := newDecoder(t, DefaultMapping)
		id, err := d.Identify(line)
		if e, wrong := d.Inspect(line); wrong == nil && (err != nil || id != e.Fingerprint.ID) {
			t.Errorf("%q: %x, %v, want %x", line, id, err, e.Fingerprint.ID)
		}
	})
}
