# Lakebed. `make` alone tells what there is to make.
#
# Everything that is built lands in bin/, everything that is downloaded or generated in .cache/; both are ignored by git.
# Go's own caches stay where `go env` says.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-builtin-rules --no-print-directory

MODULES := shared services/ingest services/compactor services/scaler services/lakebed integration
ROOT    := github.com/lakebed/lakebed
TOOLS   := .cache/bin

GOLANGCI_VERSION := v2.15.0
GOLANGCI         := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)

# REQUIRE_ALL=1 turns every skipped tier into a failure. TESTFLAGS goes to `go test` as it is: TESTFLAGS='-v -run Merge'.
REQUIRE_ALL ?=
TESTFLAGS   ?=
FUZZTIME    ?= 30s
SEEDS       ?= 10000
FROM        ?= 1
FOR         ?= 0
BENCH       ?= .
RESULTS     ?= $(wildcard .cache/peers/results-M-*.jsonl)
export REQUIRE_ALL

# The SQL engine is C++, linked by cgo. `make test-unit` does without a compiler as far as that goes.
CC := $(shell go env CC 2>/dev/null)
HAVE_CC := $(shell command -v $(firstword $(CC)) 2>/dev/null)

##@ Use

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: need-cc ## Build the command line, bin/lakebed.
	go build -trimpath -o bin/lakebed ./services/lakebed

.PHONY: lambdas
lambdas: ## Build the functions: bin/ingest.zip, bin/compactor.zip and bin/scaler.zip for arm64, …-amd64.zip beside them.
	@scripts/build-lambdas.sh

.PHONY: deploy
deploy: lambdas ## Deploy infra/environments/ENV into the AWS account of your credentials: make deploy ENV=dev.
	@scripts/infra-deploy.sh $(ENV)

.PHONY: destroy
destroy: ## Remove what make deploy ENV=… made, but what must be kept.
	@scripts/infra-destroy.sh $(ENV)

.PHONY: demo
demo: build ## Generate events, run them into a fresh lake, query it and verify it.
	@scripts/demo.sh

##@ Check

.PHONY: test
test: ## Run every tier of tests; what they need is downloaded while the unit tests run.
	@$(MAKE) --no-print-directory --jobs=2 test-unit tools
	@$(MAKE) --no-print-directory test-infra test-integration

.PHONY: test-unit
test-unit: ## Unit and contract tests of all modules, the architecture, and each module built on its own (under 2 minutes).
	@scripts/test-unit.sh $(TESTFLAGS)

.PHONY: test-integration
test-integration: tools ## Tests of the whole: long ones, those that start processes, those on AWS emulators and Trino.
	@scripts/test-integration.sh all $(TESTFLAGS)

.PHONY: e2e
e2e: tools ## Deploy to an AWS emulator with the built functions, and count 100,000 events.
	@scripts/test-integration.sh e2e $(TESTFLAGS)

.PHONY: game-day
game-day: tools ## Play outages on the AWS emulator: which alarms ring, and how long a backlog takes (MINUTE=500ms RATE=200).
	@scripts/game-day.sh

.PHONY: athena
athena: tools ## What Athena sees: every promise about tables, through Trino over Glue and S3 of an emulator.
	@scripts/test-integration.sh athena $(TESTFLAGS)

.PHONY: test-infra
test-infra: ## The Terraform modules' own tests, on a mock provider.
	@scripts/infra-test.sh

.PHONY: tools
tools: ## Install what the tests on AWS emulators need, below .cache/.
	@scripts/tools.sh

.PHONY: test-race
test-race: need-cc ## The unit tests once more, under the race detector.
	go test -race -count=1 $(TESTFLAGS) $$(go list -e work | grep -v '^$(ROOT)/integration')

.PHONY: lint
lint: $(GOLANGCI) ## gofmt, go vet and golangci-lint; for infra/ terraform fmt and validate, tflint and checkov.
	@echo "== gofmt"
	@unformatted=$$(gofmt -l $(MODULES)); \
		if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet work
	$(GOLANGCI) config verify
	$(GOLANGCI) run $(MODULES:%=./%/...)
	@scripts/infra-lint.sh
	@scripts/infra-docs.sh --check

.PHONY: simulate
simulate: ## Simulate SEEDS worlds (10000) from seed FROM (1), or as many as FOR a time (FOR=1h), each twice.
	@mkdir -p bin
	go test -c -o bin/simulation.test ./integration/simulation
	@cd integration/simulation && ../../bin/simulation.test -test.v -test.timeout 0 -test.run '^TestSimulation$$' -seeds $(SEEDS) -from $(FROM) -for $(FOR)

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZTIME (30s).
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh $(MODULES)

.PHONY: bench
bench: ## Run the benchmarks that match BENCH (all): stages, and BENCH=Pipeline: fragments to parts, beside gzip alone.
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(TESTFLAGS) work

.PHONY: bench-peers
bench-peers: need-cc ## Compact the same fragments by Lakebed and by other tools, and print one table (SET=S|M|X4 INPUT=json|gz RUNS=3).
	@scripts/bench-peers.sh

.PHONY: bench-ingest
bench-ingest: ## Have the ingest handler and those of other stacks take the same Lambda events, and print one table (RUNS=5).
	@scripts/bench-ingest.sh

.PHONY: bench-memory
bench-memory: need-cc ## Compact 200,000, 2,000,000 and 8,000,000 events, and print what each took, peak memory too (SETS="S M X8").
	@scripts/bench-memory.sh

.PHONY: bench-run
bench-run: need-cc ## Ingest and compact 2,000,000 generated events by `lakebed run`, and print what that took (EVENTS=2000000).
	@scripts/bench-run.sh

.PHONY: bench-plot
bench-plot: ## Draw what bench-peers measured as .assets/bench.svg (RESULTS).
	@mkdir -p .assets
	@python3 scripts/bench-plot.py $(RESULTS) >.cache/bench.svg && mv .cache/bench.svg .assets/bench.svg

.PHONY: bench-all
bench-all: need-cc ## Measure all that the README tells under "How fast", on a quiet machine, and draw its picture.
	@scripts/bench-all.sh

##@ Keep

.PHONY: fmt
fmt: ## Format the code.
	gofmt -w $(MODULES)

.PHONY: tidy
tidy: ## Tidy each module's requirements, without the workspace.
	@for module in $(MODULES); do echo "== tidy $$module"; (cd $$module && GOWORK=off go mod tidy); done

.PHONY: clean
clean: ## Remove bin/ and .cache/.
	rm -rf bin .cache

# golangci-lint comes as source through Go's module proxy, under a name that holds its version.
$(GOLANGCI):
	@mkdir -p $(TOOLS)
	GOWORK=off GOBIN="$(CURDIR)/$(TOOLS)" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(TOOLS)/golangci-lint $@

.PHONY: need-cc
need-cc:
	@if [ -z "$(HAVE_CC)" ]; then \
		echo "lakebed needs a C compiler ($(or $(CC),cc)) and the C++ library, since the SQL engine is linked by cgo:" >&2; \
		echo "  Debian, Ubuntu: apt install gcc g++    Fedora: dnf install gcc gcc-c++    macOS: xcode-select --install" >&2; \
		exit 1; fi
