#!/usr/bin/env bash
# The tests in integration/: of several parts together, and of running processes. Arguments go to `go test`.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

if ! have_cc; then
	skip_tier "integration/" "a C compiler ($(go env CC)), for the SQL engine"
	exit 0
fi
all=$(cd integration && go list -e ./...)
mapfile -t packages < <(grep -v "^$root/integration/architecture" <<<"$all")
if [[ ${#packages[@]} == 0 ]]; then
	skip_tier "integration/" "any package with tests"
	exit 0
fi
echo "== go test, ${#packages[@]} packages"
(cd integration && go test -count=1 -timeout 25m "$@" "${packages[@]}")
