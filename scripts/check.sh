#!/usr/bin/env bash
# Format, lints and unit tests of both languages.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n== %s\n' "$*"; }

step "Rust: format and lints"
# The desktop app has its interface built in.
[ -d ui/dist-desktop ] || (cd ui && npm run --silent build:desktop)
cargo fmt --all --check
cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings
step "Rust: unit tests"
cargo test --quiet --workspace --all-features --lib
cargo test --quiet -p bellwire-protocol
cargo test --quiet -p bellwire-core --features bindings --test bindings
step "UI: format, lints, types and unit tests"
[ -d ui/src/lib/wasm ] || scripts/web.sh
(cd ui && npm run --silent check && npm test --silent)
