package event

import "strings"

// transform is what becomes of every event on its way into the lake. A user who wants another transform, or none, changes this file and
// nothing else; the empty transform is `return nil`. (Only where these very fields come in another order, a test asks for it in strip.go.)
//
// It must depend on the event alone (no clock, no network, nothing random): a retry, a replay and a backfill must give the same bytes. It
// must leave alone what it did itself: an event that comes back transformed stays as it is. (Draft.Add sees to that.) The event's id and
// time cannot be changed. An error sends the event to quarantine with the reason "transform", a panic with the reason "panic".
func transform(e *Draft) error {
	e.AddTime("created_datetime", e.Time())
	if name, ok := e.Name(); ok {
		kind, subkind, split := strings.Cut(name, ":")
		e.Add("event_type", kind)
		if split {
			e.Add("event_subtype", subkind)
		}
	}
	return nil
}
