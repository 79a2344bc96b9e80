#!/usr/bin/env bash
# Looks at infra/: terraform fmt, terraform validate, tflint with the rules that come with it, and checkov with infra/.checkov.yaml's skips. It
# installs tflint (from source, through Go's module proxy) and checkov (from PyPI) into .cache/ and fails at any finding.
set -euo pipefail
cd "$(dirname "$0")/.."

tflint_version=v0.64.0
checkov_version=3.3.30

tflint=.cache/bin/tflint-$tflint_version
if [[ ! -x $tflint ]]; then
	mkdir -p .cache/bin
	GOWORK=off GOBIN=$PWD/.cache/bin go install github.com/terraform-linters/tflint@$tflint_version
	mv .cache/bin/tflint "$tflint"
fi

checkov=.cache/checkov-$checkov_version
if [[ ! -x $checkov/bin/checkov ]]; then
	rm -rf "$checkov"
	python3 -m venv "$checkov"
	"$checkov/bin/pip" install --quiet "checkov==$checkov_version" || { rm -rf "$checkov" && exit 1; }
fi

status=0

echo "== terraform fmt"
scripts/infra-terraform.sh fmt -check -recursive infra || status=1

for folder in infra/modules/* infra/environments/*; do
	echo "== terraform validate $folder"
	TF_DATA_DIR=$PWD/.cache/terraform/validate/${folder//\//-} scripts/infra-init.sh "$folder" -backend=false
	TF_DATA_DIR=$PWD/.cache/terraform/validate/${folder//\//-} scripts/infra-terraform.sh -chdir="$folder" validate -no-color || status=1
done

echo "== tflint"
for folder in infra/modules/* infra/environments/*; do
	"$tflint" --chdir="$folder" --config="$PWD/infra/.tflint.hcl" || status=1
done

echo "== checkov"
# --skip-download: nothing is fetched or sent; the checks are those that come with it.
"$checkov/bin/checkov" --directory infra --config-file infra/.checkov.yaml --skip-download --compact --quiet || status=1

exit "$status"
