package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/aws/smithy-go"
)

// Classified is an error that knows what to be counted as.
type Classified struct {
	As  string
	Err error
}

func (e *Classified) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Classified) Unwrap() error { return e.Err }

// Class is a short name for what went wrong, to search and to group by: what a Classified says, "deadline", the code of an AWS service
// ("AccessDenied"), or "other".
func Class(err error) string {
	var known *Classified
	var service smithy.APIError
	switch {
	case errors.As(err, &known):
		return known.As
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "deadline"
	case errors.As(err, &service):
		return service.ErrorCode()
	}
	return "other"
}

// Panic makes an error of what a panic was given, with the stack that led there.
func Panic(value any, stack []byte) error {
	return &Classified{"panic", fmt.Errorf("panic: %v\n%s", value, stack)}
}

// Refuse writes why a program cannot start, in one line that names every problem.
func Refuse(w io.Writer, program string, err error) {
	var problems []string
	for _, p := range parts(err) {
		problems = append(problems, p.Error())
	}
	slog.New(slog.NewJSONHandler(w, nil)).Error(program+" cannot start", "error_class", "config", "problems", problems)
}

// parts gives the errors that errors.Join put together; one with a text of its own stays whole.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var texts []string
	for _, e := range joined.Unwrap() {
		all = append(all, parts(e)...)
		texts = append(texts, e.Error())
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []error{err}
	}
	return all
}
