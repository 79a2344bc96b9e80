//go:build race

package handler

// raceEnabled: the pools then drop some on purpose.
const raceEnabled = true
