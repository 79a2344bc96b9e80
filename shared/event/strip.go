package event

import "slices"

// added are the fields that transform adds, in its order. Where another order is right, this one is to follow.
var added = []string{"created_datetime", "event_type", "event_subtype"}

// Strip gives a stored line without those members at its object's end that a transform may have put there: the longest run of them whose keys,
// spelled alike, are among names and stand in the order in which transform adds them. Names that it does not add come after the others, in
// the order given. So a member that stands before one which transform would have added earlier is the producer's own, and stays with all
// before it. At least one member stays. A line in which there is no such run is given as it is; else the result shares nothing with it.
func Strip(line []byte, names []string) []byte {
	if len(names) == 0 || len(line) == 0 || line[0] != '{' {
		return line
	}
	end, last := 0, -1 // of the last member to be kept; the rank of the last one that is not
	for i := 1; i < len(line) && line[i] == '"'; {
		key := skipString(line, i+1)
		if key < 0 || key >= len(line) || line[key] != ':' {
			return line
		}
		next := skipValue(line, key+1)
		if next < 0 || next >= len(line) {
			return line
		}
		at := rank(names, string(line[i+1:key-1]))
		switch {
		case end == 0 || at < 0:
			end, at = next, -1
		case at <= last:
			end = i - 1
		}
		last = at
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

// rank is the place of a key in the order in which names are added, -1 when it is none of them.
func rank(names []string, key string) int {
	at := slices.Index(names, key)
	if at < 0 {
		return -1
	}
	if known := slices.Index(added, key); known >= 0 {
		return known
	}
	return len(added) + at
}
