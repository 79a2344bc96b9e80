#!/usr/bin/env bash
# `terraform test` of every module that has tests, on a mock provider: nothing is reached and nothing costs. Arguments name modules; none, all.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# == 0)); then
	for folder in infra/modules/*/tests; do
		module=${folder%/tests}
		set -- "$@" "${module##*/}"
	done
fi
status=0
for module in "$@"; do
	echo "== terraform test $module"
	export TF_DATA_DIR=$PWD/.cache/terraform/test/$module
	scripts/infra-init.sh "infra/modules/$module" -backend=false
	scripts/infra-terraform.sh -chdir="infra/modules/$module" test -no-color || status=1
done
exit "$status"
