#!/usr/bin/env bash
# Builds the Lambda functions and zips them: bin/ingest.zip, bin/compactor.zip and bin/scaler.zip for arm64, bin/ingest-amd64.zip and so on for
# emulators on a PC. Two builds of one tree with one Go are byte-identical. GOARCH=amd64 or arm64 makes one of them only.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD

# Lambda's provided.al2023 runs a program called bootstrap. Tags: lambda.norpc leaves net/rpc out, and with it what the linker cannot drop then,
# three quarters of the binary; nethttpomithttp2 leaves HTTP/2 out, which no call of theirs needs: 0.4 MB.
# GOWORK=off: each module with what its own go.mod requires.
for arch in ${GOARCH:-arm64 amd64}; do
	for service in ingest compactor scaler; do
		bootstrap=$top/bin/$arch/$service/bootstrap
		(cd "services/$service" && GOWORK=off CGO_ENABLED=0 GOOS=linux GOARCH=$arch GOFLAGS=${LAMBDA_GOFLAGS:-} \
			go build -tags lambda.norpc,nethttpomithttp2 -trimpath -buildvcs=false -ldflags="-s -w" -o "$bootstrap" ./lambda)
		zip=bin/$service.zip
		[[ $arch == arm64 ]] || zip=bin/$service-$arch.zip
		GOARCH='' GOWORK=off go run scripts/zip.go "$zip" "$bootstrap"
		printf '%s: %s bytes\n' "$zip" "$(wc -c <"$zip" | tr -d ' ')"
	done
done
