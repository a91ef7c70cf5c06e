#!/bin/sh
# Builds the browser client: crates/web -> ui/src/lib/wasm/bellwire{.js,.d.ts,_bg.wasm}.
# Uses the wasm-bindgen named by WASM_BINDGEN, else the one in ~/.cache/bellwire/tools, else PATH;
# its version must be the one pinned in Cargo.toml. wasm-opt makes it an eighth smaller where it is
# installed.
set -eu
cd "$(dirname "$0")/../.."

tools="${BELLWIRE_TOOLS:-$HOME/.cache/bellwire/tools}/bin"
bindgen="${WASM_BINDGEN:-wasm-bindgen}"
if [ -z "${WASM_BINDGEN:-}" ] && [ -x "$tools/wasm-bindgen" ]; then bindgen="$tools/wasm-bindgen"; fi
out="${1:-ui/src/lib/wasm}"

# Without reference types: wasm-opt of Debian 12 (version 108) mixes up the table that they need.
cargo build --quiet --locked --package bellwire-web --target wasm32-unknown-unknown --profile wasm \
  --config 'target.wasm32-unknown-unknown.rustflags = ["-Ctarget-feature=-reference-types"]'
"$bindgen" --target web --omit-default-module-path --out-dir "$out" --out-name bellwire \
  "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/wasm/bellwire_web.wasm"

# Whether the module starts: its imports and tables are those that the glue expects.
starts() {
  node --input-type=module -e '
    import { readFileSync } from "node:fs";
    const [glue, wasm] = process.argv.slice(1);
    const text = readFileSync(glue, "utf8");
    const { initSync, Client } = await import("data:text/javascript," + encodeURIComponent(text));
    initSync({ module: readFileSync(wasm) });
    const quiet = new Proxy({}, { get: () => () => 0 });
    new Client(new Uint8Array(32), "http://localhost", "build", quiet).loaded([]);' "$out/bellwire.js" "$1"
}

wasm="$out/bellwire_bg.wasm"
if command -v wasm-opt >/dev/null 2>&1; then
  # The features that rustc turns on for wasm32; old versions of wasm-opt do not read them from the
  # file.
  if wasm-opt -Oz --enable-bulk-memory --enable-sign-ext --enable-mutable-globals \
    --enable-nontrapping-float-to-int --enable-multivalue -o "$wasm.small" "$wasm" &&
    starts "$wasm.small"; then
    mv "$wasm.small" "$wasm"
  else
    rm -f "$wasm.small"
    echo "this wasm-opt cannot be used; the web client stays larger than it could be" >&2
  fi
fi
starts "$wasm"

node -e '
  const { readFileSync } = require("node:fs");
  const { brotliCompressSync } = require("node:zlib");
  for (const file of process.argv.slice(1)) {
    const bytes = readFileSync(file);
    console.log(`${file}: ${bytes.length} bytes, ${brotliCompressSync(bytes).length} with brotli`);
  }' "$wasm" "$out/bellwire.js"
