# Sourced by the scripts that run tests: what a tier does when its means are absent.

# skip_tier says in one loud line what is not run and what is missing; with REQUIRE_ALL=1 that is a failure.
skip_tier() {
	local tier=$1 missing=$2
	if [[ ${REQUIRE_ALL:-} == 1 ]]; then
		echo "!!!!!!!! FAILED: $tier cannot run, and REQUIRE_ALL=1: missing $missing" >&2
		exit 1
	fi
	echo "!!!!!!!! SKIPPED: $tier: missing $missing" >&2
}

# have_cc tells whether cgo has its compiler.
have_cc() {
	local cc
	cc=$(go env CC)
	command -v "${cc%% *}" >/dev/null
}

root=github.com/lakebed/lakebed
