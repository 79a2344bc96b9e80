#!/usr/bin/env bash
# Compacts the same fragments by Lakebed and by other tools, in turn, on this machine, and prints one table: wall and CPU seconds, memory, the output's
# size, and whether every event is in it once, byte for byte. The other tools, the generator and the verifier are those of ../shared/peers.
#
#   SET     S (200,000 events in 1,000 fragments, the default), M (2,000,000 in 8,000) or X4 (4,000,000)
#   INPUT   json (plain fragments, the default) or gz
#   COPIES  yes (2 % of the events come again, the default) or no
#   PEERS   a regular expression: which of the others run
#   RUNS    how often each (3); the table has medians
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

peers=$PWD/../shared/peers
set=${SET:-S} input=${INPUT:-json} runs=${RUNS:-3} copies=${COPIES:-yes}
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
if [[ $copies == no ]]; then
	set=$set-unique
	[[ -f $work/data-$set/manifest.json ]] || "$work/venv/bin/python" scripts/bench-peers-unique.py "$data" "$work/data-$set" >&2
	data=$work/data-$set
fi
go build -trimpath -o bin/lakebed ./services/lakebed
go build -trimpath -o bin/peers ./integration/peers
# The lake is made anew when what makes it has changed.
lake=$work/lake-$set-$input made=$(sha256sum <bin/peers)
if [[ ! -f $lake.made || $(<"$lake.made") != "$made" ]]; then
	rm -rf "$lake" "$lake.made"
	bin/peers "$data/json" "$lake" "$([[ $input == gz ]] && echo gzip || echo plain)"
	echo "$made" >"$lake.made"
fi

# The others read folders that stay; Lakebed's lake changes, so that each run has one of its own, of links, made before any clock runs. Its files are
# read once, as those of the others are.
lakes=$work/lakes
rm -rf "$lakes"
mkdir -p "$lakes/ready" "$lakes/used"
for run in $(seq "$runs"); do
	cp -al "$lake" "$lakes/ready/$run"
done
find "$lake/raw" -type f -exec cat {} + >/dev/null
cat >"$work/lakebed.sh" <<EOF
#!/bin/sh -e
for lake in "$lakes"/ready/*; do break; done
mv "\$lake" "$lakes/used"
lake=$lakes/used/\${lake##*/}
"$PWD/bin/lakebed" compact --once --quiet --lake "\$lake"
mv "\$lake/events" "\$1/events"
EOF
chmod +x "$work/lakebed.sh"

results=$work/results-$set-$input.jsonl
rm -f "$results"
PEERS_PY=$work/venv/bin/python PEERS_BIN=$work/bin "$work/venv/bin/python" "$work/tools/run_peers.py" "$data" "$work/out" --only "$only" --input "$input" \
	--runs "$runs" --results "$results" --cmd "lakebed=$work/lakebed.sh {out}" >&2
rm -rf "$work/out" "$lakes"
"$work/venv/bin/python" scripts/bench-peers-table.py "$results"
