#!/usr/bin/env bash
# Measures the desktop app against Chromium, one JSON object a line. `scripts/setup.sh desktop` has to
# have run. Run it where nothing else runs.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac

scripts/package.sh >&2
BELLWIRE_DEB=$(find "$target/release/bundle/deb" -name '*.deb')
scripts/web.sh >&2
cargo build --quiet --release -p bellwire-relay -p bellwire-cli
# As it is packaged, but the camera is WebKit's mock.
cargo build --quiet --release -p bellwire-desktop --features custom-protocol,fake-media
export BELLWIRE_DEB BELLWIRE_MEDIA=$target/media
export BELLWIRE_RELAY_BIN=$target/release/bellwire-relay
export BELLWIRE_DESKTOP_BIN=$target/release/bellwire-desktop
export BELLWIRE_CLI_BIN=$target/release/bellwire-cli
tests/media/make-film.sh "$BELLWIRE_MEDIA" >&2
tests/media/make-speech.sh "$BELLWIRE_MEDIA" >&2
cd tests/desktop && npm run --silent bench
