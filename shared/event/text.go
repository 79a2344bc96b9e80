package event

// FoldKey appends a key's text with every rune folded: keys that differ only in case, by any rule in use, give one text. An event that has
// two such keys in one object is refused, so at most one key of each object folds to a given text.
func FoldKey(dst, text []byte) []byte { return appendFold(dst, text) }

// Unquote appends the text that the body of a JSON string stands for, without its quotes. It expects the body to be valid, but stands
// anything: bytes that make no escape stay.
func Unquote(dst, body []byte) []byte { return appendUnquoted(dst, body) }

// SkipPlain gives the first byte of src from i on that is a quote, a backslash, a control character or not ASCII, or the length of src.
func SkipPlain(src []byte, i int) int { return skipPlain(src, i) }
