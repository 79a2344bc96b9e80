#!/usr/bin/env bash
# Has `lakebed run` ingest and compact generated events into a fresh lake on this disk, every write synced, and prints what that took. The events are
# spread over 4 hours; 2 % are copied, 1 % late, 0.1 % broken. Needs 2 GB below .cache while it runs.
#
#   EVENTS  how many (2,000,000)
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/.cache/run
rm -rf "$work"
mkdir -p "$work/lake" bin
trap 'rm -rf "$work"' EXIT
go build -trimpath -o bin/lakebed ./services/lakebed
bin/lakebed generate --quiet --events "${EVENTS:-2000000}" --duplicates 2% --late 1% --broken 0.1% >"$work/events.ndjson"
python3 scripts/bench-run.py "$work/events.ndjson" "$work/lake"
