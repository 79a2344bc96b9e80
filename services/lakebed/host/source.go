package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// A batch is shaped as Kinesis delivers one to a function:
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
const (
	batchRecords = 10_000
	batchBytes   = 6 << 20 * 3 / 4        // what 6 MB of payload hold in base64
	batchWindow  = 500 * time.Millisecond // after which a batch goes as it is
	maxRecord    = 20 << 20               // twice what a stream takes: what is too large is quarantined, as long as that can be read again
)

// batch is a run of records in the order read.
type batch struct {
	data  []byte
	ends  []int // of each record in data
	from  string
	bytes int64 // read from the source so far, as it lies on disk
}

func (b *batch) record(i int) []byte {
	start := 0
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.data[start:b.ends[i]:b.ends[i]]
}

// InputError says what is wrong with a file of events, where, and what to do.
type InputError struct {
	Name string
	Err  error
}

func (e *InputError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *InputError) Unwrap() error { return e.Err }

// Source is NDJSON in files or a stream, plain or gzip.
type Source struct {
	files []string
	stdin io.Reader
	size  int64 // of all files; -1 when not known
}

// NewSource checks that every file can be opened, so that a wrong name costs nothing. "-" is stdin.
func NewSource(files []string, stdin io.Reader) (*Source, error) {
	s := &Source{files: files, stdin: stdin}
	if len(files) == 0 {
		s.files = []string{"-"}
	}
	for _, name := range s.files {
		if name == "-" {
			s.size = -1
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, &InputError{name, reason(err)}
		}
		info, err := f.Stat()
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, &InputError{name, err}
		}
		if info.IsDir() {
			return nil, &InputError{name, errors.New("it is a directory: name the files in it")}
		}
		if s.size >= 0 {
			s.size += info.Size()
		}
	}
	return s, nil
}

func reason(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("no such file")
	case errors.Is(err, os.ErrPermission):
		return errors.New("not allowed to read it")
	}
	return err
}

// Size is how many bytes there are to read; -1 when that is not known.
func (s *Source) Size() int64 { return s.size }

// batches sends the records until the input ends or ctx does. An error comes after every record before it was sent.
func (s *Source) batches(ctx context.Context, to chan<- *batch) error {
	read := int64(0)
	for _, name := range s.files {
		n, err := s.file(ctx, name, read, to)
		read += n
		if err != nil {
			return err
		}
	}
	return nil
}

type meter struct {
	r io.Reader
	n int64
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.n += int64(n)
	return n, err
}

func (s *Source) file(ctx context.Context, name string, before int64, to chan<- *batch) (int64, error) {
	raw := &meter{r: s.stdin}
	if name == "-" {
		name = "stdin"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return 0, &InputError{name, reason(err)}
		}
		defer f.Close()
		raw.r = f
	}
	if f, ok := raw.r.(*os.File); ok && name != "stdin" {
		if err := checkGzip(f); err != nil {
			return 0, &InputError{name, err}
		}
	}
	in := bufio.NewReaderSize(raw, 1<<18)
	if head, _ := in.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return raw.n, &InputError{name, fmt.Errorf("broken gzip: %w", err)}
		}
		in = bufio.NewReaderSize(z, 1<<18)
	}
	c := &cutter{stop: ctx.Done(), to: to, batch: &batch{from: name}, bytes: func() int64 { return before + raw.n }}
	lines := make(chan struct{})
	go func() { // a slow stream's records do not wait for a full batch
		tick := time.NewTicker(batchWindow)
		defer tick.Stop()
		for {
			select {
			case <-lines:
				return
			case <-tick.C:
				c.tick()
			}
		}
	}()
	err := c.lines(ctx, in)
	close(lines)
	c.flush()
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return raw.n, err
	case brokenGzip(err):
		err = fmt.Errorf("the gzip stream breaks off after line %d (%w): the lines before are in the lake. Were they whole, give the rest, or "+
			"all of it, again: what is there already is not stored twice", c.n, err)
	}
	return raw.n, &InputError{name, err}
}

func brokenGzip(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum)
}

// checkGzip reads a gzip file once to its end before anything of it is stored: damage in the middle can look like other events.
func checkGzip(f *os.File) error {
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return err // a pipe can be read only once
	}
	in := bufio.NewReader(f)
	if head, _ := in.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(in)
		n := int64(0)
		if err == nil {
			n, err = io.Copy(io.Discard, z)
		}
		if err != nil {
			return fmt.Errorf("the gzip file is damaged after %d bytes of text (%w): nothing of it was stored; get the whole file and give it again", n, err)
		}
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}
