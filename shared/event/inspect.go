package event

import "github.com/cespare/xxhash/v2"

// Inspect checks a stored line by the rules of Decode, and that it is what Decode gives: one object without white space between its
// tokens. It does not transform the line, does not keep it, and does not judge how far in the future its time is. The error is a *Rejection.
func (d *Decoder) Inspect(line []byte) (Event, error) {
	refuse := func(f fault) (Event, error) {
		return Event{}, &Rejection{Reason: f.reason, Detail: f.String(), Data: line}
	}
	if len(line) == 0 {
		return refuse(fault{Empty, "an empty line", -1})
	}
	end, f := d.scan(line, nil)
	switch {
	case f.reason != "":
		return refuse(f)
	case end != len(line):
		return refuse(fault{NotJSON, "something behind the object", end})
	case d.scanner.loose:
		return refuse(fault{NotJSON, "white space between tokens, which no stored line has", -1})
	}
	if f = d.identity(); f.reason != "" {
		return refuse(f)
	}
	return Event{Line: line, Data: line, Time: d.event.Time, Fingerprint: Fingerprint{ID: d.event.Fingerprint.ID, Body: xxhash.Sum64(line)}}, nil
}
