package bucket_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
)

func TestKeyErrors(t *testing.T) {
	a, b := &bucket.KeyError{Key: "a", Err: bucket.ErrChanged}, &bucket.KeyError{Key: "b", Err: errors.New("other")}
	err := fmt.Errorf("sweep: %w", errors.Join(a, fmt.Errorf("page 2: %w", errors.Join(b, errors.New("no key")))))
	found := bucket.KeyErrors(err)
	if len(found) != 2 || found[0] != a || found[1] != b {
		t.Errorf("found %v", found)
	}
	if bucket.KeyErrors(nil) != nil || bucket.KeyErrors(errors.New("x")) != nil {
		t.Error("found what is not there")
	}
}
