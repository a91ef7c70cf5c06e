# Two commands: `make run` and `make test`. The rest is for daily work; `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
TOOLS := $(or $(BELLWIRE_TOOLS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bellwire/tools)
TARGET := $(or $(CARGO_TARGET_DIR),target)
DATA ?= data

.PHONY: help run test test-desktop check web bindings package bench-call bench-resilience bench-rtc bench-desktop screenshots fuzz clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: ## Build everything and start a relay with its web client on http://localhost:8470
	@scripts/setup.sh build
	@scripts/web.sh
	@cargo build --quiet --release -p bellwire-relay
	@BELLWIRE_DATA_DIR=$(DATA) $(TARGET)/release/bellwire-relay serve --demo

test: ## Install what is missing and run every check and test
	@scripts/setup.sh test
	@scripts/test.sh

test-desktop: ## Install what is missing and try the desktop app: windows, keyrings, calls
	@scripts/setup.sh desktop
	@scripts/test-desktop.sh

check: ## Format, lints and unit tests, for daily work
	@scripts/setup.sh check
	@scripts/check.sh

web: ## Build the web client into ui/dist
	@scripts/setup.sh build
	@scripts/web.sh

bindings: ## Write ui/src/lib/bindings.ts, the golden messages, their schema and reference from the Rust types
	@BELLWIRE_WRITE_BINDINGS=1 cargo test --quiet -p bellwire-core --features bindings --test bindings
	@BELLWIRE_WRITE_BINDINGS=1 cargo test --quiet -p bellwire-desktop --test bindings --test capabilities
	@BELLWIRE_WRITE_GOLDEN=1 cargo test --quiet -p bellwire-protocol --test golden
	@BELLWIRE_WRITE_GOLDEN=1 cargo test --quiet -p bellwire-protocol --test contract

bench-call: ## Time calls against PeerJS in the same run, one JSON object a line
	@scripts/setup.sh test >&2
	@scripts/web.sh >&2
	@cargo build --quiet --release -p bellwire-relay >&2
	@BELLWIRE_RELAY_BIN=$(abspath $(TARGET))/release/bellwire-relay scripts/bench-call.sh

bench-resilience: ## Measure calls that move to another network, lose packets or have a slow one, with PeerJS in the same run, one JSON object a line
	@scripts/setup.sh test >&2
	@scripts/web.sh >&2
	@cargo build --quiet --release -p bellwire-relay >&2
	@BELLWIRE_RELAY_BIN=$(abspath $(TARGET))/release/bellwire-relay BELLWIRE_MEDIA=$(abspath $(TARGET))/media scripts/bench-resilience.sh

bench-rtc: ## Measure calls, sound and pictures of the peer connection in Rust, one JSON object a line
	@scripts/setup.sh test >&2
	@scripts/web.sh >&2
	@cargo build --quiet --release -p bellwire-relay -p bellwire-cli >&2
	@TARGET=$(abspath $(TARGET)) scripts/bench-rtc.sh

bench-desktop: ## Measure the desktop app against Chromium, one JSON object a line
	@scripts/setup.sh desktop >&2
	@scripts/bench-desktop.sh

package: ## Build the desktop app's packages for this system
	@scripts/setup.sh check
	@scripts/package.sh

screenshots: ## Take the pictures in docs/screenshots anew
	@scripts/setup.sh test
	@scripts/web.sh
	@cargo build --quiet -p bellwire-relay
	@cd tests/e2e && BELLWIRE_RELAY_BIN=$(abspath $(TARGET))/debug/bellwire-relay npm run --silent screenshots
	@scripts/test-desktop.sh --screenshots

fuzz: ## Fuzz every target for a minute (needs a nightly toolchain and cargo-fuzz)
	@cd fuzz && for target in frame candidate sdp token pictures film red network link pump; do \
	  cargo +nightly fuzz run $$target -- -max_total_time=$(or $(FUZZ_SECONDS),60) || exit 1; done

clean: ## Remove what was built here
	rm -rf target ui/dist ui/src/lib/wasm ui/src/lib/paraglide ui/dist-desktop ui/node_modules tests/e2e/node_modules tests/desktop/node_modules
