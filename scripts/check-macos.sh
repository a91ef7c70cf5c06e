#!/usr/bin/env bash
# Checks that the Rust of the desktop app, and of all under it, compiles for macOS, without a Mac.
# Checking links nothing, so what is written in C need not be compiled: stand-ins for Apple's tools
# make empty files of it. `scripts/setup.sh test` has to have run.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac

tools=$target/apple
mkdir -p "$tools/sdk"
stand_in() { # name; the script is read
  { printf '#!/usr/bin/env bash\n'; cat; } >"$tools/$1.new"
  chmod +x "$tools/$1.new"
  mv "$tools/$1.new" "$tools/$1"
}
# Says what it is, preprocesses, and compiles everything to nothing.
stand_in compiler <<'SCRIPT'
output= before=
for word in "$@"; do
  case $word in
    --version) echo "Apple clang version 16.0.0"; exit ;;
    -E) exec cpp "${!#}" ;;
  esac
  [ "$before" = -o ] && output=$word
  before=$word
done
[ -z "$output" ] || : >"$output"
SCRIPT
# An archive of nothing.
stand_in archiver <<'SCRIPT'
for word in "$@"; do
  case $word in *.a) printf '!<arch>\n' >"$word" ;; esac
done
SCRIPT
# Where Apple's headers are.
stand_in xcrun <<'SCRIPT'
echo "$(dirname "$0")/sdk"
SCRIPT

PATH=$tools:$PATH SDKROOT=$tools/sdk AWS_LC_SYS_CMAKE_BUILDER=0 \
  CC_aarch64_apple_darwin=$tools/compiler CXX_aarch64_apple_darwin=$tools/compiler \
  AR_aarch64_apple_darwin=$tools/archiver \
  cargo check --quiet --target aarch64-apple-darwin -p bellwire-desktop
