package command

import (
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows progress on a terminal; elsewhere it does nothing. Safe for concurrent use.
type bar struct {
	mu sync.Mutex
	b  *progressbar.ProgressBar
}

// progress starts a bar towards a total (-1: not known) of bytes, or of things.
func (e *env) progress(what string, total int64, bytes bool) *bar {
	f, ok := e.err.(*os.File)
	if e.quiet || !ok || !term.IsTerminal(int(f.Fd())) {
		return &bar{}
	}
	return &bar{b: progressbar.NewOptions64(total,
		progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(f), progressbar.OptionShowBytes(bytes),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth(),
		progressbar.OptionSetPredictTime(total > 0))}
}

func (b *bar) set(n int64, what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.b == nil {
		return
	}
	b.b.Describe(what)
	_ = b.b.Set64(n) // a terminal that went away stops nothing
}

func (b *bar) add(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.b != nil {
		_ = b.b.Add64(n) // likewise
	}
}

func (b *bar) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.b != nil {
		_ = b.b.Finish() // likewise
	}
}

// of shows how many of a total are done.
func (b *bar) of(n, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.b != nil {
		b.b.ChangeMax64(total)
		_ = b.b.Set64(n) // likewise
	}
}
