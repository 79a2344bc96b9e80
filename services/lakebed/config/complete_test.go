package config

import (
	"strings"
	"testing"
)

// What people and Terraform write may say as little as they like, and what is added to a recorded one needs no last line's end.
func TestComplete(t *testing.T) {
	whole, err := Default().Record()
	if err != nil {
		t.Fatal(err)
	}
	unmarked := strings.TrimPrefix(string(whole), mark+"\n")
	for _, text := range []string{
		string(whole), string(whole) + "grace: 5h\n", string(whole) + "grace: 5h", strings.ReplaceAll(string(whole), "\n", "\r\n"), unmarked,
		"grace: 5h\nlongest_query: 1h\n", "id_field: id", "format: 1\ndatabase: d\n", "# grace: 5h\n",
	} {
		if err := Complete([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A recorded lakebed.yaml that was cut off, wherever that was, is not taken for one that says less.
func TestIncomplete(t *testing.T) {
	whole, err := Default().Record()
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if Complete(whole[:n]) == nil {
			t.Errorf("%q passes", whole[:n])
		}
	}
	for _, blank := range []string{" \n\n", "\t", "\r\n"} {
		if Complete([]byte(blank)) == nil {
			t.Errorf("%q passes", blank)
		}
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for n := 1; n < len(lines)-1; n++ {
		key, _, _ := strings.Cut(lines[n], ":")
		if err := Complete([]byte(strings.Replace(string(whole), lines[n], "", 1))); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("without %s: %v", key, err)
		}
	}
}
