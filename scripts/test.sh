#!/usr/bin/env bash
# Every check and test there is. `scripts/setup.sh test` has to have run.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=${BELLWIRE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/tools}
target=${CARGO_TARGET_DIR:-target}
step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

step "Rust: format"
cargo fmt --all --check
step "Rust: licences, sources and bans of the dependencies"
"$tools/bin/cargo-deny" --log-level error check bans licenses sources
step "Interface: wasm, and bundles for browsers and for the desktop"
scripts/web.sh
(cd ui && npm run --silent build:desktop)
step "Rust: lints"
cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings
cargo clippy --quiet -p bellwire-web --target wasm32-unknown-unknown -- -D warnings
step "Windows: the desktop app and all under it compile"
cargo check --quiet --target x86_64-pc-windows-gnu -p bellwire-desktop
step "macOS: the Rust of the desktop app and of all under it compiles"
scripts/check-macos.sh
step "UI: format, lints, types and unit tests"
(cd ui && npm run --silent check && npm test --silent)
step "Rust: tests"
cargo test --quiet --workspace --all-features
step "Reverse proxies: Caddy, nginx, HAProxy"
cargo test --quiet -p bellwire-relay --test proxies -- --ignored
step "Browsers: end to end"
cargo build --quiet -p bellwire-relay -p bellwire-cli
case $target in /*) ;; *) target=$PWD/$target ;; esac
export BELLWIRE_RELAY_BIN=$target/debug/bellwire-relay BELLWIRE_CLI_BIN=$target/debug/bellwire-cli
export BELLWIRE_MEDIA=$target/media
tests/media/make-film.sh "$BELLWIRE_MEDIA"
tests/media/make-speech.sh "$BELLWIRE_MEDIA"
(cd tests/e2e && npm test --silent)
step "Other stacks: Chromium, Firefox, aiortc, GStreamer, coturn"
cargo build --quiet -p bellwire-tests --bin bellwire-peer
(cd tests/interop && npm run --silent check && BELLWIRE_PEER_BIN=$target/debug/bellwire-peer npm test --silent)
step "The desktop app: windows, keyrings, calls"
scripts/test-desktop.sh
step "All passed"
