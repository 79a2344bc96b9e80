#!/usr/bin/env bash
# Destroys an environment: scripts/infra-destroy.sh dev. It shows what goes and asks; AUTO_APPROVE=1 does not ask. Where the environment keeps its
# lakes (output keeps_lakes), the buckets with what protects them and the key that they are encrypted with stay, and Terraform forgets them;
# infra/README.md says how they come back. Stop the producers first: what the stream still holds goes with it.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${1:-${ENV:-}}
folder=infra/environments/$environment
if [[ -z $environment || ! -d $folder ]]; then
	echo "usage: scripts/infra-destroy.sh ENV, where ENV is one of: $(cd infra/environments && echo *)" >&2
	exit 2
fi
terraform() { scripts/infra-terraform.sh -chdir="$folder" "$@"; }

if [[ -n ${TF_VAR_zips:-} ]]; then
	TF_VAR_zips=$(realpath "$TF_VAR_zips") # Terraform runs in the environment's folder
	export TF_VAR_zips
fi
scripts/infra-init.sh "$folder"

kept=()
if [[ $(terraform output -raw keeps_lakes 2>/dev/null) == true ]]; then
	mapfile -t kept < <(terraform state list | grep -E '\.module\.lake\.|^aws_kms_key\.|^aws_kms_alias\.' || true)
	echo "kept, and to be forgotten by Terraform:"
	printf '  %s\n' "${kept[@]}"
	echo "DynamoDB refuses to delete a protected table: set deletion_protection to false and deploy that first."
fi

if [[ ${AUTO_APPROVE:-} != 1 ]]; then
	if ((${#kept[@]})); then
		# A plan would refuse: it knows only afterwards what is kept.
		echo "destroyed:"
		terraform state list | grep -vxF -f <(printf '%s\n' "${kept[@]}") | grep -vE '(^|\.)data\.' | sed 's/^/  /' || true
	else
		terraform plan -destroy -input=false
	fi
	read -r -p "Destroy $environment? Only its name does: " answer || answer= # nobody there to ask
	[[ $answer == "$environment" ]] || { echo "nothing was changed; AUTO_APPROVE=1 does not ask" >&2 && exit 1; }
fi
if ((${#kept[@]})); then
	terraform state rm "${kept[@]}"
fi
terraform destroy -input=false -auto-approve
