package layout

import (
	"fmt"
	"strconv"
	"strings"
)

// Generation is a row of slots: "gen-0001" for the first of a partition, "gen-0002-<nonce>" for a successor.
type Generation string

// FirstGeneration is where every partition starts.
const FirstGeneration Generation = "gen-0001"

// Number counts generations from 1; it is 0 when g is no generation.
func (g Generation) Number() int {
	if g == FirstGeneration {
		return 1
	}
	rest, ok := strings.CutPrefix(string(g), "gen-")
	digits, nonce, _ := strings.Cut(rest, "-")
	n, err := strconv.Atoi(digits)
	switch {
	case !ok, err != nil, len(digits) > 9, fmt.Sprintf("%04d", n) != digits, n < 2:
		return 0
	case len(nonce) < 8, len(nonce) > 32, !all(nonce, isNonce):
		return 0
	}
	return n
}

func isNonce(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' }

// Successor names the generation after g that the bearer of nonce (8 to 32 of 0-9 a-z) writes.
func (g Generation) Successor(nonce string) Generation {
	return Generation(fmt.Sprintf("gen-%04d-%s", g.Number()+1, nonce))
}

// Location is the key prefix under which readers find a generation's parts.
func Location(p Partition, g Generation) string { return EventsPrefix(p) + string(g) + "/" }

// ParseLocation is the inverse of Location.
func ParseLocation(location string) (Partition, Generation, error) {
	p, rest, err := cut(location, Events)
	if err != nil {
		return 0, "", err
	}
	if rest == "" || rest[len(rest)-1] != '/' || Generation(rest[:len(rest)-1]).Number() == 0 {
		return 0, "", fmt.Errorf("location %q names no generation", location)
	}
	return p, Generation(rest[:len(rest)-1]), nil
}

// Slot names one place of a generation's row. Numbers count from 1.
type Slot struct {
	Partition  Partition
	Generation Generation
	Number     int
}

// MaxSlots is how many slots a row can have; a major compaction starts a new row long before.
const MaxSlots = 99999

// Key gives events/dt=…/hour=…/<generation>/part-00001.json.gz.
func (s Slot) Key() string {
	return fmt.Sprintf("%spart-%05d.json.gz", Location(s.Partition, s.Generation), s.Number)
}

// ParseSlot is the inverse of Key.
func ParseSlot(key string) (Slot, error) {
	p, rest, err := cut(key, Events)
	if err != nil {
		return Slot{}, err
	}
	s, tail := parseSlot(p, rest)
	if s.Number == 0 || tail != ".json.gz" {
		return Slot{}, fmt.Errorf("key %q names no slot", key)
	}
	return s, nil
}

// parseSlot reads "<generation>/part-00001" and gives what follows; Number is 0 where it is not that.
func parseSlot(p Partition, rest string) (s Slot, tail string) {
	const digits = 5
	generation, file, _ := strings.Cut(rest, "/")
	file, ok := strings.CutPrefix(file, "part-")
	if !ok || len(file) < digits || !all(file[:digits], isDigit) || Generation(generation).Number() == 0 {
		return Slot{}, ""
	}
	return Slot{Partition: p, Generation: Generation(generation), Number: number(file[:digits])}, file[digits:]
}

// Index names the index of the part in Slot that was made of Inputs. The hash is in the name so that an index written for a slot that
// another part then won is never taken for that part's.
type Index struct {
	Slot
	Inputs string // 32 hex digits
}

// Key gives index/dt=…/hour=…/<generation>/part-00001-<inputs>.idx.
func (x Index) Key() string {
	return fmt.Sprintf("%s%s/part-%05d-%s.idx", IndexPrefix(x.Partition), x.Generation, x.Number, x.Inputs)
}

// ParseIndex is the inverse of Key.
func ParseIndex(key string) (Index, error) {
	p, rest, err := cut(key, Indexes)
	if err != nil {
		return Index{}, err
	}
	s, tail := parseSlot(p, rest)
	inputs, ok := strings.CutSuffix(tail, ".idx")
	if s.Number == 0 || !ok || len(inputs) != 33 || inputs[0] != '-' || !all(inputs[1:], isHex) {
		return Index{}, fmt.Errorf("key %q names no index", key)
	}
	return Index{Slot: s, Inputs: inputs[1:]}, nil
}

// headersName is the last segment of Headers.
const headersName = "headers.json.gz"

// Headers gives index/dt=…/hour=…/headers.json.gz: what the slots of earlier generations say of themselves.
func Headers(p Partition) string { return IndexPrefix(p) + headersName }

// ParseHeaders is the inverse of Headers.
func ParseHeaders(key string) (Partition, error) {
	p, name, err := cut(key, Indexes)
	if err == nil && name != headersName {
		err = fmt.Errorf("key %q does not end in %s", key, headersName)
	}
	if err != nil {
		return 0, err
	}
	return p, nil
}
