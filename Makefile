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
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Deploy an example into a local stack, and run a chamber for real; DEMO_ENCLAVE=0 without that.
	@$(LOCAL_STACK) demo

.PHONY: demo-down
demo-down: ## Remove what `make demo` started.
	@$(LOCAL_STACK) demo-down

.PHONY: kernel
kernel: ## Build the enclave kernel and print its path; kernel.json beside it says from what.
	@$(LOCAL_STACK) tools --print kernel-x86_64

.PHONY: kernel-arm64
kernel-arm64: ## The same for Graviton, with the cross compiler.
	@$(LOCAL_STACK) tools --print kernel-arm64

.PHONY: emulator
emulator: ## Build QEMU with the machine that starts enclave images, and print its path.
	@$(LOCAL_STACK) tools --print emulator

.PHONY: test
test: ## Run all tests: unit, schema, construct, local stack, enclave images, real node.
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
	@go -C tests vet -tags bench ./...
	@for module in kube karpenter seccomp; do go -C tests/tools/$$module vet ./...; done

.PHONY: lint
lint: ## Run golangci-lint, built from its module at the pinned version.
	@echo "golangci-lint"
	@# A cache of its own for each checkout: the linter's keeps the paths of findings.
	@export GOLANGCI_LINT_CACHE="$${XDG_CACHE_HOME:-$$HOME/.cache}/pulumi-containment-chamber/lint-$$(pwd | cksum | cut -d' ' -f1)"; \
	lint=$$($(LOCAL_STACK) tools --print golangci-lint); \
	"$$lint" run --allow-parallel-runners ./...; cd tests; "$$lint" run --allow-parallel-runners --config ../.golangci.yml ./...

# AWS's library takes minutes to compile. Its folder has the hash of what is pinned.
EIF_REFERENCE := tests/tools/eif-reference
EIF_REFERENCE_TARGET = $${XDG_CACHE_HOME:-$$HOME/.cache}/pulumi-containment-chamber/eif-reference-$$(sha256sum $(EIF_REFERENCE)/Cargo.lock | cut -c1-16)

# Sets $$reference to the built program, or to nothing, and then says why.
define build-eif-reference
reference=""; \
if ! command -v cargo >/dev/null; then echo "AWS's writer is not built: there is no cargo (Rust 1.94 or later)"; \
elif ! CARGO_TARGET_DIR="$(EIF_REFERENCE_TARGET)" cargo build --quiet --release --locked --manifest-path $(EIF_REFERENCE)/Cargo.toml; then \
	echo "AWS's writer is not built: cargo failed, see above (it needs crates, a C compiler and OpenSSL's headers)"; \
else reference="$(EIF_REFERENCE_TARGET)/release/eif-reference"; fi
endef

.PHONY: eif-reference
eif-reference: ## Compare runtime/eif with AWS's writer, byte for byte (needs cargo; minutes the first time).
	@$(build-eif-reference); \
	if [[ -n "$$reference" ]]; then go -C tests run ./cmd/eifbench compare "$$reference"; else echo "nothing was compared"; fi

.PHONY: bench-eif
bench-eif: ## Time and memory of runtime/eif against a bare SHA-384 and, with cargo, AWS's writer (5 GiB of disk).
	@go test ./runtime/eif -run '^$$' -bench . -benchtime 1x
	@$(build-eif-reference); \
	go -C tests build -o ../bin/eifbench ./cmd/eifbench; bin/eifbench bench $$reference

.PHONY: lodestar
lodestar: ## Let Lodestar's client ask the test signer, and verify what it answers (needs Node.js and npm).
	@go -C tests run ./cmd/lodestar

.PHONY: schema
schema: ## Write schema.json from the code.
	@go test ./components -run '^TestSchemaIsCurrent$$' -update

.PHONY: golden
golden: ## Rewrite the golden files; read the diff before you commit it.
	@go test $$(grep -rl 'flag.Bool("update"' --include='*_test.go' components cmd runtime | xargs -n1 dirname | sort -u | sed 's|^|./|') -update

.PHONY: instance-types
instance-types: ## Write the table of instance types from moto's copy of EC2's list. Needs pip and PyPI.
	@go -C tests run ./cmd/instancetypes -out "$$(pwd)/runtime/capacity/instancetypes_gen.go"

.PHONY: bench-bridge
bench-bridge: ## Compare the bridge with no bridge and with socat, in ratios. Takes six minutes.
	@go -C tests run ./cmd/benchbridge

.PHONY: bench-path
bench-path: ## Compare signatures through the whole path with the signer itself, in ratios (needs root).
	@go -C tests run ./cmd/benchpath

.PHONY: bench-boot
bench-boot: ## Compare the start of an enclave by our kernel with that by Debian's, in ratios.
	@go -C tests test ./boot -tags bench -run '^TestBenchBoot$$' -count=1 -timeout 40m -v

.PHONY: provider
provider: ## Build the Pulumi plugin into bin/.
	@go build -o bin/pulumi-resource-containment-chamber .

# BIN and GOARCH choose for which machine a program is built, and where it goes. Nothing
# of the checkout is recorded in the init: it is measured.
BIN ?= bin

.PHONY: enclave-init
enclave-init: ## Build the first program of an enclave into bin/, for chamber eif build --init.
	@CGO_ENABLED=0 GOOS=linux GOARCH=$${GOARCH:-amd64} go build -trimpath -buildvcs=false -tags nethttpomithttp2 -ldflags '-s -w' -o $(BIN)/enclave-init ./cmd/enclave-init

# The pod's image. Architectures of ARCHS are built one after the other; KERNEL is a
# kernel of your own, for one architecture, and its CMDLINE.
ARCHS ?= amd64

.PHONY: image
image: ## Build the pod's image into bin/chamber.tar from SIGNER=<image>. See docs/images.md.
	@[[ -n "$(SIGNER)" ]] || { echo "make image SIGNER=<image of the signer: a reference, a tarball or a folder in OCI layout>" >&2; exit 2; }
	@go build -trimpath -buildvcs=false -o bin/chamber ./cmd/chamber
	@parts=(); for arch in $(ARCHS); do \
		echo "programs for $$arch"; \
		$(MAKE) --no-print-directory enclave-init enclave-supervisor GOARCH=$$arch BIN=bin/$$arch; \
		system=(); \
		if [[ -n "$(KERNEL)" ]]; then system+=(--kernel "$(KERNEL)"); elif [[ $$arch == arm64 ]]; then $(MAKE) --no-print-directory kernel-arm64; else $(MAKE) --no-print-directory kernel; fi; \
		[[ -z "$(CMDLINE)" ]] || system+=(--cmdline "$(CMDLINE)"); \
		[[ -z "$(NSM_MODULE)" ]] || system+=(--nsm-module "$(NSM_MODULE)"); \
		[[ -z "$(POLICY)" ]] || system+=(--policy "$(POLICY)"); \
		[[ -z "$(SIGN_CERT)" ]] || system+=(--sign-cert "$(SIGN_CERT)" --sign-key "$(SIGN_KEY)"); \
		bin/chamber eif build --image "$(SIGNER)" --arch $$arch --init bin/$$arch/enclave-init "$${system[@]}" --output bin/$$arch/enclave.eif; \
		parts+=(--enclave-image bin/$$arch/enclave.eif --supervisor bin/$$arch/enclave-supervisor --init bin/$$arch/enclave-init); \
	done; \
	out=(--archive bin/chamber.tar); \
	[[ -z "$(TAG)" ]] || out+=(--tag "$(TAG)"); \
	[[ -z "$(PUSH)" ]] || out+=(--push "$(PUSH)"); \
	bin/chamber image build "$${parts[@]}" "$${out[@]}"

.PHONY: enclave-supervisor
enclave-supervisor: ## Build PID 1 of the chamber's container into bin/.
	@CGO_ENABLED=0 GOOS=linux GOARCH=$${GOARCH:-amd64} go build -trimpath -tags nethttpomithttp2 -ldflags '-s -w' -buildvcs=false -o $(BIN)/enclave-supervisor ./cmd/enclave-supervisor

.PHONY: clean
clean: ## Remove bin/. The cache of built tools stays.
	@rm -rf bin
