package event

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte("lakebed event id\x00" + text))
		return hex.EncodeToString(sum[:16])
	}
	cases := map[string]string{
		"0f8fad5b-d9cb-469f-a165-70867728950e":          "0f8fad5bd9cb469fa16570867728950e",
		"0F8FAD5B-D9CB-469F-A165-70867728950E":          "0f8fad5bd9cb469fa16570867728950e",
		"00000000-0000-0000-0000-000000000000":          strings.Repeat("0", 32),
		"ffffffff-ffff-ffff-ffff-FFFFFFFFFFFF":          strings.Repeat("f", 32),
		"0f8fad5bd9cb469fa16570867728950e":              hash("0f8fad5bd9cb469fa16570867728950e"),
		"{0f8fad5b-d9cb-469f-a165-70867728950e}":        hash("{0f8fad5b-d9cb-469f-a165-70867728950e}"),
		"urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e": hash("urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"),
		"0f8fad5b-d9cb-469f-a165-70867728950g":          hash("0f8fad5b-d9cb-469f-a165-70867728950g"),
		"0f8fad5b-d9cb-469f-a165_70867728950e":          hash("0f8fad5b-d9cb-469f-a165_70867728950e"),
		"g":                                             hash("g"),
		"G":                                             hash("G"),
		"17":                                            hash("17"),
		"-0":                                            hash("-0"),
		" ":                                             hash(" "),
		strings.Repeat("x", 256):                        hash(strings.Repeat("x", 256)),
	}
	for text, want := range cases {
		if id, err := ParseID(text); err != nil || hex.EncodeToString(id[:]) != want {
			t.Errorf("%q: %x, %v, want %s", text, id, err, want)
		}
	}
	for _, text := range []string{"", strings.Repeat("x", 257)} {
		if _, err := ParseID(text); err == nil || !isReason(err, IDInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	// No two single bytes that differ in a UUID's text give one id, but for the case of a letter.
	const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e"
	seen := map[ID]string{}
	for i := range uuid {
		for c := range 128 {
			text := uuid[:i] + string(rune(c)) + uuid[i+1:]
			id, err := ParseID(text)
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := seen[id]; ok && !strings.EqualFold(other, text) {
				t.Fatalf("%q and %q have one id", text, other)
			}
			seen[id] = text
		}
	}
}

func isReason(err error, want Reason) bool {
	r, ok := errors.AsType[*Rejection](err)
	return ok && r.Reason == want
}

// The id 17 is the id "17", however it is spelled; -0 is 0.
func TestSameID(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	id := func(value string) (id ID) {
		t.Helper()
		line := []byte(`{"created_at":1626847200,"event_uuid":` + value + "}")
		d.Decode(line, arrivalForTests, func(e Event) { id = e.Fingerprint.ID }, func(r Rejection) { t.Errorf("%s: %s", value, r.Error()) })
		if other, err := d.Identify(line); err != nil || other != id {
			t.Errorf("%s: Identify says %x, %v", value, other, err)
		}
		return id
	}
	for _, pair := range [][2]string{
		{`17`, `"17"`}, {`-17`, `"-17"`}, {`-0`, `0`}, {`-0`, `"0"`}, {`"\u0031\u0037"`, `17`}, {`123456789012345678901234567890`, `"123456789012345678901234567890"`},
		{`"0F8FAD5B-d9cb-469f-a165-70867728950e"`, `"\u0030f8fad5b-d9cb-469f-a165-70867728950E"`}, {`"é"`, `"\u00E9"`}, {`"a/b"`, `"a\/b"`},
	} {
		if id(pair[0]) != id(pair[1]) {
			t.Errorf("%s and %s differ", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{`"a"`, `"A"`}, {`"a"`, `"a "`}, {`"é"`, `"e\u0301"`}, {`17`, `"017"`}, {`"-0"`, `0`}} {
		if id(pair[0]) == id(pair[1]) {
			t.Errorf("%s and %s are one", pair[0], pair[1])
		}
	}
}
