#!/usr/bin/env bash
# Installs what building and testing need and is not there yet. Safe to run again and again.
#   scripts/setup.sh build   to build and run the relay with its web client
#   scripts/setup.sh check   that, and what the media in Rust is built with
#   scripts/setup.sh test    that, and what the tests need
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

what=${1:-build}
tools=${BELLWIRE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/tools}
wasm_bindgen_version=$(sed -n 's/^wasm-bindgen = .*version = "=\([0-9.]*\)".*/\1/p' crates/web/Cargo.toml)
cargo_deny_version=0.20.2

say() { printf '%s\n' "setup: $*" >&2; }

# Debian packages.
packages=(build-essential pkg-config)
[ "$what" != build ] && packages+=(cmake libasound2-dev)
[ "$what" = test ] && packages+=(
  chromium fonts-noto-color-emoji
  # A sound server, speech and films, a TURN server, and network namespaces.
  pulseaudio pulseaudio-utils espeak-ng sox ffmpeg coturn iproute2
)
debian_packages "${packages[@]}"

# The target that browsers run.
if ! rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null | xargs -I{} test -d {}; then
  say "adding the wasm32-unknown-unknown target"
  rustup target add wasm32-unknown-unknown
fi

# wasm-bindgen's version must be the crate's, to the digit.
install_tool() { # name, crate, version
  if [ "$("$tools/bin/$1" --version 2>/dev/null | grep -o '[0-9][0-9.]*' | head -1)" != "$3" ]; then
    say "building $2 $3 (a few minutes, once)"
    # A registry may lack what the tool's own lock file names; then any resolution will do.
    (
      cd / && export CARGO_TARGET_DIR="$tools/target"
      cargo install "$2" --version "$3" --root "$tools" --quiet --locked ||
        cargo install "$2" --version "$3" --root "$tools" --quiet
    )
    rm -rf "$tools/target"
  fi
}
install_tool wasm-bindgen wasm-bindgen-cli "$wasm_bindgen_version"
[ "$what" = test ] && install_tool cargo-deny cargo-deny "$cargo_deny_version"

npm_packages ui
if [ "$what" = test ]; then
  npm_packages tests/e2e
  npm_packages tests/bench
  tests/interop/setup.sh
fi
