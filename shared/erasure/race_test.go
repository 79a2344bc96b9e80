//go:build race

package erasure

// raceEnabled: the pool of finders then drops some on purpose.
const raceEnabled = true
