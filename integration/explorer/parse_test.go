package explorer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// parsed is what an object says, read by code that shares nothing with the product's.
type parsed struct {
	Kind   string `json:"kind"` // of a slot: data, seal or swept; "" of a fragment
	Lane   string `json:"lane"`
	Inputs string `json:"inputs"`
	Next   string `json:"next"`

	ids []string // of its events, in order
}

func (p *parsed) String() string {
	switch p.Kind {
	case "seal":
		return "seal to " + short(p.Next+"/")
	case "":
		return fmt.Sprint(p.ids)
	}
	return fmt.Sprintf("%s%s %v", p.Kind, p.Lane, p.ids)
}

// same tells whether two slots claim to be the same.
func (p *parsed) same(o *parsed) bool {
	return p.Kind == o.Kind && p.Inputs == o.Inputs && p.Next == o.Next
}

// parse reads a slot or a fragment; nil for anything else.
func parse(data []byte) *parsed {
	p := &parsed{}
	text := data
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil || len(z.Extra) < 4 || string(z.Extra[:2]) != "LB" {
			return nil
		}
		if json.Unmarshal(bytes.TrimRight(z.Extra[4:], " "), p) != nil {
			return nil
		}
		if text, err = io.ReadAll(z); err != nil {
			return nil
		}
	}
	for line := range strings.Lines(string(text)) {
		var e struct {
			ID string `json:"event_uuid"`
		}
		if json.Unmarshal([]byte(line), &e) != nil || e.ID == "" {
			return nil
		}
		p.ids = append(p.ids, e.ID)
	}
	return p
}
