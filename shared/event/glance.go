package event

// Glance is what a stored line tells about itself without being parsed.
type Glance struct {
	ID   ID
	Name []byte // as it stands in the line, quotes and all; nil where it has none
	Time int64  // Unix time in nanoseconds; 0 where it has none
}

// Glance finds all three in one pass that ends with the last of them. Its ID, and its error, are those of Identify.
func (d *Decoder) Glance(line []byte) (Glance, error) {
	var at [roles]int
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
		key := line[i+1 : end-1]
		for role, path := range &d.paths {
			if at[role] == 0 && len(path) > 0 && d.isKey(key, path[0]) {
				at[role] = end + 1
				for _, want := range path[1:] {
					at[role] = d.seek(line, at[role], want)
				}
				missing--
			}
		}
		if i = skipValue(line, end+1); i < 0 || i >= len(line) || line[i] != ',' {
			break
		}
	}
	id, err := d.idAt(line, at[roleID])
	g := Glance{ID: id}
	if name := valueAt(line, at[roleName]); len(name) > 0 {
		g.Name = name
	}
	if value := valueAt(line, at[roleTime]); len(value) > 0 {
		if t, f := timeOf(value, d.scratch[:0]); f.reason == "" {
			g.Time = t.UnixNano()
		}
	}
	return g, err
}

// valueAt gives the value that begins at i, of a line that Inspect accepts.
func valueAt(line []byte, i int) []byte {
	if i <= 0 {
		return nil
	}
	end := skipValue(line, i)
	if end < i {
		return nil
	}
	return line[i:end]
}
