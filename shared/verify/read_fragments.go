package verify

import (
	"context"
	"errors"
	"slices"

	"github.com/lakebed/lakebed/shared/bucket"
)

// readFragments reads everything in raw/. Those that count as merged come first: their ids have to be in the parts already, while those of
// the others are new.
func (v *visit) readFragments(ctx context.Context) error {
	all := v.state.fragments
	slices.SortStableFunc(all, func(a, b fragment) int {
		switch {
		case a.consumed == b.consumed:
			return 0
		case a.consumed:
			return -1
		}
		return 1
	})
	for i := range all {
		if err := v.readFragment(ctx, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (v *visit) readFragment(ctx context.Context, f *fragment) error {
	var found findings
	key, hour := f.Key(), v.state.hour
	sum, err := v.eachLine(ctx, key, f.Gzip, func(n int64, line []byte) error {
		f.lines++
		e, err := v.decoder.Inspect(line)
		if err != nil {
			found.add(LineInvalid, hour, key, "line %d: %s", n, err)
			return nil
		}
		if detail := misplaced(e, hour, f.Lane); detail != "" {
			found.add(LineMisplaced, hour, key, "line %d: %s", n, detail)
		}
		if !v.matches(line, e) {
			v.siftFragment(f, e.Fingerprint.ID, n)
		}
		return nil
	})
	var bad *damage
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		v.moved = true // swept, it may be
	case errors.As(err, &bad):
		v.add(FragmentBroken, hour, key, "%s", bad)
	case err != nil:
		return err
	case sum != f.Hash:
		v.add(FragmentBroken, hour, key, "its content has the hash %s", hex16(sum))
	default:
		f.whole = true
	}
	if !f.whole {
		v.sifting = false // what it gave to sift says nothing
		return nil
	}
	v.merge(&found)
	if !f.consumed {
		v.waiting++
		v.waitLines += f.lines
	}
	return nil
}
