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
all=$(cd integration && go list -e ./...)
# What needs Trino is `make athena`, and no part of `make test` yet.
mapfile -t packages < <(grep -vE "^$root/integration/(architecture|athena|trino)" <<<"$all")
if [[ $which != all ]]; then
	packages=("$root/integration/$which")
fi
if ! command -v terraform >/dev/null && [[ $which == all || $which == e2e ]]; then
	skip_tier "integration/e2e" "terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install)"
	mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -v "^$root/integration/e2e")
	((${#packages[@]})) || exit 0
fi
echo "== go test, ${#packages[@]} packages"
(cd integration && go test -count=1 -p 1 -parallel 6 -timeout 25m "$@" "${packages[@]}")
