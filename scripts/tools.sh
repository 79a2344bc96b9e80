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

python_packages=(ministack==1.5.33 cbor2==6.3.0 'moto[server]==5.2.5') # ministack reads CloudWatch's requests by cbor2, and does not ask for it
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

# install_python leaves nothing half made: an interpreter without venv, or no way to PyPI, is the same as none.
install_python() {
	rm -rf "$cache/venv"
	python3 -m venv "$cache/venv" && "$cache/venv/bin/pip" install --quiet --disable-pip-version-check "$@" || { rm -rf "$cache/venv" && return 1; }
}

emulators="what runs on an AWS emulator"
if ! command -v python3 >/dev/null; then
	skip_tier "$emulators" "python3 (Debian, Ubuntu: apt install python3 python3-venv)"
elif ! current venv "${python_packages[@]}" || ! "$cache/venv/bin/python" -c '' 2>/dev/null; then
	echo "== python: ${python_packages[*]}"
	if install_python "${python_packages[@]}"; then
		installed venv "${python_packages[@]}"
	else
		skip_tier "$emulators" "python3 with venv (Debian, Ubuntu: apt install python3-venv), and a way to PyPI"
	fi
fi

if ! command -v npm >/dev/null; then
	skip_tier "splitting and merging shards" "npm (Debian, Ubuntu: apt install npm)"
elif ! current node "${npm_packages[@]}" || [[ ! -x $cache/node/node_modules/.bin/kinesalite ]]; then
	echo "== npm: ${npm_packages[*]}"
	mkdir -p "$cache/node"
	if npm install --prefix "$cache/node" --silent --no-audit --no-fund "${npm_packages[@]}"; then
		installed node "${npm_packages[@]}"
	else
		skip_tier "splitting and merging shards" "a way to npm's registry"
	fi
fi

if [[ ! -x $cache/bin/versitygw-$versitygw ]]; then
	echo "== go: versitygw $versitygw"
	if GOWORK=off GOBIN=$cache/bin go install "github.com/versity/versitygw/cmd/versitygw@$versitygw"; then
		mv "$cache/bin/versitygw" "$cache/bin/versitygw-$versitygw"
	else
		skip_tier "the bucket's contract on a second implementation" "a way to Go's module proxy"
	fi
fi
