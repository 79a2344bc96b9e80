#!/usr/bin/env bash
# Fuzzes each target of the given modules for FUZZTIME, one after the other, in PARALLEL processes (one for each processor). An input that fails
# stays in the package's testdata/fuzz: commit it with the cure. Inputs that are only interesting stay in Go's cache, and the next run goes on from them.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
time=${FUZZTIME:-30s}
parallel=${PARALLEL:-$(getconf _NPROCESSORS_ONLN)}

targets=0
failed=()
for module in "$@"; do
	cd "$top/$module"
	dirs=$(go list -f '{{.Dir}}' ./...)
	for dir in $dirs; do
		# By their text: to have each package list its own would build the tests of all.
		for target in $(cat "$dir"/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p'); do
			echo "== ${dir#"$top"/} $target $time"
			# Without a bound, making interesting inputs smaller takes up to a minute each, and most of the time of a short run.
			go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 200x -parallel "$parallel" "$dir" ||
				failed+=("${dir#"$top"/} $target")
			targets=$((targets + 1))
		done
	done
done
echo "fuzzed $targets targets for $time each"
for one in "${failed[@]}"; do
	echo "failed: $one" >&2
done
((targets > 0 && ${#failed[@]} == 0))
