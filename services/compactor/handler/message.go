package handler

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/layout"
)

// Version is that of messages and events. What a message means never changes within a version.
const Version = 1

// Message asks a worker to visit a partition. It is a hint: the worker decides from the bucket, so that a message which is lost, late, or
// there twice does no harm.
type Message struct {
	Version   int    `json:"version"`
	Partition string `json:"partition"`
	Lane      string `json:"lane,omitempty"` // whose fragments to merge; none for all
	Rest      bool   `json:"rest,omitempty"` // with a lane: whether to do all else, too
}

func messageOf(t compactor.Task) Message {
	m := Message{Version: Version, Partition: t.Partition.String()}
	if t.Lane != "" {
		m.Lane, m.Rest = t.Lane.String(), t.Rest
	}
	return m
}

// text is the body of the message.
func (m Message) text() string {
	text, _ := json.Marshal(m) // a number and a string always encode
	return string(text)
}

// taskOf tells what the body of a message asks for.
func taskOf(body string) (t compactor.Task, err error) {
	var m Message
	if err := decode([]byte(body), &m); err != nil {
		return t, fmt.Errorf("the message is not understood: %w; nothing is lost, the next plan sends what is due", err)
	}
	if m.Version != Version {
		return t, fmt.Errorf("the message has version %d, this worker understands version %d: deploy one release of planner and workers; "+
			"nothing is lost, the next plan sends what is due", m.Version, Version)
	}
	t.Rest = m.Rest
	if m.Lane != "" {
		if t.Lane, err = layout.ParseLane(m.Lane); err != nil {
			return t, err
		}
	}
	t.Partition, err = layout.ParsePartition(m.Partition)
	return t, err
}

// request is everything that this function can be invoked with.
type request struct {
	Version   int      `json:"version"`
	Do        string   `json:"do"`        // "plan", "work" or "check"
	All       bool     `json:"all"`       // plan: every partition that has data, not only those with fragments
	Partition string   `json:"partition"` // work: the one to visit
	Records   []record `json:"Records"`   // of a queue; then nothing else is there
}

// record is a message as Lambda's SQS event source delivers it: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type record struct {
	ID     string `json:"messageId"`
	Body   string `json:"body"`
	Source string `json:"eventSource"`
}

const understood = `this function takes {"version":1,"do":"plan"}, also with "all":true; ` +
	`{"version":1,"do":"work","partition":"dt=2026-11-23/hour=08"}; {"version":1,"do":"check"}; and the events of an SQS event source`

// parse reads an event and checks that it is one of those understood.
func parse(payload []byte) (request, error) {
	var e request
	if err := decode(payload, &e); err != nil {
		return e, fmt.Errorf("the event is not understood: %w; %s", err, understood)
	}
	for _, r := range e.Records {
		if r.Source != "aws:sqs" {
			return e, fmt.Errorf("the event comes from %q; %s", r.Source, understood)
		}
	}
	switch {
	case len(e.Records) > 0:
		return e, nil
	case e.Version != Version:
		return e, fmt.Errorf("the event has version %d; %s", e.Version, understood)
	case !slices.Contains([]string{"plan", "work", "check"}, e.Do):
		return e, fmt.Errorf("the event asks to do %q; %s", e.Do, understood)
	}
	return e, nil
}

// decode reads one JSON value. Its errors quote nothing of the input, which may be large.
func decode(text []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows the JSON value")
	}
	return nil
}
