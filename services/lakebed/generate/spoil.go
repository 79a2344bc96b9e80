package generate

import (
	"bytes"
	"time"
)

// fault is one way in which a line is broken. Write appends the line; the event's facts are the author's to change. The line holds no newline, and no
// reader that keeps the event contract (see DESIGN) may accept any part of it.
type fault struct {
	name  string
	write func(a *author, dst []byte) []byte
}

var faults = [...]fault{
	// Not JSON in UTF-8.
	{"truncated", truncate},
	{"not_json", instead(`2026-01-05 08:00:00 ERROR connection reset by peer (errno 104)`)},
	{"single_quotes", swap(`"`, `'`, -1)},
	{"trailing_comma", swap(`}}`, `},}`, 1)},
	{"leading_zero", swap(`"user_id":`, `"user_id":0`, 1)},
	{"not_a_number", swap(`"user_id":`, `"score":NaN,"user_id":`, 1)},
	{"control_character", inText("\x00")},
	{"invalid_utf8", inText("\xc3\x28")},
	{"lone_surrogate", inText(`\ud83d`)},

	// JSON, but no event that every reader can take.
	{"array", wrapped("[", "]")},
	{"scalar", instead(`"event_uuid"`)},
	{"null", instead(`null`)},
	{"too_deep", tooDeep},
	{"duplicate_key", swap(`"user_id":`, `"user_id":7,"user_id":`, 1)},
	{"key_case", swap(`"user_id":`, `"User_ID":7,"user_id":`, 1)},

	// An event without an identity or without a time.
	{"missing_id", with(func(a *author) { a.id = nil })},
	{"empty_id", with(func(a *author) { a.id = []byte(`""`) })},
	{"null_id", with(func(a *author) { a.id = []byte(`null`) })},
	{"object_id", with(func(a *author) { a.id = []byte(`{"uuid":4}`) })},
	{"giant_id", with(func(a *author) { a.id = quote(nil, string(bytes.Repeat([]byte("x"), 300))) })},
	{"missing_time", with(func(a *author) { a.created = nil })},
	{"bad_time", with(func(a *author) { a.created = []byte(`"last Tuesday"`) })},
	{"impossible_date", with(func(a *author) { a.created = []byte(`"2026-02-30T08:00:00Z"`) })},
	{"far_future", with(func(a *author) { a.created = a.quoteTime(nil, a.at.AddDate(400, 0, 0), time.RFC3339) })},
	{"distant_past", with(func(a *author) { a.created = a.quoteTime(nil, a.at.AddDate(-400, 0, 0), time.RFC3339) })},
}

// Faults names the ways in which broken lines are broken; they take turns.
func Faults() []string {
	names := make([]string, len(faults))
	for n := range faults {
		names[n] = faults[n].name
	}
	return names
}

// truncate cuts the line somewhere after its head, between two characters.
func truncate(a *author, dst []byte) []byte {
	from := len(dst)
	dst = a.event(dst)
	to := from + 1 + a.IntN(len(dst)-from-1)
	for dst[to]&0xc0 == 0x80 { // within a UTF-8 sequence
		to--
	}
	return dst[:to]
}

// instead writes a fixed text.
func instead(text string) func(*author, []byte) []byte {
	return func(_ *author, dst []byte) []byte { return append(dst, text...) }
}

// swap replaces text in the line, the first n times.
func swap(old, new string, n int) func(*author, []byte) []byte {
	return func(a *author, dst []byte) []byte {
		return append(dst, bytes.Replace(a.event(nil), []byte(old), []byte(new), n)...)
	}
}

// inText puts bytes into the event's name.
func inText(bad string) func(*author, []byte) []byte {
	return swap(`"event_name":"`, `"event_name":"`+bad, 1)
}

// wrapped writes something around the line.
func wrapped(before, after string) func(*author, []byte) []byte {
	return func(a *author, dst []byte) []byte {
		return append(a.event(append(dst, before...)), after...)
	}
}

// with writes an event whose facts were changed.
func with(change func(*author)) func(*author, []byte) []byte {
	return func(a *author, dst []byte) []byte {
		change(a)
		return a.event(dst)
	}
}

// tooDeep nests arrays beyond what the event contract allows (64).
func tooDeep(a *author, dst []byte) []byte {
	const levels = 100
	nest := string(bytes.Repeat([]byte("["), levels)) + string(bytes.Repeat([]byte("]"), levels))
	return swap(`"user_id":`, `"tree":`+nest+`,"user_id":`, 1)(a, dst)
}
