package envelope

import (
	"bytes"
	"slices"
	"strings"
	"unsafe"

	"github.com/lakebed/lakebed/shared/event"
)

// pattern is how a record is spelled: what stands around those values that differ from record to record. Lambda spells all records of a
// stream alike, so what is the same need only be compared, and what is read is the values.
type pattern struct {
	between [values + 1][]byte
	order   [values]int // which value stands where
	shard   string      // it stands before the id's sequence number, and is the same too
}

// The values of a record that differ.
const (
	valueKey = iota
	valueSequence
	valueData
	valueArrival
	valueID // what follows the shard in it: the sequence number once more
	values
)

// maxOdd is how many records an event may have that are not spelled as the one before, if it is to be read record by record.
const maxOdd = 4

// decodeAlike reads an event whose records are spelled alike, and tells whether it is one. What it takes is an event by all the rules.
func (d *Decoder) decodeAlike(payload []byte) bool {
	rest, ok := cut(payload, "{", `"Records"`, ":", "[")
	var v [values][]byte
	for odds := 0; ok; {
		if next, arrival := d.pattern.match(rest, &v); arrival > 0 {
			used, data := d.used, v[valueData]
			// The decoder of base64 passes over line ends, which no JSON string has.
			if d.add(d.pattern.shard, v[valueSequence], data, arrival) != nil || d.used-used != decodedLen(data) {
				return false
			}
			rest = next
		} else {
			var odd record
			next, err := parse(rest, &odd)
			if odds++; odds > maxOdd || err != nil || d.addRecord(&odd) != nil {
				return false
			}
			d.pattern = patternOf(rest[:len(rest)-len(next)], &odd)
			rest = next
		}
		rest, ok = cut(rest, ",")
	}
	rest, ok = cut(rest, "]", "}")
	return ok && len(rest) == 0
}

// cut takes tokens off a text, and the white space around them.
func cut(text []byte, tokens ...string) (rest []byte, ok bool) {
	text = trimLeft(text)
	for _, token := range tokens {
		if rest, ok = bytes.CutPrefix(text, []byte(token)); !ok {
			return text, false
		}
		text = trimLeft(rest)
	}
	return text, true
}

func trimLeft(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\r' || text[0] == '\n') {
		text = text[1:]
	}
	return text
}

// decodedLen is how many bytes valid base64 of one line stands for, -1 when it is not valid.
func decodedLen(data []byte) int {
	if len(data)%4 != 0 {
		return -1
	}
	return len(data)/4*3 - len(data) + len(bytes.TrimRight(data, "="))
}

// patternOf learns from a record that was parsed. One that lacks a value, or has an escape in it, gives a pattern that nothing matches.
func patternOf(text []byte, r *record) pattern {
	text = bytes.TrimRight(text, " \t\r\n")
	shard, sequence, _ := strings.Cut(r.EventID, ":")
	if sequence != r.Kinesis.SequenceNumber {
		return pattern{}
	}
	p := pattern{shard: strings.Clone(shard)}
	all := [values]string{r.Kinesis.PartitionKey, r.Kinesis.SequenceNumber, r.Kinesis.Data, string(r.Kinesis.Arrival), sequence}
	var at [values]int
	for v, s := range all {
		// A value without escapes aliases the text. The difference is out of range for any other.
		at[v] = int(uintptr(unsafe.Pointer(unsafe.StringData(s))) - uintptr(unsafe.Pointer(unsafe.SliceData(text))))
		if s == "" || at[v] < 0 || at[v]+len(s) > len(text) {
			return pattern{}
		}
		p.order[v] = v
	}
	slices.SortFunc(p.order[:], func(a, b int) int { return at[a] - at[b] })
	end := 0
	for k, v := range p.order {
		p.between[k] = bytes.Clone(text[end:at[v]])
		end = at[v] + len(all[v])
	}
	p.between[values] = bytes.Clone(text[end:])
	return p
}

// match reads the values of the record that text begins with, and gives its arrival in Unix milliseconds, or 0 when it does not follow the
// pattern.
func (p *pattern) match(text []byte, v *[values][]byte) (rest []byte, arrival int64) {
	if len(p.between[0]) == 0 {
		return nil, 0
	}
	v[valueSequence] = nil
	ok := false
	for k, value := range p.order {
		if text, ok = bytes.CutPrefix(text, p.between[k]); !ok {
			return nil, 0
		}
		end := 0
		switch value {
		case valueData: // what is no base64 fails later
			end = bytes.IndexByte(text, '"')
		case valueArrival:
			arrival, end = milliseconds(text)
		case valueID: // most often it need not be read
			if end = len(v[valueSequence]); end == 0 || !bytes.HasPrefix(text, v[valueSequence]) {
				end = event.SkipPlain(text, 0)
			}
		default:
			end = event.SkipPlain(text, 0)
		}
		if end <= 0 {
			return nil, 0
		}
		v[value], text = text[:end], text[end:]
	}
	rest, ok = bytes.CutPrefix(text, p.between[values])
	if !ok || !bytes.Equal(v[valueID], v[valueSequence]) {
		return nil, 0
	}
	return rest, arrival
}
