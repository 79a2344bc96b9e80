#!/usr/bin/env bash
# Has Lakebed's ingest handler and those of other stacks take the same Lambda events, in turn, on this machine, and prints one table: events per second of
# CPU, and whether what comes out is what came in, byte for byte, with the added fields. The other handlers are those of ../shared/peers/ingest.
#
#   RUNS    how often each (5); the table has medians, and the median of the runs' ratios
#   PEERS   a regular expression: which of the others run
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

peers=$PWD/../shared/peers
runs=${RUNS:-5} only=${PEERS:-.}
work=$PWD/.cache/peers
events=$work/ingest-events outs=$work/ingest-out
if [[ ! -d $peers ]]; then
	skip_tier "the comparison" "../shared/peers, which has the other handlers"
	exit 0
fi

mkdir -p "$work/bin" "$outs" bin
if [[ ! -d $work/tools ]]; then
	cp -r "$peers" "$work/tools" # they write beside themselves
	chmod -R u+w "$work/tools"
fi
tools=$work/tools/ingest python=$work/venv/bin/python
[[ -x $python ]] || python3 -m venv "$work/venv"
if [[ ! -d $tools/pylib/orjson ]]; then
	"$python" -m pip install -q --target "$tools/pylib" orjson
fi
[[ -x $work/bin/gen ]] || (cd "$work/tools/tools" && GOWORK=off go build -o "$work/bin/gen" ./gen)
[[ -f $work/data-S/manifest.json ]] || "$work/bin/gen" -set S -out "$work/data-S" >&2
[[ -d $events ]] || "$python" "$tools/make_events.py" "$work/data-S" "$events" 20 >&2
(cd "$tools/gonaive" && GOWORK=off go build -o "$work/bin/gonaive" .)
go build -o bin/ingestpeers ./integration/ingestpeers

# tool, its command, its rounds (some seconds each)
all=(
	"lakebed|bin/ingestpeers $events 100 batch"
	"lakebed, window|bin/ingestpeers $events 100 window"
	"Go, encoding/json, map|$work/bin/gonaive $events 8 map"
	"Go, encoding/json, raw|$work/bin/gonaive $events 8 raw"
	"Python, json|$python $tools/handler.py $events 8 stdlib"
	"Python, orjson|$python $tools/handler.py $events 15 orjson"
)
if command -v node >/dev/null; then
	all+=("Node|node $tools/handler.mjs $events 15")
else
	echo "Node is left out: there is none" >&2
fi
if [[ -x $work/rust-ingest/release/ingest ]] || (cd "$tools/rust" && cargo build -q --release --target-dir "$work/rust-ingest") 2>/dev/null; then
	all+=("Rust, serde_json, Value|$work/rust-ingest/release/ingest $events 25 value" "Rust, serde_json, raw|$work/rust-ingest/release/ingest $events 60 raw")
else
	echo "Rust is left out: cargo does not build it here" >&2
fi

results=$work/ingest-results.txt
rm -f "$results" "$outs"/*
for run in $(seq "$runs"); do
	for one in "${all[@]}"; do
		name=${one%%|*}
		[[ $name == lakebed* || $name =~ $only ]] || continue
		# shellcheck disable=SC2086 # words of a command
		printf '%s|%s|%s\n' "$run" "$name" "$(${one#*|} "$outs/${name//\//-}")" | tee -a "$results" >&2
	done
done
"$python" scripts/bench-ingest-table.py "$events" "$outs" "$results"
