package generate

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// seen is what a test reads from a good line, by other means than those that wrote it.
type seen struct {
	id, name string
	at       time.Time
	user     string
}

// read parses a line strictly (jsontext: RFC 8259, UTF-8, no duplicate names) and refuses what the event contract refuses beyond that.
func read(text string) (seen, error) {
	var s seen
	d := jsontext.NewDecoder(strings.NewReader(text))
	folded := []map[string]bool{nil}
	for {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s, err
		}
		depth := d.StackDepth()
		if depth > 64 {
			return s, errors.New("nested too deep")
		}
		switch token.Kind() {
		case '{', '[':
			folded = append(folded[:depth], map[string]bool{})
		}
		if depth == 0 && token.Kind() != '}' {
			return s, errors.New("no object")
		}
		kind, length := d.StackIndex(depth)
		if kind != '{' || length%2 == 0 || token.Kind() != '"' { // not a name
			continue
		}
		name := token.String()
		if low := strings.ToLower(name); folded[depth][low] {
			return s, fmt.Errorf("key %q twice", name)
		} else {
			folded[depth][low] = true
		}
		if depth > 1 {
			continue
		}
		value, ok := strings.CutPrefix(text[d.InputOffset():], ":")
		if !ok {
			return s, errors.New("white space in the line")
		}
		if err := s.take(name, value); err != nil {
			return s, err
		}
	}
	switch {
	case s.id == "" || len(s.id) > 256:
		return s, errors.New("no id")
	case s.at.Before(earliest) || s.at.After(latest):
		return s, errors.New("no time")
	}
	return s, nil
}

// take reads the value of one of the envelope's members; rest begins with it.
func (s *seen) take(name, rest string) error {
	value, err := jsontext.NewDecoder(strings.NewReader(rest)).ReadValue()
	if err != nil {
		return err
	}
	text := string(value)
	if value.Kind() == '"' {
		unquoted, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return err
		}
		text = string(unquoted)
	}
	switch name {
	case "event_uuid":
		if value.Kind() != '"' {
			return fmt.Errorf("id %s", value)
		}
		s.id = text
	case "event_name":
		s.name = text
	case "user_id":
		s.user = text
	case "created_at":
		s.at, err = readTime(value.Kind(), text)
	}
	return err
}

func readTime(kind jsontext.Kind, text string) (time.Time, error) {
	if kind == '"' {
		return time.Parse(time.RFC3339, text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if n > 1e11 {
		return time.UnixMilli(n).UTC(), err
	}
	return time.Unix(n, 0).UTC(), err
}
