package bucket

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The longest key is S3's, the longest segment that of the common file systems; both in bytes.
const (
	longestKey     = 1024
	longestSegment = 255
)

// CheckKey tells why key can be no object's. Every implementation refuses the same keys, so that a lake can move between them. Segments
// that begin with a dot are an implementation's own.
func CheckKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("key is empty")
	case len(key) > longestKey:
		return fmt.Errorf("key %.80q… is %d bytes long, at most %d are possible", key, len(key), longestKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("key %q is not UTF-8", key)
	case strings.ContainsFunc(key, unfit):
		return fmt.Errorf("key %q holds a control character or a backslash", key)
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch {
		case segment == "":
			return fmt.Errorf("key %q has an empty segment", key)
		case segment[0] == '.':
			return fmt.Errorf("key %q has a segment that begins with a dot", key)
		case len(segment) > longestSegment:
			return fmt.Errorf("key %.80q… has a segment of %d bytes, at most %d are possible", key, len(segment), longestSegment)
		}
	}
	return nil
}

func unfit(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }
