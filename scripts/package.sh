#!/usr/bin/env bash
# Builds what people install on Linux: a Debian package, and an AppImage, whose tools Tauri fetches.
# `scripts/setup.sh check` has to have run. Other systems are packaged by .github/workflows/release.yml.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
bundles=$target/release/bundle

build() { ui/node_modules/.bin/tauri build --ci --bundles "$1" -- --locked; }

rm -rf "$bundles"
build deb >&2
if ! build appimage >&2; then
  echo "package: no AppImage: Tauri fetches its tools from github.com, which it could not; all else is built" >&2
fi
find "$bundles" -maxdepth 2 \( -name '*.deb' -o -name '*.AppImage' \) -printf '%p %s bytes\n'
