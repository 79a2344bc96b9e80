#!/usr/bin/env bash
# `terraform init` of a folder below infra/, such as infra/environments/dev. Arguments after the folder go to init. Where the environment keeps its
# state somewhere else than beside it, backend.hcl says where.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?usage: scripts/infra-init.sh FOLDER [ARGUMENTS]}
shift
if [[ " $* " == *" -backend"* ]]; then
	: # the caller says where, or that it does not matter
elif [[ -f $folder/backend.hcl ]]; then
	set -- -backend-config=backend.hcl "$@"
elif grep -qs 'backend "s3"' "$folder/versions.tf"; then
	echo "$folder/backend.hcl is missing, which says where Terraform keeps its state: copy backend.hcl.example beside it and name a bucket" >&2
	exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# -upgrade: the lock file that an earlier init left may name another version than the environment's, which pins it without one.
if ! scripts/infra-terraform.sh -chdir="$folder" init -input=false -no-color -upgrade "$@" >"$log" 2>&1; then
	cat "$log" >&2
	echo "terraform init failed in $folder" >&2
	exit 1
fi
