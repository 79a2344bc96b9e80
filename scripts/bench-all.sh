#!/usr/bin/env bash
# Measures all that the README tells under "How fast", one thing after the other, and draws its picture: for a machine on which nothing else runs. What is
# printed is in .cache/bench.txt, too. An hour or two on 2 cores.
#
#   RUNS    how often each tool runs (3)
#   PEERS   a regular expression: which of the others run
set -euo pipefail
cd "$(dirname "$0")/.."
export RUNS=${RUNS:-3} SET=M

all() {
	nproc
	uptime
	go test -run '^$' -bench 'Pipeline|Gzip6|Major|BenchmarkIngest|BenchmarkRun|Dedupe|ManyIDs|Start' work
	scripts/bench-ingest.sh
	INPUT=json scripts/bench-peers.sh
	INPUT=gz scripts/bench-peers.sh
	INPUT=gz COPIES=no scripts/bench-peers.sh
	rm -rf .cache/peers/lake-M-* # a gigabyte, made anew in a minute
	scripts/bench-memory.sh
	scripts/bench-run.sh
	make bench-plot RESULTS='.cache/peers/results-M-json.jsonl .cache/peers/results-M-gz.jsonl .cache/peers/results-M-unique-gz.jsonl'
	uptime
}
mkdir -p .cache
all | tee .cache/bench.txt
