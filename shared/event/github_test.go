package event

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"testing"
)

// githubMapping suits the events of GitHub's public timeline.
var githubMapping = Mapping{ID: "id", Time: "created_at", Name: "type"}

// githubFile lies beside the repository, not in it.
const githubFile = "../../../shared/data/github-events-2021-07-21.ndjson.gz"

// github gives 800 real events, one a line.
func github(t testing.TB) [][]byte {
	t.Helper()
	file, err := os.Open(githubFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("NOT TESTED: the real events are not there: %s", githubFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}
