#!/usr/bin/env bash
# Builds the desktop app and the relay and plays the scenes of tests/desktop with them.
# `scripts/setup.sh desktop` has to have run. Arguments choose scenes by the words in their names.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac

scripts/web.sh
(cd ui && npm run --silent build:desktop)
# All features, as the other tests are built: the interface is in the program, and the camera is
# WebKit's mock.
cargo build --quiet --workspace --all-features --bin bellwire-relay --bin bellwire-desktop
export BELLWIRE_RELAY_BIN=$target/debug/bellwire-relay
export BELLWIRE_DESKTOP_BIN=$target/debug/bellwire-desktop
export BELLWIRE_MEDIA=$target/media
tests/media/make-speech.sh "$BELLWIRE_MEDIA"
cd tests/desktop
npm run --silent check
npm test --silent -- "$@"
