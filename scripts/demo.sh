#!/usr/bin/env bash
# The five-minute tour in one go: events with copies, late ones and broken ones among them run into a fresh lake, which is then queried and verified.
# LAKEBED is the command to use (bin/lakebed), EVENTS how many events (200000).
set -euo pipefail
cd "$(dirname "$0")/.."

lakebed=${LAKEBED:-bin/lakebed}
events=${EVENTS:-200000}
demo=.cache/demo
lake=$demo/lake

step() { printf '\n== %s\n' "$*" >&2; }
# run shows a command as one could type it, and runs it.
run() {
	printf '$' >&2
	for word in "$@"; do
		if [[ $word == *[\ \(]* ]]; then printf ' "%s"' "$word"; else printf ' %s' "$word"; fi >&2
	done
	echo >&2
	"$@"
}

rm -rf "$demo"
mkdir -p "$demo"

step "1. $events events: 2 % copied, 1 % late, 0.1 % broken"
printf '$ %s\n' "$lakebed generate --events $events --seed 1 --duplicates 2% --late 1% --broken 0.1% > $demo/events.ndjson" >&2
"$lakebed" generate --events "$events" --seed 1 --duplicates 2% --late 1% --broken 0.1% >"$demo/events.ndjson"
echo "$(wc -l <"$demo/events.ndjson") lines, $(du -h "$demo/events.ndjson" | cut -f1); the first:" >&2
head -n 1 "$demo/events.ndjson"

step "2. The main job: ingest and compact into a fresh lake"
run "$lakebed" run --lake "$lake" "$demo/events.ndjson"

step "3. Query it"
run "$lakebed" query --lake "$lake" "select event_type, count(*) as events, count(distinct event_uuid) as ids from events group by 1 order by 1"
run "$lakebed" query --lake "$lake" "select hour, count(*) as events from events group by 1 order by 1 limit 5"
stored=$("$lakebed" query --lake "$lake" --output csv "select count(*) as n from events" | tail -n 1 | tr -d '\r')
if [[ $stored != "$events" ]]; then
	echo "the lake holds $stored events, $events were generated" >&2
	exit 1
fi
echo "exactly $stored events, each once" >&2

step "4. Look at it, and have it prove its promises"
run "$lakebed" status --lake "$lake"
run "$lakebed" verify --lake "$lake"

step "Try next"
cat <<EOF
  $lakebed run --lake $lake $demo/events.ndjson     # the same file again: no count changes
  $lakebed query --lake $lake                              # a prompt for SQL
  $lakebed schema --lake $lake                             # the columns, and when each came
  $lakebed replay --lake $lake --dry-run                   # what lies in quarantine
  $lakebed run --lake mylake --id-field id --time-field created_at --name-field type your.ndjson
EOF
