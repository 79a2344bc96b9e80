package event

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Mapping names the fields that carry an event's identity. Each is a path of keys joined by dots, matched exactly (case matters); a key
// that itself has a dot cannot be named.
type Mapping struct {
	ID, Time string
	Name     string // may be empty: then events have no name
}

// DefaultMapping is used where nothing else is configured.
var DefaultMapping = Mapping{ID: "event_uuid", Time: "created_at", Name: "event_name"}

// The roles of a mapping's paths, as indices.
const (
	roleID = iota
	roleTime
	roleName
	roles
)

// paths holds the keys of each role's path; an empty path is never met.
type paths [roles][]string

// parse checks the mapping. Its error names the path that is bad.
func (m Mapping) parse() (paths, error) {
	var p paths
	for role, path := range [roles]string{m.ID, m.Time, m.Name} {
		if path == "" && role == roleName {
			continue
		}
		p[role] = strings.Split(path, ".")
		if problem := problemOf(path, p[role]); problem != "" {
			return p, fmt.Errorf("mapping of the event's %s, %q: %s", roleNames[role], path, problem)
		}
	}
	for role, path := range p {
		for other := range p {
			if n := len(p[other]); n > 0 && n < len(path) && strings.Join(path[:n], ".") == strings.Join(p[other], ".") {
				return p, fmt.Errorf("mapping of the event's %s, %q: lies inside the %s, %q",
					roleNames[role], strings.Join(path, "."), roleNames[other], strings.Join(p[other], "."))
			}
		}
	}
	return p, nil
}

var roleNames = [roles]string{"id", "time", "name"}

func problemOf(path string, keys []string) string {
	switch {
	case path == "":
		return "empty"
	case !utf8.ValidString(path):
		return "not UTF-8"
	case len(keys) > MaxDepth:
		return fmt.Sprintf("more than %d keys deep", MaxDepth)
	}
	for _, key := range keys {
		if key == "" {
			return "an empty key"
		}
	}
	return ""
}
