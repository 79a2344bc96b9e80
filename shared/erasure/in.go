package erasure

import (
	"bytes"
	"encoding/json" // the strict one: what it takes for JSON is JSON
	"errors"
	"io"
	"time"
)

// In is Find for bytes that may be no stored line, such as those of a quarantined record: JSON with white space, several documents, or none. Of
// what is not JSON it finds what Find does.
func (s *Set) In(data []byte) (until time.Time, found, isJSON bool) {
	if s.Empty() {
		return until, false, false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var compact bytes.Buffer
	for {
		var document json.RawMessage
		err := d.Decode(&document)
		if errors.Is(err, io.EOF) {
			return until, found, isJSON
		}
		compact.Reset()
		if err == nil {
			err = json.Compact(&compact, document)
		}
		if err != nil {
			until, found = s.Find(data)
			return until, found, false
		}
		isJSON = true
		if at, in := s.Find(compact.Bytes()); in {
			found = true
			if at.After(until) {
				until = at
			}
		}
	}
}
