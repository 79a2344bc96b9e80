#!/usr/bin/env bash
# Unit and contract tests of all modules with the corpora of their fuzz targets, the architecture test, each module built on its own, and the
# proof that no fault and no branch of the commit code is without a test.
# Arguments go to `go test`.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

# Everything in the workspace but integration/, whose tests are a tier of their own. A test is in this tier by its place, not by a flag
# that it has to look at: none can drop out of both.
all=$(go list -e work)
mapfile -t packages < <(grep -v "^$root/integration" <<<"$all")
if ! have_cc; then
	skip_tier "services/lakebed and integration/ (the rest runs without cgo)" "a C compiler ($(go env CC)), for the SQL engine"
	export CGO_ENABLED=0
	mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -v "^$root/services/lakebed")
fi

echo "== go test, ${#packages[@]} packages"
status=0
go test "$@" "${packages[@]}" || status=$?

if have_cc; then
	# They look at files of all modules, of which the test cache knows nothing. The former also builds each module with GOWORK=off.
	echo "== architecture, each module on its own, and the proof that no fault is without a test"
	(cd integration && go test -count=1 "$@" ./architecture/... ./proof/...) || status=$?
fi
exit "$status"
