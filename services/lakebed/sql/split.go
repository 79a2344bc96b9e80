package sql

import (
	"regexp"
	"strings"
)

var dollarQuote = regexp.MustCompile(`^\$([A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$`)

// Split cuts a text into its statements, each with its semicolon, and what comes after the last: a statement that is not complete yet,
// or "" where nothing but blanks and whole comments is left. It knows DuckDB's strings, quoted names, dollar quotes and comments.
func Split(text string) (statements []string, rest string) {
	start, bare := 0, true // bare: nothing but blanks and comments so far
	for i := 0; i < len(text); {
		end, comment := skip(text, i)
		switch {
		case end < 0: // open quote or comment
			return statements, text[start:]
		case end > i+1 || comment:
			bare = bare && comment
			i = end
		case text[i] == ';':
			if !bare {
				statements = append(statements, strings.TrimSpace(text[start:i+1]))
			}
			i++
			start, bare = i, true
		default:
			bare = bare && strings.IndexByte(" \t\r\n\f\v", text[i]) >= 0
			i++
		}
	}
	if bare {
		return statements, ""
	}
	return statements, strings.TrimLeft(text[start:], " \t\r\n\f\v")
}

// skip gives the end of the quoted text or the comment that begins at i, i+1 where none does, and a negative number where it has no end.
func skip(text string, i int) (end int, comment bool) {
	rest := text[i:]
	switch {
	case rest[0] == '\'' && i > 0 && (text[i-1] == 'e' || text[i-1] == 'E') && (i == 1 || !isWord(text[i-2])):
		return escapedEnd(text, i), false
	case rest[0] == '\'' || rest[0] == '"': // doubled quotes: two texts in a row
		return after(text, i+1, rest[:1]), false
	case strings.HasPrefix(rest, "--"):
		if end := after(text, i, "\n"); end >= 0 {
			return end, true
		}
		return len(text), true
	case strings.HasPrefix(rest, "/*"):
		return commentEnd(text, i), true
	case rest[0] == '$' && (i == 0 || !isWord(text[i-1])):
		if tag := dollarQuote.FindString(rest); tag != "" {
			return after(text, i+len(tag), tag), false
		}
	}
	return i + 1, false
}

// after is the place behind the first mark from i on.
func after(text string, i int, mark string) int {
	at := strings.Index(text[i:], mark)
	if at < 0 {
		return -1
	}
	return i + at + len(mark)
}

// escapedEnd is the end of an E'…' string, in which a backslash escapes.
func escapedEnd(text string, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\'':
			return i + 1
		}
	}
	return -1
}

// commentEnd is the end of a /* comment */, which may hold others.
func commentEnd(text string, i int) int {
	for depth := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

func isWord(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
