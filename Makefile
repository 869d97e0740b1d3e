# `make` alone prints the targets. Everything that is built is kept in the
# user's cache folder; nothing is written outside of it and this checkout.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The slowest package is the local stack's, at minutes; the rest is to say what hangs.
TESTFLAGS := -timeout 40m -json

# What a machine cannot run, such as tests that need root, is shown as skipped; in CI
# that is a failure.
REPORT := go -C tests run ./cmd/testreport $(if $(CI),,-allow-skips)

LOCAL_STACK := go -C tests run ./local/cmd/local-stack

.PHONY: help
help: ## Print this list.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Deploy examples/existing-cluster-go into a local stack and show it.
	@$(LOCAL_STACK) demo

.PHONY: demo-down
demo-down: ## Remove what `make demo` started.
	@$(LOCAL_STACK) demo-down

.PHONY: test
test: ## Run all tests: unit, schema, construct, local stack.
	@# First, because a test would build them without a word.
	@$(LOCAL_STACK) tools
	@go test $(TESTFLAGS) ./... | $(REPORT)
	@# -count=1: the programs that these tests start are not among their inputs.
	@go -C tests test $(TESTFLAGS) -count=1 ./... | $(REPORT)

.PHONY: unit
unit: ## Run the tests that need nothing but Go.
	@go test $(TESTFLAGS) ./... | $(REPORT)
	@go -C tests test $(TESTFLAGS) -short $$(go -C tests list ./... | grep -v /e2e) | go -C tests run ./cmd/testreport -allow-skips

.PHONY: race
race: ## Run the tests of the runtime packages under the race detector.
	@CGO_ENABLED=1 go test $(TESTFLAGS) -race ./runtime/... | $(REPORT)

.PHONY: check
check: format vet lint unit ## The inner loop: format, vet, lint, unit tests.

.PHONY: format
format: ## Fail when gofmt would change a file.
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l); \
	if [[ -n "$$unformatted" ]]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi

.PHONY: vet
vet: ## Run go vet over all modules.
	@echo "go vet (the first time it compiles AWS's SDK and Kubernetes, which takes minutes)"
	@go vet ./...
	@go -C tests vet ./...
	@for module in kube karpenter seccomp; do go -C tests/tools/$$module vet ./...; done

.PHONY: lint
lint: ## Run golangci-lint, built from its module at the pinned version.
	@echo "golangci-lint"
	@# A cache of its own for each checkout: the linter's keeps the paths of findings.
	@export GOLANGCI_LINT_CACHE="$${XDG_CACHE_HOME:-$$HOME/.cache}/pulumi-containment-chamber/lint-$$(pwd | cksum | cut -d' ' -f1)"; \
	lint=$$($(LOCAL_STACK) tools --print golangci-lint); \
	"$$lint" run ./...; cd tests; "$$lint" run --config ../.golangci.yml ./...

.PHONY: schema
schema: ## Write schema.json from the code.
	@go test ./components -run '^TestSchemaIsCurrent$$' -update

.PHONY: golden
golden: ## Rewrite the golden files; read the diff before you commit it.
	@go test $$(grep -rl 'flag.Bool("update"' --include='*_test.go' components cmd runtime | xargs -n1 dirname | sort -u | sed 's|^|./|') -update

.PHONY: instance-types
instance-types: ## Write the table of instance types from moto's copy of EC2's list. Needs pip and PyPI.
	@go -C tests run ./cmd/instancetypes -out "$$(pwd)/runtime/capacity/instancetypes_gen.go"

.PHONY: provider
provider: ## Build the Pulumi plugin into bin/.
	@go build -o bin/pulumi-resource-containment-chamber .

.PHONY: clean
clean: ## Remove bin/. The cache of built tools stays.
	@rm -rf bin
