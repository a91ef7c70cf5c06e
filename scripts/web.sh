#!/usr/bin/env bash
# Builds the web client into ui/dist: core and client as wasm, then the UI around it.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=${BELLWIRE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/tools}
target=${CARGO_TARGET_DIR:-target}

cargo build --quiet -p bellwire-web --target wasm32-unknown-unknown --profile wasm
mkdir -p ui/src/lib/wasm
"$tools/bin/wasm-bindgen" --target web --out-dir ui/src/lib/wasm --out-name bellwire \
  "$target/wasm32-unknown-unknown/wasm/bellwire_web.wasm"
(cd ui && npm run --silent build)
