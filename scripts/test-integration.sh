#!/usr/bin/env bash
# The tests in integration/: of several parts together, of running processes, and on AWS emulators. The first argument names one package, or all;
# the others go to `go test`. One package at a time, since each has limits of time in it, as AWS has; and several tests of it at once, since most of their
# time is a wait for such a limit. What only computes, and knows no time, runs beside them all at a low priority, and what it printed comes in the end.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

which=$1
shift
if ! have_cc; then
	skip_tier "integration/" "a C compiler ($(go env CC)), for the SQL engine"
	exit 0
fi
if [[ $which == all ]]; then
	mapfile -t packages < <(cd integration && go list -e ./... | grep -v "^$root/integration/architecture") # the unit tests run it
else
	packages=("$root/integration/$which")
fi
# without leaves out packages by their names, and ends where none is left.
without() {
	mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -vE "^$root/integration/($1)\$")
	((${#packages[@]})) || exit 0
}
if [[ " ${packages[*]} " =~ /integration/(athena|e2e)\  ]] && ! command -v terraform >/dev/null; then
	skip_tier "integration/athena and e2e" "terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install)"
	without "athena|e2e"
fi
if [[ " ${packages[*]} " =~ /integration/(athena|trino)\  ]]; then
	scripts/trino.sh || { (($? == 3)) && without "athena|trino"; }
fi
echo "== go test, ${#packages[@]} packages"
test=(go test -C integration -count=1 -p 1 -parallel 6 -timeout 40m "$@")
if [[ $which != all ]]; then
	"${test[@]}" "${packages[@]}"
	exit
fi
computing="$root/integration/(bugs|explorer|simulation|split)\$"
mapfile -t beside < <(printf '%s\n' "${packages[@]}" | grep -E "$computing")
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -vE "$computing")
printed=$(mktemp)
set -m # it gets a process group of its own, by which all of it can be stopped
nice -n 10 "${test[@]}" "${beside[@]}" >"$printed" 2>&1 &
pid=$!
set +m
trap 'kill -- "-$pid" 2>/dev/null || true; rm -f "$printed"' EXIT
status=0
"${test[@]}" "${packages[@]}" || status=$?
wait "$pid" || status=$?
cat "$printed"
exit "$status"
