package explorer

import "testing"

var scenarios = []scenario{
	{
		name: "minor against minor", policy: policy, processes: []string{worker, worker, writer},
		prepare: func(_ *testing.T, l *lake) {
			l.ingest(1, lines("z")...)
			l.merge()
			l.ingest(1, lines("a", "b")...)
		},
		delivery: func(*testing.T) delivery { return delivery{9, 1, lines("b", "c")} },
		still:    []string{"table", "erasures/", "visit/"}, kept: []string{"raw/", "events/", "index/"},
		faults: 1, least: 1000,
		meets: []string{"a part lost its slot to one of its lane", "a create found what it was to make", "a write landed late"},
	},
}
