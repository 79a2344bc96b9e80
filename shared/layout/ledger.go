package layout

import (
	"fmt"
	"strings"
)

// Reject names an object of quarantined records, by the hour in which they arrived.
type Reject struct {
	Arrival Partition
	Reason  string
	Span
	Hash uint64 // XXH64 of the object
}

// Key gives quarantine/dt=…/hour=…/<reason>/<shard>-<first>-<last>-<hash>.json.
func (r Reject) Key() string {
	return Quarantine + r.Arrival.String() + "/" + r.Reason + "/" + r.Span.name(r.Hash) + ".json"
}

// ParseReject is the inverse of Key.
func ParseReject(key string) (Reject, error) {
	p, rest, err := cut(key, Quarantine)
	if err != nil {
		return Reject{}, err
	}
	reason, name, ok := strings.Cut(rest, "/")
	stem, json := strings.CutSuffix(name, ".json")
	if !ok || !json || !isReason(reason) {
		return Reject{}, fmt.Errorf("key %q: want <reason>/<name>.json", key)
	}
	r := Reject{Arrival: p, Reason: reason}
	if r.Span, r.Hash, err = parseSpan(stem); err != nil {
		return Reject{}, fmt.Errorf("key %q: %w", key, err)
	}
	return r, nil
}

// Entry names the ledger's account of one delivery, until it is rolled up.
type Entry struct {
	Arrival Partition
	Span
	Hash uint64 // XXH64 of the object
}

// Key gives ledger/new/dt=…/hour=…/<shard>-<first>-<last>-<hash>.json.
func (e Entry) Key() string {
	return LedgerNew + e.Arrival.String() + "/" + e.Span.name(e.Hash) + ".json"
}

// ParseEntry is the inverse of Key.
func ParseEntry(key string) (Entry, error) {
	p, name, err := cut(key, LedgerNew)
	if err != nil {
		return Entry{}, err
	}
	stem, ok := strings.CutSuffix(name, ".json")
	if !ok {
		return Entry{}, fmt.Errorf("key %q does not end in .json", key)
	}
	e := Entry{Arrival: p}
	if e.Span, e.Hash, err = parseSpan(stem); err != nil {
		return Entry{}, fmt.Errorf("key %q: %w", key, err)
	}
	return e, nil
}

// Rollup names the accounts of many deliveries of one arrival hour.
type Rollup struct {
	Arrival Partition
	Hash    uint64 // XXH64 of its lines
}

// Key gives ledger/dt=…/hour=…/rollup-<hash>.json.gz.
func (r Rollup) Key() string {
	return fmt.Sprintf("%s%s/rollup-%016x.json.gz", Ledger, r.Arrival, r.Hash)
}

// ParseRollup is the inverse of Key.
func ParseRollup(key string) (Rollup, error) {
	p, name, err := cut(key, Ledger)
	if err != nil {
		return Rollup{}, err
	}
	r := Rollup{Arrival: p}
	hash, gz := strings.CutSuffix(name, ".json.gz")
	hash, ok := strings.CutPrefix(hash, "rollup-")
	if !gz || !ok || !isHash(hash) {
		return Rollup{}, fmt.Errorf("key %q names no rollup", key)
	}
	if _, err := fmt.Sscanf(hash, "%x", &r.Hash); err != nil {
		return Rollup{}, fmt.Errorf("key %q: %w", key, err)
	}
	return r, nil
}
