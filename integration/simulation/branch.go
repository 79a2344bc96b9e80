package simulation

import (
	"strings"

	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// creates counts what a conditional create of a slot met, as it can be told from outside: what was to be put, and what is there.
func (w *World) creates(key string, body []byte, took bool) {
	if !strings.HasPrefix(key, layout.Events) {
		return
	}
	mine, err := part.ParseHeader(body)
	if err != nil || mine.Kind == part.Swept {
		return
	}
	what := "create"
	if mine.Kind == part.Seal {
		what = "seal"
	}
	if took {
		w.meet(what, "slot is free")
		return
	}
	text, err := w.read(key)
	if err != nil {
		return
	}
	there, err := part.ParseHeader(text)
	switch {
	case err != nil:
	case there.Kind == mine.Kind && there.Inputs == mine.Inputs && there.Next == mine.Next:
		w.meet(what, "own echo")
	case what == "seal" && there.Kind == part.Data:
		w.meet(what, "lost to a part, which is copied")
	case what == "seal":
		w.meet(what, "lost to another seal")
	case there.Kind == part.Seal:
		w.meet(what, "taken by a seal")
	default:
		w.meet(what, "taken by another part")
	}
}
