package simulation

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// record is one record of a shard.
type record struct {
	ingest.Record
	events []fact   // that it holds
	bad    [][]byte // pieces that must come to quarantine, byte by byte
}

// fact is an event as it must be stored, if it is the first with its id.
type fact struct {
	id, line string
	hour     layout.Partition
}

func itoa(n int) string { return strconv.Itoa(n) }

// fields are what events have beside their identity: values of one name and changing types, so that the table has to grow.
var fields = []string{`"n":%d`, `"n":%d.5`, `"n":"x%d"`, `"more":{"a":%d}`, `"more":{"b":[%d]}`, `"list":[%d]`, `"list":[{"c":%d}]`, `"big":%d00000000000000000000`, `"t%[1]d":%[1]d`}

// document makes up an event of an hour.
func (w *World) document(id string, hour layout.Partition) string {
	at := hour.Start().Add(time.Duration(w.rng.IntN(3600)) * time.Second)
	if w.chance(0.1) {
		at = hour.Start()
	}
	field := fmt.Sprintf(oneOf(w.rng, fields...), w.rng.IntN(5))
	return fmt.Sprintf(`{"event_uuid":%q,"created_at":%q,%s}`, id, at.Format(time.RFC3339), field)
}

// spoiled are documents that must not be stored.
var spoiled = []string{
	`{"event_uuid":"bad-%d"`, `[%d]`, `{"event_uuid":"bad-%d","event_uuid":1,"created_at":1}`, `{"created_at":%d}`, "\xff%d",
	`{"event_uuid":"bad-%d","created_at":"never"}`, `{"event_uuid":"bad-%d","created_at":"2999-01-01T00:00:00Z"}`,
}

// produce makes up a record: new events, an earlier one once more, one that conflicts with an earlier one, or a bad one.
func (w *World) produce() []byte {
	var text []string
	for range oneOf(w.rng, 1, 1, 1, 2, 3) {
		made := w.source.documents
		switch r := w.rng.Float64(); {
		case r < 0.20 && len(made) > 0 && w.spend():
			w.met["fault: producer sends again"]++
			text = append(text, oneOf(w.rng, made...))
		case r < 0.26 && len(made) > 0 && w.spend():
			w.met["fault: id with another body"]++
			was := oneOf(w.rng, made...)
			text = append(text, strings.Replace(was, "}", fmt.Sprintf(`,"other":%d}`, w.rng.IntN(3)), 1))
		case r < 0.34 && w.spend():
			w.met["fault: bad record"]++
			text = append(text, fmt.Sprintf(oneOf(w.rng, spoiled...), w.rng.IntN(1000)))
		default:
			w.source.ids++
			d := w.document("e"+itoa(w.source.ids), w.hour())
			w.source.documents = append(w.source.documents, d)
			text = append(text, d)
		}
	}
	return []byte(strings.Join(text, "\n"))
}

// describe tells what a record must become, which is what the decoder says of it alone.
func (w *World) describe(r *record) {
	d := w.decoder
	defer d.Reset()
	d.Decode(r.Data, r.Arrival, func(e event.Event) {
		line := string(e.Line)
		r.events = append(r.events, fact{idOf(line), line, layout.PartitionOf(e.Time)})
	}, func(x event.Rejection) { r.bad = append(r.bad, append([]byte(nil), x.Data...)) })
}

// idOf reads the id of a line that this package made up.
func idOf(line string) string {
	parts := strings.SplitN(line, `"`, 5)
	if len(parts) < 5 {
		return line
	}
	return parts[3]
}
