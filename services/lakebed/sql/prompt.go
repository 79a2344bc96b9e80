package sql

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/peterh/liner"
	"golang.org/x/term"

	"github.com/lakebed/lakebed/services/lakebed/render"
	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
)

// Terminal is where a prompt reads and writes.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer // data, and words
	Format   render.Format
	History  string // file of earlier lines, "" for none
}

// Prompt runs statements until the input ends, each over the lake as it is then.
//
// Where In and Out are the process's terminal it asks for them: a statement goes to its semicolon over as many lines as it needs, errors
// are shown, Ctrl-C drops the line or interrupts the statement, Ctrl-D or .quit ends it. There, as Ctrl-C means the statement, the end of
// the context does not count but as what Ctrl-C may have caused; SIGTERM ends it.
//
// Elsewhere it reads statements, the last one with or without its semicolon, and stops at the first error or the end of the context.
func Prompt(ctx context.Context, s *Session, t Terminal) error {
	p := prompt{Session: s, Terminal: t}
	if t.In == io.Reader(os.Stdin) && isTerminal(t.In) && isTerminal(t.Out) && liner.TerminalSupported() {
		return p.ask(context.WithoutCancel(ctx))
	}
	return p.read(ctx)
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

type prompt struct {
	*Session
	Terminal
}

// errQuit ends a prompt.
var errQuit = errors.New("quit")

// read runs the statements of a script.
func (p *prompt) read(ctx context.Context) error {
	in := bufio.NewReader(p.In)
	pending, begun, number := "", 1, 0
	for {
		line, err := in.ReadString('\n')
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return fmt.Errorf("read statements: %w", err)
		}
		if number++; pending == "" {
			begun = number
		}
		var statements []string
		if pending == "" && strings.HasPrefix(line, ".") {
			statements = []string{line}
		} else {
			statements, pending = Split(pending + line)
		}
		if end && pending != "" {
			statements = append(statements, pending)
		}
		for _, statement := range statements {
			if err := p.run(ctx, statement); errors.Is(err, errQuit) {
				return nil
			} else if err != nil {
				return fmt.Errorf("statement of line %d: %w", begun, err)
			}
			begun = number
		}
		if end {
			return nil
		}
	}
}

// ask runs the statements of a terminal.
func (p *prompt) ask(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	normal, err := liner.TerminalMode()
	if err != nil {
		return fmt.Errorf("open prompt: %w", err)
	}
	line := liner.NewLiner()
	defer func() { _ = line.Close() }() // sets the terminal back, as far as it can be
	line.SetCtrlCAborts(true)
	line.SetMultiLineMode(true)
	defer p.remember(line)()
	fmt.Fprintln(p.Err, "Tables: events, events_raw, events_live, quarantine. End a statement with a semicolon; .help says more.")
	for pending := ""; ; {
		text, err := next(ctx, line, pending == "")
		switch {
		case errors.Is(err, liner.ErrPromptAborted):
			pending = ""
			continue
		case errors.Is(err, io.EOF):
			fmt.Fprintln(p.Err)
			return nil
		case err != nil:
			return fmt.Errorf("read statement: %w", err)
		}
		var statements []string
		if pending == "" && strings.HasPrefix(text, ".") {
			statements = []string{text}
		} else {
			statements, pending = Split(pending + text + "\n")
		}
		if strings.TrimSpace(text) != "" {
			line.AppendHistory(text)
		}
		raw, err := liner.TerminalMode()
		if err != nil {
			return fmt.Errorf("read statement: %w", err)
		}
		_ = normal.ApplyMode() // so that Ctrl-C is a signal, and output has its line ends
		err = p.runAll(ctx, statements)
		_ = raw.ApplyMode()
		if errors.Is(err, errQuit) {
			return nil
		}
	}
}

// next asks for a line. At the end of the context the asking goes on until the process ends: nothing can stop it.
func next(ctx context.Context, line *liner.State, first bool) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		mark := "      -> "
		if first {
			mark = "lakebed> "
		}
		text, err := line.Prompt(mark)
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		return a.text, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// runAll runs statements up to the first that fails, and shows its error.
func (p *prompt) runAll(ctx context.Context, statements []string) error {
	for _, statement := range statements {
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
		err := p.run(ctx, statement)
		interrupted := ctx.Err() != nil
		stop()
		switch {
		case errors.Is(err, errQuit):
			return err
		case err != nil && interrupted:
			fmt.Fprintln(p.Err, "interrupted")
		case err != nil:
			fmt.Fprintln(p.Err, err)
		default:
			continue
		}
		break
	}
	return nil
}

const help = `.tables         the tables
.schema [TABLE] the columns of a table, or of all
.help           this
.quit           the end, as Ctrl-D

A statement ends with a semicolon and sees the lake as it is when it starts. Ctrl-C drops a line, or interrupts a statement.
`

// run executes one statement, or one command that begins with a dot.
func (p *prompt) run(ctx context.Context, statement string) error {
	if err := p.Refresh(ctx); err != nil {
		return err
	}
	if strings.HasPrefix(statement, ".") {
		words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(statement), ";"))
		switch {
		case len(words) == 1 && (words[0] == ".quit" || words[0] == ".exit"):
			return errQuit
		case len(words) == 1 && words[0] == ".help":
			_, err := io.WriteString(p.Err, help)
			return err
		case len(words) == 1 && words[0] == ".tables":
			return p.show(ctx, "SELECT table_name AS \"table\" FROM information_schema.tables ORDER BY 1")
		case len(words) <= 2 && words[0] == ".schema":
			condition := ""
			if len(words) == 2 {
				condition = " WHERE lower(table_name) = lower(" + duck.Text(words[1]) + ")"
			}
			return p.show(ctx, "SELECT table_name AS \"table\", column_name AS \"column\", data_type AS \"type\" FROM duckdb_columns()"+
				condition+" ORDER BY table_name, column_index")
		}
		return fmt.Errorf("%s is no command: .help lists them", words[0])
	}
	return p.show(ctx, statement)
}

// show runs a statement and prints its rows.
func (p *prompt) show(ctx context.Context, statement string) error {
	rows, err := p.Query(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	return render.Table(p.Out, p.Format, rows.Columns(), rows.All())
}

// remember loads the history, and gives what saves it. A history that cannot be read or written is none.
func (p *prompt) remember(line *liner.State) (save func()) {
	if p.History == "" {
		return func() {}
	}
	if f, err := os.Open(p.History); err == nil {
		_, _ = line.ReadHistory(f)
		_ = f.Close()
	}
	return func() {
		_ = os.MkdirAll(filepath.Dir(p.History), 0o700)
		if f, err := os.OpenFile(p.History, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err == nil {
			_, _ = line.WriteHistory(f)
			_ = f.Close()
		}
	}
}
