#!/usr/bin/env bash
# Compacts the same fragments by Lakebed and by other tools, in turn, on this machine, and prints one table: wall and CPU seconds, memory, the output's
# size, and whether every event is in it once, byte for byte. The other tools, the generator and the verifier are those of ../shared/peers.
#
#   SET     S (200,000 events in 1,000 fragments, the default), M (2,000,000 in 8,000) or X4 (4,000,000)
#   INPUT   json (plain fragments, the default) or gz
#   PEERS   a regular expression: which of the others run
#   RUNS    how often each (3); the table has medians
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

peers=$PWD/../shared/peers
set=${SET:-S} input=${INPUT:-json} runs=${RUNS:-3}
only=${PEERS:-'^(chdb-rawhour|chdb-raw|polars-rawhour|polars-raw|duckdb-rawhour|python-raw|shell-gzip6|spark-raw)$'}
work=$PWD/.cache/peers
if [[ ! -d $peers ]]; then
	skip_tier "the comparison" "../shared/peers, which has the other tools"
	exit 0
fi

mkdir -p "$work" bin
if [[ ! -x $work/bin/verify ]]; then
	rm -rf "$work/tools"
	cp -r "$peers" "$work/tools" # they write beside themselves
	chmod -R u+w "$work/tools"
	"$work/tools/setup.sh" "$work" >&2
fi
data=$work/data-$set
[[ -f $data/manifest.json ]] || "$work/bin/gen" -set "$set" -out "$data" >&2
go build -trimpath -o bin/lakebed ./services/lakebed
go build -o bin/peers ./integration/peers
lake=$work/lake-$set-$input
if [[ ! -f $lake.whole ]]; then
	rm -rf "$lake"
	bin/peers "$data/json" "$lake" "$([[ $input == gz ]] && echo gzip || echo plain)"
	touch "$lake.whole"
fi

# The others read folders that stay; Lakebed's lake changes, so that each run has one of its own, of links. That counts as its time.
cat >"$work/lakebed.sh" <<EOF
#!/bin/sh -e
cp -al "$lake" "\$1/lake"
"$PWD/bin/lakebed" compact --once --quiet --lake "\$1/lake"
mv "\$1/lake/events" "\$1/events"
rm -rf "\$1/lake"
EOF
chmod +x "$work/lakebed.sh"

results=$work/results-$set-$input.jsonl
rm -f "$results"
PEERS_PY=$work/venv/bin/python PEERS_BIN=$work/bin "$work/venv/bin/python" "$work/tools/run_peers.py" "$data" "$work/out" --only "$only" --input "$input" \
	--runs "$runs" --results "$results" --cmd "lakebed=$work/lakebed.sh {out}" >&2
rm -rf "$work/out"
"$work/venv/bin/python" scripts/bench-peers-table.py "$results"
