package event

// arena holds lines that live until it is reset. The line being written is buf[start:]; growing moves that line alone, and leaves those
// before it where they are, in the old buffer.
type arena struct {
	buf   []byte
	start int
}

const (
	smallArena = 64 << 10
	largeArena = 64 << 20 // kept over a reset up to this size
)

func (a *arena) begin() { a.start = len(a.buf) }

// drop forgets the line being written.
func (a *arena) drop() { a.buf = a.buf[:a.start] }

// line gives the line being written. The next write may append in place, so its capacity is cut to its length.
func (a *arena) line() []byte { return a.buf[a.start:len(a.buf):len(a.buf)] }

// reserve makes room for n more bytes.
func (a *arena) reserve(n int) {
	if cap(a.buf)-len(a.buf) >= n {
		return
	}
	line := a.buf[a.start:]
	next := make([]byte, len(line), max(smallArena, 2*cap(a.buf), 2*(len(line)+n)))
	copy(next, line)
	a.buf, a.start = next, 0
}

func (a *arena) write(b []byte) {
	a.reserve(len(b))
	a.buf = append(a.buf, b...)
}

// reset ends the life of every line.
func (a *arena) reset() {
	if cap(a.buf) > largeArena {
		a.buf = nil
	}
	a.buf, a.start = a.buf[:0], 0
}
