#!/usr/bin/env bash
# Plays outages on the AWS emulator, for people to watch: ingest off for an hour, the compactor off for an hour, an hour of events in which work fails. Prints
# which alarms rang and when they were over, how long the backlog took, and what queries saw. The emulator's time cannot be made faster, so that the day
# has shorter minutes: MINUTE is how long one takes at least (500ms; with 1m all is in real time, and takes four hours or more), RATE its events (200).
set -euo pipefail
cd "$(dirname "$0")/.."
log=.cache/game-day.log
mkdir -p .cache

echo "deploying to the emulator: this takes a minute or two" >&2
if ! LAKEBED_GAME_MINUTE=${MINUTE:-500ms} LAKEBED_GAME_RATE=${RATE:-200} REQUIRE_ALL=1 \
	scripts/test-integration.sh e2e -run '^TestGameDay$' -v -timeout 24h 2>&1 | tee "$log" | sed -un 's/^ *gameday[a-z_]*\.go:[0-9]*: //p'; then
	echo "the day went wrong; all that was printed is in $log" >&2
	exit 1
fi
