#!/usr/bin/env bash
# Installs what building and testing need and is not there yet. Safe to run again and again.
#   scripts/setup.sh build   to build and run the relay with its web client
#   scripts/setup.sh check   that, and what the media in Rust and the desktop app are built with
#   scripts/setup.sh desktop that, and what the tests of the desktop app need
#   scripts/setup.sh test    that, and what the other tests need
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

what=${1:-build}
tools=${BELLWIRE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/tools}
wasm_bindgen_version=$(sed -n 's/^wasm-bindgen = .*version = "=\([0-9.]*\)".*/\1/p' crates/web/Cargo.toml)
cargo_deny_version=0.20.2
tauri_driver_version=2.1.0

say() { printf '%s\n' "setup: $*" >&2; }

# Debian packages.
packages=(build-essential pkg-config)
[ "$what" != build ] && packages+=(
  cmake libasound2-dev
  libwebkit2gtk-4.1-dev libayatana-appindicator3-dev librsvg2-dev
)
is_tested() { [ "$what" = desktop ] || [ "$what" = test ]; }
is_tested && packages+=(
  # The browser; a sound server and speech.
  chromium fonts-noto-color-emoji openssl pulseaudio pulseaudio-utils espeak-ng sox
  # What drives windows, and a screen with a window manager.
  webkit2gtk-driver xvfb openbox xdotool imagemagick
  # Session buses, and who is on them.
  dbus libglib2.0-bin gnome-keyring python3 python3-dbusmock
  # What WebKit plays and encodes with.
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav
)
# Films, a TURN server, network namespaces.
[ "$what" = test ] && packages+=(ffmpeg coturn iproute2 iptables)
# The reverse proxies of docs/proxies, which Debian starts as services when it installs them.
proxies=()
if [ "$what" = test ]; then
  for proxy in nginx haproxy caddy; do
    is_installed "$proxy" || proxies+=("$proxy")
  done
  packages+=("${proxies[@]}")
fi
# What Windows programs are compiled with here.
[ "$what" = test ] && packages+=(gcc-mingw-w64-x86-64)
debian_packages "${packages[@]}"
if [ ${#proxies[@]} -gt 0 ] && [ -d /run/systemd/system ]; then
  as_root systemctl disable --quiet --now "${proxies[@]}"
fi

rust_target() {
  if ! rustc --print target-libdir --target "$1" 2>/dev/null | xargs -I{} test -d {}; then
    say "adding the $1 target"
    rustup target add "$1"
  fi
}
# What browsers run.
rust_target wasm32-unknown-unknown
if [ "$what" = test ]; then
  rust_target x86_64-pc-windows-gnu
  rust_target aarch64-apple-darwin
fi

# wasm-bindgen's version must be the crate's, to the digit. Not every tool says its own, but cargo
# writes down what it installed.
install_tool() { # name, crate, version
  if [ ! -x "$tools/bin/$1" ] || ! grep -qsF "\"$2 $3 (" "$tools/.crates.toml"; then
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
is_tested && install_tool tauri-driver tauri-driver "$tauri_driver_version"
[ "$what" = test ] && install_tool cargo-deny cargo-deny "$cargo_deny_version"

npm_packages ui
if is_tested; then
  npm_packages tests/e2e
  npm_packages tests/desktop
fi
if [ "$what" = test ]; then
  npm_packages tests/bench
  tests/interop/setup.sh
fi
