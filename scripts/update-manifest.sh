#!/usr/bin/env bash
# Prints the manifest of an update, which the apps ask for: what is signed in a folder, as Tauri's
# updater reads it. Needs jq.
#   scripts/update-manifest.sh FOLDER VERSION URL     URL is where the folder's files can be fetched
set -euo pipefail
folder=$1 version=$2 url=${3%/}

target() { # file
  local arch=x86_64
  case $1 in *arm64* | *aarch64*) arch=aarch64 ;; esac
  case $1 in
    *.AppImage) echo "linux-$arch-appimage" ;;
    *.deb) echo "linux-$arch-deb" ;;
    *.rpm) echo "linux-$arch-rpm" ;;
    *.app.tar.gz) echo "darwin-$arch" ;;
    *-setup.exe) echo "windows-$arch-nsis" ;;
    *) return 1 ;;
  esac
}

for signature in "$folder"/*.sig; do
  file=$(basename "${signature%.sig}")
  target=$(target "$file") || { echo "update-manifest: no system for $file" >&2; exit 1; }
  jq -n --arg target "$target" --rawfile signature "$signature" --arg url "$url/$file" \
    '{key: $target, value: {signature: ($signature | rtrimstr("\n")), url: $url}}'
done | jq -s --arg version "$version" --arg date "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
  '{version: $version, pub_date: $date, platforms: from_entries}'
