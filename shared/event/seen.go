package event

// mostSeen bounds what Seen gives.
const mostSeen = 64

// Seen gives the keys that the first document in data has at its top, in their order, as far as it can be read: what to tell a user whose
// mapping points where no event has a field. At most 64 keys are given, each cut to some 200 bytes.
func Seen(data []byte) (keys []string) {
	begin := skipSpace(data, 0)
	s := scanner{paths: new(paths)}
	s.reset(data[begin:min(len(data), begin+DefaultMaxLine)], nil)
	if len(s.src) == 0 || s.src[0] != '{' {
		return nil
	}
	for i := 0; len(keys) < mostSeen; {
		// i is at the opening brace or at a comma.
		if i = s.space(i + 1); i >= len(s.src) || s.src[i] != '"' {
			break
		}
		end, _ := s.string(i + 1)
		if end < 0 {
			break
		}
		keys = append(keys, brief(string(s.unquote(s.src[i+1:end-1]))))
		if i = s.space(end); i >= len(s.src) || s.src[i] != ':' {
			break
		}
		if i = s.value(s.space(i+1), 1, 0, nil); i < 0 {
			break
		}
		if i = s.space(i); i >= len(s.src) || s.src[i] != ',' {
			break
		}
	}
	return keys
}
