package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/services/lakebed/mirror"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/part"
)

// The exit codes, as --help and the README give them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitBreach      = 3
	exitInput       = 4
	exitInUse       = 5
	exitFormat      = 6
	exitDiskFull    = 7
	exitInterrupted = 130
)

// usageError is of a wrong flag, argument or setting.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

var errBreach = errors.New("the lake does not keep its promises")

// setAsideError is of partitions that were set aside; each was named before.
type setAsideError struct {
	n      int
	causes error
}

func (e *setAsideError) Error() string {
	return fmt.Sprintf("%d partitions were set aside, as said above; run it again once the cause is mended", e.n)
}

func (e *setAsideError) Unwrap() error { return e.causes }

func exitCode(ctx context.Context, err error) int {
	var usage *usageError
	var input *host.InputError
	switch {
	case errors.Is(err, errBreach):
		return exitBreach
	case errors.Is(err, config.ErrFormat), errors.Is(err, part.ErrNewer), errors.Is(err, erasure.ErrNewer), errors.Is(err, host.ErrNewer):
		return exitFormat
	case errors.Is(err, claims.ErrInUse):
		return exitInUse
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return exitDiskFull
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &input):
		return exitInput
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	}
	return exitFailed
}

func message(code int, err error) string {
	switch code {
	case exitInterrupted:
		return "interrupted: what was reported as done is safe; run it again to go on"
	case exitDiskFull:
		return fmt.Sprintf("%s: the disk is full. What was reported as done is safe; free some space and run it again", err)
	case exitInUse:
		return fmt.Sprintf("%s: the lake is in use by another process that ingests into it; wait for it or stop it", err)
	}
	var tooLarge *mirror.TooLargeError
	if errors.As(err, &tooLarge) {
		return fmt.Sprintf("%s: limit the hours with --from and --to, raise cache_size, or ask Athena", err)
	}
	if way := host.Advice(err); way != "" {
		return fmt.Sprintf("%s: %s", err, way)
	}
	return err.Error()
}
