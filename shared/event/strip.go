package event

import "slices"

// Strip gives a stored line without those members at the end of its object whose keys are among names, spelled alike: what a transform added
// stands there. At least one member stays. A line in which there is none is given as it is; else the result shares nothing with it.
func Strip(line []byte, names []string) []byte {
	if len(names) == 0 || len(line) == 0 || line[0] != '{' {
		return line
	}
	end := 0 // of the last member to be kept
	for i := 1; i < len(line) && line[i] == '"'; {
		key := skipString(line, i+1)
		if key < 0 || key >= len(line) || line[key] != ':' {
			return line
		}
		next := skipValue(line, key+1)
		if next < 0 || next >= len(line) {
			return line
		}
		if end == 0 || !slices.Contains(names, string(line[i+1:key-1])) {
			end = next
		}
		if line[next] != ',' {
			break
		}
		i = next + 1
	}
	if end == 0 || end == len(line)-1 {
		return line
	}
	return append(append(make([]byte, 0, end+1), line[:end]...), '}')
}
