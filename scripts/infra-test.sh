#!/usr/bin/env bash
# `terraform test` of every module and environment that has tests, on a mock provider: nothing is reached and nothing costs. Arguments name folders
# below infra/, such as modules/lake; none, all.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tier.sh
source scripts/tier.sh

if ! command -v terraform >/dev/null; then
	skip_tier "infra/" "terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install)"
	exit 0
fi
if (($# == 0)); then
	for folder in infra/*/*/tests; do
		folder=${folder#infra/}
		set -- "$@" "${folder%/tests}"
	done
fi
status=0
for folder in "$@"; do
	echo "== terraform test $folder"
	export TF_DATA_DIR=$PWD/.cache/terraform/test/$folder
	scripts/infra-init.sh "infra/$folder" -backend=false
	scripts/infra-terraform.sh -chdir="infra/$folder" test -no-color || status=1
done
exit "$status"
