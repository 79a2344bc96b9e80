//go:build race

package event

// raceEnabled makes the long tests shorter.
const raceEnabled = true
