#!/usr/bin/env bash
# Installs what the tests on AWS's stand-ins need, below .cache/, each once: Python tools in a venv of the project (ministack, moto), npm's (kinesalite),
# and programs that are built from Go's module proxy under a name with their version (versitygw). What cannot be had is named, and the tests
# that need it are then skipped, or fail where REQUIRE_ALL=1.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh
cache=$PWD/.cache
mkdir -p "$cache/bin"

python_packages=(ministack==1.5.33 'moto[server]==5.2.5')
npm_packages=(kinesalite@3.3.3)
versitygw=v1.8.0

# current tells whether a stamp says that these very versions are installed.
current() {
	local stamp=$cache/$1.installed
	shift
	[[ -f $stamp && $(<"$stamp") == "$*" ]]
}
installed() {
	local stamp=$cache/$1.installed
	shift
	echo "$*" >"$stamp"
}

if ! command -v python3 >/dev/null; then
	skip_tier "what runs on an AWS emulator" "python3 (Debian, Ubuntu: apt install python3 python3-venv)"
elif ! current venv "${python_packages[@]}"; then
	echo "== python: ${python_packages[*]}"
	python3 -m venv "$cache/venv"
	"$cache/venv/bin/pip" install --quiet --disable-pip-version-check "${python_packages[@]}"
	installed venv "${python_packages[@]}"
fi

if ! command -v npm >/dev/null; then
	skip_tier "splitting and merging shards" "npm (Debian, Ubuntu: apt install npm)"
elif ! current node "${npm_packages[@]}"; then
	echo "== npm: ${npm_packages[*]}"
	mkdir -p "$cache/node"
	npm install --prefix "$cache/node" --silent --no-audit --no-fund "${npm_packages[@]}"
	installed node "${npm_packages[@]}"
fi

if [[ ! -x $cache/bin/versitygw-$versitygw ]]; then
	echo "== go: versitygw $versitygw"
	GOWORK=off GOBIN=$cache/bin go install "github.com/versity/versitygw/cmd/versitygw@$versitygw"
	mv "$cache/bin/versitygw" "$cache/bin/versitygw-$versitygw"
fi
