package layout

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Lane is a prefix of the hash of an event's id, as binary digits: "" holds every id, "0" and "1" each half of them. Lanes of different
// lengths may meet in one hour, when the number of lanes was raised while it ran.
type Lane string

// MaxLanes is the most lanes that a deployment can have.
const MaxLanes = 256

// LaneOf gives the lane that id falls into when there are lanes of them (a power of two, up to MaxLanes).
func LaneOf(id [16]byte, lanes int) Lane {
	n := bits.Len(uint(lanes)) - 1
	if n <= 0 {
		return ""
	}
	return laneNames[1<<n+int(xxhash.Sum64(id[:])>>(64-n))]
}

// laneNames holds the lane of every length n and value v at 1<<n + v.
var laneNames = func() []Lane {
	names := make([]Lane, 2*MaxLanes)
	for i := 2; i < len(names); i++ {
		names[i] = names[i/2] + Lane([]string{"0", "1"}[i%2])
	}
	return names
}()

// CheckLanes tells whether n is a possible number of lanes.
func CheckLanes(n int) error {
	if n < 1 || n > MaxLanes || bits.OnesCount(uint(n)) != 1 {
		return fmt.Errorf("lanes is %d: want a power of two from 1 to %d", n, MaxLanes)
	}
	return nil
}

// Overlaps tells whether an id can fall into both lanes.
func (l Lane) Overlaps(m Lane) bool {
	return strings.HasPrefix(string(l), string(m)) || strings.HasPrefix(string(m), string(l))
}

// String is how a lane stands in a key: "l" and its digits.
func (l Lane) String() string { return "l" + string(l) }

// ParseLane is the inverse of String.
func ParseLane(s string) (Lane, error) {
	l, ok := parseLane(s)
	if !ok {
		return "", fmt.Errorf("%q is no lane: want l and at most 8 binary digits", s)
	}
	return l, nil
}

func parseLane(s string) (Lane, bool) {
	digits, ok := strings.CutPrefix(s, "l")
	if !ok || len(digits) > 8 || strings.Trim(digits, "01") != "" {
		return "", false
	}
	return Lane(digits), true
}
