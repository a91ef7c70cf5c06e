#!/usr/bin/env bash
# Measures calls whose network changes, loses packets or is slow, against the relay that
# BELLWIRE_RELAY_BIN names. BELLWIRE_MEDIA names the folder for what is said there.
set -euo pipefail
cd "$(dirname "$0")/../tests/bench"
export BELLWIRE_MEDIA=${BELLWIRE_MEDIA:-$PWD/../../target/media}
../media/make-speech.sh "$BELLWIRE_MEDIA" >&2
../../scripts/namespaced.sh npm run --silent resilience
../../scripts/namespaced.sh npm run --silent paths
