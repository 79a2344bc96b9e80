package command

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/part"
)

// Whatever a newer program has written, the exit code says so; also where an input is at fault, too.
func TestNewerFormatExitCode(t *testing.T) {
	for _, newer := range []error{config.ErrFormat, part.ErrNewer, erasure.ErrNewer, host.ErrNewer} {
		err := fmt.Errorf("backfill: %w", newer)
		for _, err := range []error{err, errors.Join(err, &host.InputError{Name: "x", Err: errors.New("damaged")})} {
			if code := exitCode(t.Context(), err); code != exitFormat {
				t.Errorf("%v: exit code %d", err, code)
			}
		}
	}
	if code := exitCode(t.Context(), errors.New("other")); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
}
