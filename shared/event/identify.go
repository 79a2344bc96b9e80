package event

import "bytes"

// Identify finds the id of a stored line as fast as it can be found: of a line that Inspect accepts it gives the same id. Of any other
// it gives some id or an error, a *Rejection.
func (d *Decoder) Identify(line []byte) (ID, error) {
	at := 0
	for _, want := range d.paths[roleID] {
		if at = d.seek(line, at, want); at < 0 {
			break
		}
	}
	if at < 0 {
		return d.idIn(line, nil)
	}
	return d.idIn(line, line[at:max(at, skipValue(line, at))])
}

// idIn gives the id that a value in a line stands for.
func (d *Decoder) idIn(line, value []byte) (ID, error) {
	switch {
	case value == nil:
		return ID{}, &Rejection{Reason: IDMissing, Detail: "the line has no id where the mapping says", Data: line}
	case len(value) == 0, len(value) == 1 && !isDigit(value[0]):
		return ID{}, &Rejection{Reason: NotJSON, Detail: "the line ends within its id", Data: line}
	}
	id, f := idOf(value, d.scratch[:0])
	if f.reason != "" {
		return ID{}, &Rejection{Reason: f.reason, Detail: f.detail, Data: line}
	}
	return id, nil
}

// seek gives where the value of a key stands in the object at i, or -1.
func (d *Decoder) seek(line []byte, i int, want string) int {
	if i >= len(line) || line[i] != '{' {
		return -1
	}
	for i++; i < len(line) && line[i] == '"'; i++ {
		end := skipString(line, i+1)
		if end < 0 || end+1 >= len(line) || line[end] != ':' {
			return -1
		}
		if d.isKey(line[i+1:end-1], want) {
			return end + 1
		}
		if i = skipValue(line, end+1); i < 0 || i >= len(line) || line[i] != ',' {
			return -1
		}
	}
	return -1
}

func (d *Decoder) isKey(body []byte, want string) bool {
	if string(body) == want {
		return true
	}
	// A key that has escapes is longer than its text.
	return len(body) > len(want) && bytes.IndexByte(body, '\\') >= 0 && string(d.scanner.unquote(body)) == want
}

// skipValue gives the end of the value at i of valid JSON without white space, or -1 where there is none.
func skipValue(line []byte, i int) int {
	depth := 0
	for i < len(line) {
		switch line[i] {
		case '"':
			if i = skipString(line, i+1); i < 0 || depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i // of the object around a number or a literal
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return -1
}

// skipString gives the index behind the quote that ends the string whose text begins at i, or -1.
func skipString(line []byte, i int) int {
	for begin := i; ; {
		n := bytes.IndexByte(line[i:], '"')
		if n < 0 {
			return -1
		}
		i += n + 1
		slashes := i - 2
		for slashes >= begin && line[slashes] == '\\' {
			slashes--
		}
		if (i-slashes)%2 == 0 { // an even number of backslashes: none of them escapes the quote
			return i
		}
	}
}
