package event

import (
	"slices"
	"strconv"
	"strings"
)

// Reason says why a piece of a record was rejected: one of the constants below, [a-z_]+, so that it can stand in an object's key.
type Reason string

// The closed list of reasons. Those that decoding never gives say who does.
const (
	Empty         Reason = "empty"           // the record holds nothing but white space
	Compressed    Reason = "compressed"      // the record begins with the magic number of gzip or zstd; it is not looked into
	NotJSON       Reason = "not_json"        // against RFC 8259
	Encoding      Reason = "encoding"        // not UTF-8, a byte order mark, or half of a surrogate pair
	TooDeep       Reason = "too_deep"        // nested more than MaxDepth deep
	TooLarge      Reason = "too_large"       // longer than Decoder.MaxLine, or a key longer than MaxKey; also of a record that is too large to be taken
	NotObject     Reason = "not_object"      // a JSON value, but no object
	DuplicateKey  Reason = "duplicate_key"   // two keys of one object are equal, or differ only in case
	IDMissing     Reason = "id_missing"      // no id, or null
	IDInvalid     Reason = "id_invalid"      // neither a string of 1 to MaxID bytes nor an integer
	IDConflict    Reason = "id_conflict"     // given by ingest: another event with this id is stored
	TimeMissing   Reason = "time_missing"    // no time, or null
	TimeInvalid   Reason = "time_invalid"    // neither a Unix time nor RFC 3339
	TimeRange     Reason = "time_range"      // before 1990, or too far in the future
	TooManyHours  Reason = "too_many_hours"  // given by ingest: one delivery touches too many partitions
	TooManyPieces Reason = "too_many_pieces" // given by ingest: the record holds more rejected pieces than one delivery may have
	KPLBroken     Reason = "kpl_broken"      // given by ingest: an aggregate of the Kinesis Producer Library that does not hold together
	Transform     Reason = "transform"       // the transform refused the event, or made something of it that is not that event
	Panic         Reason = "panic"           // our own code failed on it
)

var reasons = []Reason{
	Empty, Compressed, NotJSON, Encoding, TooDeep, TooLarge, NotObject, DuplicateKey, IDMissing, IDInvalid, IDConflict,
	TimeMissing, TimeInvalid, TimeRange, TooManyHours, TooManyPieces, KPLBroken, Transform, Panic,
}

// Reasons lists every reason.
func Reasons() []Reason { return slices.Clone(reasons) }

// Valid reports whether r is one of the constants.
func (r Reason) Valid() bool { return slices.Contains(reasons, r) }

// Rejection is a piece of a record that is not an event. As an error it reads "reason: detail".
type Rejection struct {
	Reason   Reason
	Detail   string // valid UTF-8 of at most a few hundred bytes; the same for the same piece
	Data     []byte // the exact bytes of the piece; they alias what was given to the decoder
	Position int    // of the piece in its record, from 0; accepted pieces count too
}

func (r *Rejection) Error() string { return string(r.Reason) + ": " + r.Detail }

// fault is why a document is refused, before its detail is spelled out. The zero value is none.
type fault struct {
	reason Reason
	detail string
	at     int // offset in the document; negative when the place says nothing
}

// String spells the detail of a rejection.
func (f fault) String() string {
	if f.at < 0 {
		return f.detail
	}
	return f.detail + " at offset " + strconv.Itoa(f.at)
}

// brief cuts a text of unknown origin to what a detail may hold.
func brief(text string) string {
	const most = 200
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
