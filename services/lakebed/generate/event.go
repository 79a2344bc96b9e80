package generate

import (
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"
)

// kind is one type of event: its name, and how many of a hundred events are of it.
type kind struct {
	name   string
	weight int
}

// The kinds by their number.
const (
	accountCreated = iota
	accountUpdated
	accountDeleted
	lessonStarted
	lessonCompleted
	orderCreated
	orderCompleted
	refund
)

var kinds = [...]kind{
	accountCreated:  {"account:created", 4},
	accountUpdated:  {"account:updated", 6},
	accountDeleted:  {"account:deleted", 1},
	lessonStarted:   {"lesson:started", 40},
	lessonCompleted: {"lesson:completed", 33},
	orderCreated:    {"payment:order_created", 8},
	orderCompleted:  {"payment:order_completed", 7},
	refund:          {"payment:refund", 1},
}

// payload appends the members of the payload that an event of this kind has.
func (a *author) payload(dst []byte) []byte {
	switch a.kind {
	case accountCreated:
		return a.accountCreated(dst)
	case accountUpdated:
		return a.accountUpdated(dst)
	case accountDeleted:
		return a.accountDeleted(dst)
	case lessonStarted:
		return a.lessonStarted(dst)
	case lessonCompleted:
		return a.lessonCompleted(dst)
	case orderCreated:
		return a.orderCreated(dst)
	case orderCompleted:
		return a.orderCompleted(dst)
	default:
		return a.refund(dst)
	}
}

// kindOf draws the kind of an event.
func kindOf(seed, index uint64) int {
	ticket := int(mix(mix(seed, saltKind), index) % 100)
	for n := range kinds {
		if ticket -= kinds[n].weight; ticket < 0 {
			return n
		}
	}
	panic("generate: the weights of the kinds do not add up to 100")
}

// facts are what an event is before it is text. ID and time are JSON values as they will be written; a nil one is left out.
type facts struct {
	index   uint64
	kind    int
	at      time.Time
	user    uint64
	order   order // of the kinds that tell of one
	id      []byte
	created []byte
	fault   int // of a broken line
}

// author writes lines. Its state is only room to work in: each line starts from the seed and the event's index.
type author struct {
	options Options
	users   uint64
	salt    uint64 // of the text
	mask    uint64 // of the ids
	source  *rand.PCG
	*rand.Rand
	facts
	idRoom, timeRoom [64]byte
}

func newAuthor(o Options) *author {
	source := rand.NewPCG(0, 0)
	return &author{
		options: o,
		users:   100 + uint64(o.Events)/40,
		salt:    mix(o.Seed, saltText),
		mask:    mix(o.Seed, saltID),
		source:  source,
		Rand:    rand.New(source),
	}
}

// line appends the text of a line, without its newline, and leaves the event's facts in a.facts.
func (a *author) line(dst []byte, l line) []byte {
	a.recall(l)
	if l.role != broken {
		return a.event(dst)
	}
	a.fault = int((l.index - uint64(a.options.Events) + mix(a.options.Seed, saltFault)%uint64(len(faults))) % uint64(len(faults)))
	return faults[a.fault].write(a, dst)
}

// recall derives the facts of an event.
func (a *author) recall(l line) {
	a.source.Seed(a.salt, mix(a.salt, l.index))
	offset := time.Duration(scale(l.slot, uint64(a.options.span()), uint64(a.options.Events)))
	a.facts = facts{
		index: l.index,
		kind:  kindOf(a.options.Seed, l.index),
		at:    a.options.Start.Add(offset),
		user:  a.userOf(l.index),
	}
	switch a.kind {
	case orderCreated:
		a.order = a.orderOf(a.index)
	case orderCompleted, refund:
		a.order = a.earlierOrder()
	}
	if a.order.user != 0 {
		a.user = a.order.user
	}
	a.id = a.appendID(a.idRoom[:0])
	a.created = a.appendTime(a.timeRoom[:0])
}

// event appends the envelope and the payload. No two keys of an object differ only in case.
func (a *author) event(dst []byte) []byte {
	dst = append(dst, '{')
	if a.id != nil {
		dst = append(dst, `"event_uuid":`...)
		dst = append(append(dst, a.id...), ',')
	}
	dst = append(dst, `"event_name":"`...)
	dst = append(append(dst, kinds[a.kind].name...), `",`...)
	if a.created != nil {
		dst = append(dst, `"created_at":`...)
		dst = append(append(dst, a.created...), ',')
	}
	dst = append(dst, `"user_id":`...)
	dst = strconv.AppendUint(dst, a.user, 10)
	dst = a.client(dst)
	dst = append(dst, `,"payload":{`...)
	dst = a.payload(dst)
	return append(dst, "}}"...)
}

// client appends what the app tells of itself with every event; some of it is optional.
func (a *author) client(dst []byte) []byte {
	os := a.pick(systems)
	dst = append(dst, `,"client":{"os":"`...)
	dst = append(append(dst, os...), `","version":"5.`...)
	dst = strconv.AppendInt(dst, int64(a.IntN(24)), 10)
	dst = append(dst, `","locale":"`...)
	dst = append(append(dst, a.pick(locales)...), '"')
	switch a.IntN(4) {
	case 0: // a client of old says nothing of its network
	case 1:
		dst = append(dst, `,"network":null`...)
	default:
		dst = append(dst, `,"network":"`...)
		dst = append(append(dst, a.pick(networks)...), '"')
	}
	if a.IntN(5) == 0 {
		dst = append(dst, `,"experiments":[`...)
		for n := range a.IntN(4) {
			dst = comma(dst, n)
			dst = quote(dst, a.pick(experiments))
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// appendID appends a version 4 UUID (RFC 9562, 5.4) in quotes. Its last 62 bits are a one-to-one image of the index, so that no two events of a stream
// share an id.
func (a *author) appendID(dst []byte) []byte {
	high := a.Uint64()&^0xf000 | 0x4000
	low := scatter(a.index^a.mask)&(1<<62-1) | 1<<63
	var raw [16]byte
	for n := range 8 {
		raw[n] = byte(high >> (56 - 8*n))
		raw[8+n] = byte(low >> (56 - 8*n))
	}
	dst = append(dst, '"')
	dst = append(hex.AppendEncode(dst, raw[0:4]), '-')
	dst = append(hex.AppendEncode(dst, raw[4:6]), '-')
	dst = append(hex.AppendEncode(dst, raw[6:8]), '-')
	dst = append(hex.AppendEncode(dst, raw[8:10]), '-')
	return append(hex.AppendEncode(dst, raw[10:]), '"')
}

// scatter permutes the numbers below 2^62: odd factors modulo a power of two, and shifts to the right under xor, can all be undone.
func scatter(n uint64) uint64 {
	const low62 = 1<<62 - 1
	n &= low62
	n = (n ^ n>>31) * 0xbf58476d1ce4e5b9 & low62
	n = (n ^ n>>29) * 0x94d049bb133111eb & low62
	return n ^ n>>32
}

// appendTime appends the event's time, in one of the ways in which producers of several ages write it.
func (a *author) appendTime(dst []byte) []byte {
	switch way := a.IntN(100); {
	case way < 70:
		return a.quoteTime(dst, a.at, "2006-01-02T15:04:05.000Z07:00")
	case way < 80:
		return a.quoteTime(dst, a.at, time.RFC3339)
	case way < 86:
		return a.quoteTime(dst, a.at.In(zones[a.IntN(len(zones))]), time.RFC3339)
	case way < 94:
		return strconv.AppendInt(dst, a.at.Unix(), 10)
	default:
		return strconv.AppendInt(dst, a.at.UnixMilli(), 10)
	}
}

// quoteTime appends a time as text in quotes.
func (a *author) quoteTime(dst []byte, t time.Time, layout string) []byte {
	return append(t.AppendFormat(append(dst, '"'), layout), '"')
}

// userOf draws the user an event is about: a few are busy, most are rare.
func (a *author) userOf(index uint64) uint64 {
	u := float64(mix(mix(a.options.Seed, saltUser), index)>>11) / (1 << 53)
	return 1000 + uint64(u*u*u*float64(a.users))
}
