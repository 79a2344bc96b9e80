package event

// Glance is what a stored line tells about itself without being parsed.
type Glance struct {
	ID   ID
	Name []byte // as it stands in the line, quotes and all; nil where it has none
	Time int64  // Unix time in nanoseconds; 0 where it has none
}

// Glance finds all three in one pass that ends with the last of them. Of a line that Inspect accepts it gives the
// same id and the same time; of any other something, or an error, a *Rejection.
func (d *Decoder) Glance(line []byte) (g Glance, err error) {
	var values [roles][]byte
	missing := 0
	for _, p := range &d.paths {
		if len(p) > 0 {
			missing++
		}
	}
	for i := 1; missing > 0 && i < len(line) && line[i] == '"'; i++ {
		end := skipString(line, i+1)
		if end < 0 || end+1 >= len(line) || line[end] != ':' {
			break
		}
		key, at := line[i+1:end-1], end+1
		if i = skipValue(line, at); i < at {
			break
		}
		for role, path := range &d.paths {
			if len(path) > 0 && values[role] == nil && d.isKey(key, path[0]) {
				values[role] = d.within(line[at:i], path[1:])
				missing--
			}
		}
		if i >= len(line) || line[i] != ',' {
			break
		}
	}
	if g.ID, err = d.idIn(line, values[roleID]); err != nil {
		return g, err
	}
	if name := values[roleName]; len(name) > 0 {
		g.Name = name
	}
	if value := values[roleTime]; len(value) > 0 {
		g.Time = d.nanoseconds(value)
	}
	return g, nil
}

// within gives the value at a path of keys in a value; empty where there is none.
func (d *Decoder) within(value []byte, path []string) []byte {
	at := 0
	for _, want := range path {
		if at = d.seek(value, at, want); at < 0 {
			return []byte{}
		}
	}
	if len(path) == 0 {
		return value
	}
	end := skipValue(value, at)
	return value[at:max(at, end)]
}

// nanoseconds gives the time that a value stands for, or 0.
func (d *Decoder) nanoseconds(value []byte) int64 {
	if len(value) == len("1700000000") && skipDigits(value, 0) == len(value) { // seconds, as most events have them
		n := int64(0)
		for _, c := range value {
			n = n*10 + int64(c-'0')
		}
		return n * 1e9
	}
	t, f := timeOf(value, d.scratch[:0])
	if f.reason != "" {
		return 0
	}
	return t.UnixNano()
}
