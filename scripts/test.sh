#!/usr/bin/env bash
# Every check and test there is. `scripts/setup.sh test` has to have run. A step that fails hides no
# other: all run that can, a table at the end says how each went, and the last lines name what failed.
# shellcheck disable=SC2317,SC2329 # `step` calls functions by their names
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
tools=${BELLWIRE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/tools}
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
# A program that takes an interrupt for its own would leave it at one step.
trap 'exit 130' INT TERM

table=
failed=
# The steps that others may need and that did not pass, each between spaces.
missing=' '

# step FUNCTION NAME [NEEDED FUNCTION]...: runs it in a shell of its own with `set -e`, unless what it
# needs did not pass.
step() {
  local run=$1 name=$2 needed result=passed began=$SECONDS status
  shift 2
  for needed; do
    [[ $missing != *" $needed "* ]] || result="skipped, for $needed did not pass"
  done
  if [ "$result" = passed ]; then
    printf '\n== %s (%s s)\n' "$name" "$SECONDS"
    # Not as a condition: `set -e` means nothing in one.
    (set -e; "$run")
    status=$?
    [ "$status" = 0 ] || result=FAILED
  fi
  [ "$result" = passed ] || missing+="$run "
  [ "$result" != FAILED ] || failed+="FAILED: $name"$'\n'
  table+=$(printf '%6s s  %s: %s' $((SECONDS - began)) "$name" "$result")$'\n'
}

format() { cargo fmt --all --check; }
licences() { "$tools/bin/cargo-deny" --log-level error check bans licenses sources; }
web() {
  scripts/web.sh
  cd ui
  npm run --silent build:desktop
}
lints() { cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings; }
lints_wasm() { cargo clippy --quiet -p bellwire-web --target wasm32-unknown-unknown -- -D warnings; }
windows() { cargo check --quiet --target x86_64-pc-windows-gnu -p bellwire-desktop; }
ui_check() { cd ui && npm run --silent check; }
ui_tests() { cd ui && npm test --silent; }
rust_tests() { cargo test --quiet --workspace --all-features --no-fail-fast; }
proxies() { cargo test --quiet -p bellwire-relay --test proxies -- --ignored; }
whole() {
  export BELLWIRE_RELAY_BIN=$target/debug/bellwire-relay BELLWIRE_CLI_BIN=$target/debug/bellwire-cli
  export BELLWIRE_PEER_BIN=$target/debug/bellwire-peer BELLWIRE_MEDIA=$target/media
}
programs() {
  whole
  cargo build --quiet -p bellwire-relay -p bellwire-cli
  cargo build --quiet -p bellwire-tests --bin bellwire-peer
  tests/media/make-film.sh "$BELLWIRE_MEDIA"
  tests/media/make-speech.sh "$BELLWIRE_MEDIA"
}
browsers() {
  whole
  cd tests/e2e
  npm test --silent
}
bench_check() { cd tests/bench && npm run --silent check; }
networks() {
  if ! scripts/namespaced.sh true; then
    echo "skipped: this system lets nobody but root make network namespaces"
    return
  fi
  whole
  cd tests/bench
  ../../scripts/namespaced.sh npm run --silent moved
}
interop_check() { cd tests/interop && npm run --silent check; }
interop() {
  whole
  cd tests/interop
  npm test --silent
}

step format "Rust: format"
step licences "Rust: licences, sources and bans of the dependencies"
step web "Interface: wasm, and bundles for browsers and for the desktop"
step lints "Rust: lints" web
step lints_wasm "Rust: lints of what runs in browsers"
step windows "Windows: the desktop app and all under it compile" web
step scripts/check-macos.sh "macOS: the Rust of the desktop app and of all under it compiles" web
step ui_check "UI: format, lints and types" web
step ui_tests "UI: unit tests" web
step rust_tests "Rust: tests" web
step proxies "Reverse proxies: Caddy, nginx, HAProxy" web
step programs "Programs, films and speech for the tests of the whole" web
step browsers "Browsers: end to end" programs
step bench_check "Benchmarks: types"
step networks "Browsers in networks that change" programs
step interop_check "Other stacks: lints and types of their tests"
step interop "Other stacks: Chromium, Firefox, aiortc, GStreamer, coturn" programs
step scripts/test-desktop.sh "The desktop app: windows, keyrings, calls" web

printf '\n== Results (%s s)\n%s' "$SECONDS" "$table"
if [ -n "$failed" ]; then
  printf '\n%s' "$failed"
  exit 1
fi
printf '\n== All passed\n'
