#!/usr/bin/env bash
# Deploys an environment: scripts/infra-deploy.sh dev. It shows the plan and asks; AUTO_APPROVE=1 does not ask. TF_VAR_… and the files *.auto.tfvars
# of the environment's folder reach Terraform as always. Zips are taken as they lie in bin/ (or TF_VAR_zips), so that older ones roll back.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${1:-${ENV:-}}
folder=infra/environments/$environment
if [[ -z $environment || ! -d $folder ]]; then
	echo "usage: scripts/infra-deploy.sh ENV, where ENV is one of: $(cd infra/environments && echo *)" >&2
	exit 2
fi

zips=${TF_VAR_zips:-$PWD/bin}
if ! compgen -G "$zips/*.zip" >/dev/null; then
	echo "no zips in $zips: scripts/build-lambdas.sh builds them" >&2
	exit 1
fi
if [[ -n ${TF_VAR_zips:-} ]]; then
	TF_VAR_zips=$(realpath "$zips") # Terraform runs in the environment's folder
	export TF_VAR_zips
fi

scripts/infra-init.sh "$folder"
plan=$(mktemp)
trap 'rm -f "$plan"' EXIT
scripts/infra-terraform.sh -chdir="$folder" plan -input=false -out="$plan"

# lakebed.yaml guards a lake of a newer format against older programs. Old modules must not write the guard away.
shown=$(scripts/infra-terraform.sh -chdir="$folder" show -no-color "$plan")
formats() { sed -nE "s/^ +$1 \"?format\"?: ([0-9]+).*/\1/p" <<<"$shown" | sort -n; }
old=$(formats - | tail -n 1) new=$(formats '\+' | head -n 1)
if [[ -n $old && -n $new ]] && ((new < old)); then
	echo "the lake has format $old, and this release writes format $new: deploy the release that the lake was written by, or a newer one" >&2
	exit 1
fi

if [[ ${AUTO_APPROVE:-} != 1 ]]; then
	read -r -p "Apply this plan to $environment? Only yes does: " answer || answer= # nobody there to ask
	[[ $answer == yes ]] || { echo "nothing was changed; AUTO_APPROVE=1 does not ask" >&2 && exit 1; }
fi
scripts/infra-terraform.sh -chdir="$folder" apply -input=false "$plan"
