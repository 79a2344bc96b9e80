#!/usr/bin/env bash
# Fuzzes each target of the given modules for FUZZTIME, one after the other. An input that fails stays in the package's testdata/fuzz: commit it
# with the cure.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
time=${FUZZTIME:-30s}

targets=0
for module in "$@"; do
	cd "$top/$module"
	packages=$(go list ./...)
	for package in $packages; do
		listed=$(go test -list '^Fuzz' "$package") # the targets, and a line "ok <package>"
		for target in $(grep '^Fuzz' <<<"$listed" || true); do
			echo "== $package $target $time"
			go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
			targets=$((targets + 1))
		done
	done
done
echo "fuzzed $targets targets for $time each"
((targets > 0))
