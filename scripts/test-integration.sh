#!/usr/bin/env bash
# The tests in integration/: of several parts together, of running processes, and on AWS emulators. The first argument names one package, or all;
# the others go to `go test`. One package at a time, since each has limits of time in it, as AWS has; and several tests of it at once, since most of their
# time is a wait for such a limit.
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
(cd integration && go test -count=1 -p 1 -parallel 6 -timeout 25m "$@" "${packages[@]}")
