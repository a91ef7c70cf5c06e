#!/usr/bin/env bash
# package-relay.sh FOLDER: writes bellwire-relay-VERSION-SYSTEM.tar.gz with what a server needs, and
# its SHA-256. `scripts/setup.sh build` has to have run.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$1"
out=$(cd "$1" && pwd)

scripts/web.sh >&2
cargo build --quiet --locked --release -p bellwire-relay >&2
version=$("$target/release/bellwire-relay" --version | cut -d' ' -f2)
name=bellwire-relay-$version-$(uname -m)-linux
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/$name"
cp "$target/release/bellwire-relay" LICENSE-APACHE LICENSE-MIT docs/operations.md "$folder/$name/"
# The same bytes from the same commit and compiler, whoever packs them.
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
  --directory "$folder" "$name" | gzip --no-name --best > "$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
ls -l "$out" >&2
