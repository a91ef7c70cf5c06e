#!/usr/bin/env bash
# Measures the peer connection in Rust: calls with Chromium, the encoder's controller, sound over
# bad networks, and mouth to ear. TARGET names cargo's target folder.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${TARGET:-$PWD/target}

media=$target/media
tests/media/make-film.sh "$media" >&2
tests/media/make-speech.sh "$media" >&2
export BELLWIRE_RELAY_BIN=$target/release/bellwire-relay BELLWIRE_CLI_BIN=$target/release/bellwire-cli
(cd tests/bench && BELLWIRE_MEDIA=$media npm run --silent rtc)
cargo run --quiet --release -p bellwire-rtc --example adaptation
cargo run --quiet --release -p bellwire-voice --example mouth-to-ear
tests/bench/sound/run.sh
