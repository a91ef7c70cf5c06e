#!/usr/bin/env bash
# Measures calls whose network changes, against the relay that BELLWIRE_RELAY_BIN names.
set -euo pipefail
cd "$(dirname "$0")/../tests/bench"
exec ../../scripts/namespaced.sh npm run --silent resilience
