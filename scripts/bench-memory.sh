#!/usr/bin/env bash
# Compacts lakes of ever more events, and prints what each took: memory is to stay the same. The events are made by the generator of ../shared/peers, in
# plain fragments of some 250; those of the largest set are two of 4,000,000 that fall into the same 48 hours. Needs 6 GB below .cache while it runs.
#
#   SETS    which of "S M X4 X8" (200,000, 2,000,000, 4,000,000 and 8,000,000 events); all but X4
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

peers=$PWD/../shared/peers
work=$PWD/.cache/memory
if [[ ! -d $peers ]]; then
	skip_tier "the measurement of memory" "../shared/peers, which has the generator"
	exit 0
fi

rm -rf "$work"
mkdir -p "$work" bin
trap 'rm -rf "$work"' EXIT
(cd "$peers/tools" && GOWORK=off go build -o "$work/gen" ./gen)
go build -trimpath -o bin/lakebed ./services/lakebed
go build -trimpath -o bin/peers ./integration/peers

# fill SET SEED: ingests a set into the lake.
fill() {
	"$work/gen" -set "$1" -seed "$2" -gz=false -out "$work/data" >&2
	bin/peers "$work/data/json" "$work/lake" plain
	rm -rf "$work/data"
}

echo "| set | events | MB of fragments | CPU s | wall s | peak MiB |"
echo "|---|---|---|---|---|---|"
for set in ${SETS:-S M X8}; do
	case $set in
	X8)
		fill X4 1
		fill X4 2
		;;
	*) fill "$set" 1 ;;
	esac
	python3 scripts/bench-memory.py "$set" "$work/lake"
	rm -rf "$work/lake"
done
