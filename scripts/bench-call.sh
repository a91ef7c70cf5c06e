#!/usr/bin/env bash
# Times calls, first load and idle memory against the relay that BELLWIRE_RELAY_BIN names.
set -euo pipefail
cd "$(dirname "$0")/../tests/bench"
exec npm run --silent call
