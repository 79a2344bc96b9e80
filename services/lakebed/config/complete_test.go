package config

import (
	"strings"
	"testing"
)

// A lakebed.yaml of which a piece is gone is not taken for one that says less.
func TestComplete(t *testing.T) {
	whole, err := Default().Record()
	if err != nil {
		t.Fatal(err)
	}
	for text, inCloud := range map[string]bool{string(whole): false, string(whole) + "grace: 5h\n": false, "format: 1\ndatabase: d\n": true} {
		if err := Complete([]byte(text), inCloud); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for n := range len(lines) - 1 {
		key, _, _ := strings.Cut(lines[n], ":")
		if err := Complete([]byte(strings.Join(lines[:n], "")), false); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("without %s and what follows: %v", key, err)
		}
	}
	if Complete(nil, true) == nil {
		t.Error("an empty one of a lake in S3 passes")
	}
}
