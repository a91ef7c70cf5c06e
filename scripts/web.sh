#!/usr/bin/env bash
# Builds the web client into ui/dist: core and client as wasm, then the UI around it.
set -euo pipefail
cd "$(dirname "$0")/.."

crates/web/build.sh >&2
(cd ui && npm run --silent build)
