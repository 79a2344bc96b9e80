package explorer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

type op uint8

const (
	now op = iota
	list
	get
	put
	remove
	readTable
	setTable
	readPartitions
	setPartition
)

var ops = [...]string{"now", "list", "get", "put", "delete", "read table", "set table", "read partitions", "set partition"}

func (o op) writes() bool { return o == put || o == remove || o == setTable || o == setPartition }

func (r *request) inBucket() bool { return r.op == put || r.op == remove }

// request is one call of a process.
type request struct {
	op      op
	key     string // of an object, or the prefix of a list
	after   string
	span    bucket.Range
	body    []byte
	content *content // of the body
	when    bucket.Condition
	which   []layout.Partition
	table   catalog.Table
	entry   catalog.Partition

	bound bool          // it has a deadline,
	left  time.Duration // so long after it was made
	slept time.Duration // how long the process waited before it made it
	anew  bool          // a step of a visit begins, so that nothing before matters any more

	hash uint64
}

// seal folds all that the request asks for into its hash.
func (r *request) seal() {
	h := mixString(mix(1, uint64(r.op)), r.key)
	if r.content != nil {
		h = mix(h, r.content.sum[0])
	}
	h = mixString(h, r.when.Match)
	if r.op == setTable || r.op == setPartition {
		text, err := json.Marshal([]any{r.table, r.entry})
		if err != nil {
			panic(err) // plain values
		}
		h = mix(h, sumOf(text)[0])
	}
	r.hash = h
}

// waits is the model's share of how long the process slept: the short sleeps between two tries count as none.
func (r *request) waits() int32 {
	if r.slept < time.Second {
		return 0
	}
	return seconds(r.slept)
}

// timed tells whether it matters when the request was made.
func (r *request) timed() bool { return r.bound || r.waits() > 0 }

func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// before orders requests that a process makes at once.
func (r *request) before(o *request) int {
	return cmp.Or(cmp.Compare(r.op, o.op), cmp.Compare(r.key, o.key))
}

func (r *request) String() string {
	s := ops[r.op]
	switch r.op {
	case now, readTable:
	case readPartitions:
		if len(r.which) == 0 {
			s += " of all"
		}
	case setTable:
		s += fmt.Sprintf(" (%d columns, followed: %v)", len(r.table.Columns), r.table.Followed)
	case setPartition:
		s += fmt.Sprintf(" to %s, %d columns, published %s, lands until %s", short(r.entry.Location), len(r.entry.Columns), spell(r.entry.PublishedAt), spell(r.entry.WrittenAt))
	case put:
		s += " " + short(r.key)
		if r.content != nil && r.content.parsed != nil {
			s += " = " + r.content.parsed.String()
		}
		switch {
		case r.when.Absent:
			s += " if absent"
		case r.when.Match != "":
			s += " if unchanged"
		}
	default:
		s += " " + short(r.key)
	}
	return s
}

// short leaves out of a key what all keys share.
func short(key string) string {
	key = strings.Replace(key, hour.String()+"/", "", 1)
	fields := strings.Split(key, "-")
	for i, f := range fields {
		if name, rest, _ := strings.Cut(f, "/"); len(name) == 32 {
			fields[i] = strings.TrimSuffix(name[:6]+"…/"+rest, "/")
		} else if name, ok := strings.CutSuffix(f, ".idx"); ok && len(name) == 32 {
			fields[i] = name[:6] + "….idx"
		}
	}
	return strings.Join(fields, "-")
}

// errReset is what a process hears of a call whose outcome nobody knows.
var errReset = errors.New("connection reset")

// response is what a call came to.
type response struct {
	err     error
	at      time.Time
	objects []bucket.Object
	content *content
	object  bucket.Object
	table   catalog.Table
	entries []catalog.Partition
	catalog uint64        // hash of the two above
	took    time.Duration // of the time that the request has
}

// edge tells responses to one request apart.
func (r *response) edge() uint64 {
	h := mix(2, uint64(r.took))
	if r.err != nil {
		return mixString(h, r.err.Error())
	}
	h = mix(h, uint64(r.at.Unix()))
	for _, o := range r.objects {
		h = mix(mixString(mixString(h, o.Key), o.ETag), uint64(o.Modified.Unix()))
	}
	if r.content != nil {
		h = mix(mix(h, r.content.sum[0]), uint64(r.object.Modified.Unix()))
	}
	return mix(h, r.catalog)
}
