#!/bin/sh
# Builds the browser client: crates/web -> ui/src/lib/wasm/bellwire{.js,.d.ts,_bg.wasm}.
# Uses the wasm-bindgen named by WASM_BINDGEN, else the one in ~/.cache/bellwire/tools, else PATH;
# its version must be the one pinned in Cargo.toml. wasm-opt makes it smaller where it is installed.
set -eu
cd "$(dirname "$0")/../.."

tools="${BELLWIRE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/tools}/bin"
bindgen="${WASM_BINDGEN:-wasm-bindgen}"
if [ -z "${WASM_BINDGEN:-}" ] && [ -x "$tools/wasm-bindgen" ]; then bindgen="$tools/wasm-bindgen"; fi
out="${1:-ui/src/lib/wasm}"

# The names in it tell the tools below what it uses; they take them out.
cargo build --quiet --locked --package bellwire-web --target wasm32-unknown-unknown --profile wasm \
  --config profile.wasm.strip=false
"$bindgen" --target web --omit-default-module-path --remove-name-section \
  --remove-producers-section --out-dir "$out" --out-name bellwire \
  "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/wasm/bellwire_web.wasm"

wasm="$out/bellwire_bg.wasm"
if command -v wasm-opt >/dev/null 2>&1; then
  # The features that rustc turns on for wasm32; old versions of wasm-opt do not read them from the
  # file. One that is too old for them leaves the file as it is.
  if wasm-opt -Oz --enable-bulk-memory --enable-sign-ext --enable-mutable-globals \
    --enable-nontrapping-float-to-int --enable-reference-types --enable-multivalue \
    -o "$wasm.small" "$wasm"; then
    mv "$wasm.small" "$wasm"
  else
    rm -f "$wasm.small"
    echo "wasm-opt failed; the file stays larger than it could be" >&2
  fi
fi

node -e '
  const { readFileSync } = require("node:fs");
  const { brotliCompressSync } = require("node:zlib");
  for (const file of process.argv.slice(1)) {
    const bytes = readFileSync(file);
    console.log(`${file}: ${bytes.length} bytes, ${brotliCompressSync(bytes).length} with brotli`);
  }' "$wasm" "$out/bellwire.js"
