package erasure

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/lakebed/lakebed/shared/event"
)

// naive says by way of encoding/json whether a line has the value in the field.
func naive(line []byte, field, value string) bool {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	return naiveValue(d, []string{field}, value)
}

// naiveValue reads one value; "" among the paths says that it is the field itself.
func naiveValue(d *json.Decoder, paths []string, value string) (found bool) {
	t, err := d.Token()
	if err != nil {
		panic(err)
	}
	here := false
	for _, p := range paths {
		here = here || p == ""
	}
	switch t := t.(type) {
	case json.Delim:
		for d.More() {
			below := paths
			if t == '{' {
				key, _ := d.Token()
				below = naiveBelow(key.(string), paths)
			}
			found = naiveValue(d, below, value) || found
		}
		_, _ = d.Token()
		return found
	case json.Number:
		return here && sameNumber(string(t), value)
	case string:
		return here && (t == value || isUUID([]byte(t)) && strings.EqualFold(t, value) || string(appendNumber(nil, []byte(t))) == t && sameNumber(t, value))
	case bool:
		return here && (t && value == "true" || !t && value == "false")
	}
	return false
}

func naiveBelow(key string, paths []string) (below []string) {
	same := func(name string) bool {
		lower := strings.ToLower
		return strings.EqualFold(key, name) || lower(key) == lower(name)
	}
	for _, p := range paths {
		if p == "" {
			continue
		}
		if same(p) {
			below = append(below, "")
		}
		for i := range p {
			if p[i] == '.' && same(p[:i]) {
				below = append(below, p[i+1:])
			}
		}
	}
	return below
}

// sameNumber compares exactly; a text that is no number is the same as none.
func sameNumber(a, b string) bool {
	if !json.Valid([]byte(a)) || !json.Valid([]byte(b)) || !isNumber([]byte(a)) || !isNumber([]byte(b)) {
		return false
	}
	x, ok := new(big.Rat).SetString(a)
	y, too := new(big.Rat).SetString(b)
	return ok && too && x.Cmp(y) == 0
}

// absurd tells whether a text has an exponent that the oracle's numbers would choke on.
func absurd(text string) bool {
	for i := range text {
		if text[i]|0x20 != 'e' || i == 0 {
			continue
		}
		rest := strings.TrimLeft(text[i+1:], "+-0")
		if n := len(rest) - len(strings.TrimLeft(rest, "0123456789")); n > 2 {
			return true
		}
	}
	return false
}

// stored tells whether ingest would store the line, its id and time apart.
func stored(line []byte) bool {
	d, _ := event.NewDecoder(event.DefaultMapping, 0)
	_, err := d.Inspect(line)
	var r *event.Rejection
	if !errors.As(err, &r) {
		return true
	}
	switch r.Reason {
	case event.IDMissing, event.IDInvalid, event.TimeMissing, event.TimeInvalid, event.TimeRange:
		return true
	}
	return false
}

// setOf is a set of one field.
func setOf(field string, values ...string) *Set {
	s := newSet([]byte("secret"))
	for _, d := range digests(s.secret, fold(field), values) {
		s.add(fold(field), d, time.Unix(1, 0))
	}
	return s
}
