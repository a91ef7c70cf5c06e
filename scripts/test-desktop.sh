#!/usr/bin/env bash
# Builds the desktop app and the relay and plays the scenes of tests/desktop with them.
# `scripts/setup.sh desktop` has to have run. Arguments choose scenes by the words in their names;
# with `--screenshots` the windows' pictures in docs/screenshots are taken anew instead.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac

scripts/web.sh
(cd ui && npm run --silent build:desktop)
# Whose updates the app under test believes, and where it looks for them; made once.
updates=$target/updates
if [ ! -s "$updates/key" ]; then
  mkdir -p "$updates"
  (cd ui && npm exec -- tauri signer generate --ci --password '' --force --write-keys "$updates/key" >/dev/null)
fi
export BELLWIRE_UPDATE_KEY=$updates/key
TAURI_CONFIG=$(printf '{"plugins":{"updater":{"pubkey":"%s","endpoints":["http://127.0.0.1:18470/latest"],"requireSignedVersion":true}}}' "$(cat "$updates/key.pub")")
export TAURI_CONFIG
# All features, as the other tests are built: the interface is in the program, and the camera is
# WebKit's mock.
cargo build --quiet --workspace --all-features --bin bellwire-relay --bin bellwire-desktop
export BELLWIRE_RELAY_BIN=$target/debug/bellwire-relay
export BELLWIRE_DESKTOP_BIN=$target/debug/bellwire-desktop
export BELLWIRE_MEDIA=$target/media
tests/media/make-speech.sh "$BELLWIRE_MEDIA"
cd tests/desktop
npm run --silent check
if [ "${1:-}" = --screenshots ]; then npm run --silent screenshots; else npm test --silent -- "$@"; fi
