# `make dev` and `make test` do all the set-up themselves. `make help` lists the rest.
SHELL := /bin/bash
# Both `setup` targets install into the same folders, and Cargo uses every core by itself.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help dev metrics test setup setup-browser sdk build build-faults build-failing debug-files fmt lint doc check-deps unit e2e chaos bench bench-signing bench-backfill bench-policy fuzz scrub-score deploy-dry-run check-env deploy clean

node := node_modules/node/bin/node
# Workspaces of their own.
signing := --manifest-path bench/signing/Cargo.toml
policy := --manifest-path bench/policy/Cargo.toml
fuzzing := --manifest-path allowlist/fuzz/Cargo.toml
failing := --manifest-path sentry-workers/tests/worker/Cargo.toml
# Least recall, overall and of each kind, and most false positives, in percent.
score := --recall 99.5 --kind 98 --false 0.5
export PATH := $(CURDIR)/node_modules/node/bin:$(CURDIR)/node_modules/.bin:$(CURDIR)/.tools/bin:$(PATH)

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile

dev: setup sdk ## Everything running on this machine: Workers, warehouse, vendor sandbox, demo page
	@$(node) tools/dev.ts

PORT = 9090
metrics: ## Prometheus for what `make dev` runs, with the alerts of docs/prometheus: PORT=9090
	@tools/prometheus start $(PORT)

test: setup-browser lint doc check-deps unit build e2e deploy-dry-run ## Every check and every test
	@echo "all checks and tests passed"

setup: ## Install what building and running needs
	@tools/setup

setup-browser: ## Install what the tests need, too: a browser, BigQuery's emulator, Prometheus
	@tools/setup --browser
	@tools/bqemulator
	@tools/prometheus

sdk: setup ## Build the browser SDK
	@$(node) sdk-js/build.ts

build: setup sdk ## Build the Workers for deployment
	@tools/build-worker dispatcher
	@tools/build-worker trace
	@tools/build-worker console

# For tests alone: the Workers that fail on demand, each in build-faults.
build-faults: build
	@tools/build-worker --faults dispatcher
	@tools/build-worker --faults trace

# A Worker that fails in every way, for the tests of sentry-workers.
build-failing: setup
	@tools/build-worker --sentry sentry-workers/tests/worker

debug-files: build ## The Workers' modules as Sentry takes them, in target/debug-files
	@tools/debug-files

fmt: setup ## Format everything
	@cargo fmt
	@cargo fmt $(signing)
	@cargo fmt $(policy)
	@cargo fmt $(fuzzing)
	@cargo fmt $(failing)
	@biome check --write --colors=off --log-level=warn .

lint: setup sdk ## Formatting, lints and types, warnings denied
	@cargo fmt --check
	@cargo fmt --check $(signing)
	@cargo fmt --check $(policy)
	@cargo fmt --check $(fuzzing)
	@cargo fmt --check $(failing)
	@cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings
	@cargo clippy --quiet $(signing) --target-dir target --all-targets --all-features -- -D warnings
	@cargo clippy --quiet $(policy) --target-dir target --all-targets --all-features -- -D warnings
	@cargo clippy --quiet $(fuzzing) --target-dir target --all-targets -- -D warnings  # its feature compiles libFuzzer
	@cargo clippy --quiet $(failing) --target-dir target --all-targets --all-features -- -D warnings
	@biome ci --colors=off --log-level=warn .
	@tsc -p .

doc: setup sdk ## API documentation, warnings denied, and whether every problem's code is told
	@$(node) tools/check-problems.ts
	@RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --all-features

check-deps: setup ## Licences, sources and the rule which crate may depend on which
	@cargo deny --log-level=error check licenses bans sources
	@cargo deny --log-level=error $(signing) check licenses bans sources
	@cargo deny --log-level=error $(policy) check licenses bans sources
	@cargo deny --log-level=error $(fuzzing) check licenses bans sources
	@cargo deny --log-level=error $(failing) check licenses bans sources
	@$(node) tools/check-layers.ts

unit: setup-browser sdk ## Rust, SDK, sandbox and benchmark tests
	@cargo test --quiet --workspace --all-features
	@cargo test --quiet $(fuzzing) --target-dir target
	@cargo run --quiet -p sparrow-allowlist --example score -- allowlist/corpus/working.jsonl $(score)
	@$(node) --test --test-timeout=120000 'sdk-js/test/*.test.ts' 'sandbox/test/*.test.ts' 'bench/test/*.test.ts'

e2e: build build-faults build-failing setup-browser ## End-to-end tests on workerd with a browser
	@cargo build --quiet -p sparrow-cli
	@cargo build --quiet -p sparrow-warehouse --examples
	@$(node) --test --test-timeout=120000 --test-concurrency=1 'sentry-workers/tests/*.test.ts' 'e2e/*.test.ts'

SECONDS = 300
chaos: build build-faults ## Kill and fail everything under load: SECONDS=300, SEED=…
	@cargo build --quiet -p sparrow-cli
	@$(node) tools/chaos.ts $(SECONDS) $(SEED)

bench: build ## Measure against two floors, about an hour: BENCH=--quick for a minute
	@cargo build --quiet -p sparrow-cli
	@$(node) bench/main.ts $(BENCH)

HALF = working
scrub-score: setup ## What the scrubber finds of a labelled corpus, and what it finds in vain: HALF=working
	@cargo run --quiet --release -p sparrow-allowlist --example score -- allowlist/corpus/$(HALF).jsonl $(score)

ROUNDS = 8
bench-signing: setup ## Measure two ways to sign for BigQuery, ten minutes: ROUNDS=8
	@tools/build-worker bench/signing
	@tools/build-worker --subtle bench/signing
	@tools/build-worker --jsonwebtoken bench/signing
	@$(node) bench/signing/main.ts $(ROUNDS)

bench-backfill: build ## Measure what a backfill of 100,000 events takes, ten minutes
	@$(node) bench/backfill/main.ts

bench-policy: setup ## Measure parsing, checking and scrubbing, natively and in WASM, three minutes: ROUNDS=8
	@tools/build-worker bench/policy
	@$(node) bench/policy/main.ts $(ROUNDS)

FUZZ_SECONDS = 600
fuzz: setup ## Fuzz the allowlist, ten minutes for each target: FUZZ_SECONDS=600 TARGETS="open scrub"
	@tools/fuzz $(FUZZ_SECONDS) $(TARGETS)

deploy-dry-run: build build-faults ## What deploying would upload, for each Worker and environment
	@tools/check-release
	@tools/deploy-dry-run

# Before the build, which takes minutes.
check-env:
	@tools/deploy --check "$(ENV)"

deploy: check-env build ## Bring warehouse, Trace, Dispatcher and Console of ENV=staging or ENV=production up to date
	@tools/deploy "$(ENV)"

clean: ## Remove what was built, and the local warehouse
	@rm -rf target {dispatcher,trace}/build-faults {dispatcher,trace,console}/build bench/signing/build{,-*} sentry-workers/tests/worker/build{,-*} bench/policy/build sdk-js/dist .wrangler
