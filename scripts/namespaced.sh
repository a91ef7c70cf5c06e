#!/usr/bin/env bash
# Runs a command in a network namespace of its own, where it may make others: as root, or in a user
# namespace where the system lets anybody make those.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then exec unshare --net -- "$@"; fi
exec unshare --map-root-user --net -- "$@"
