#!/usr/bin/env bash
# Installs the far ends that Bellwire's peer connections are tested against, and what drives them.
# Safe to run again and again.
set -euo pipefail
cd "$(dirname "$0")"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/interop

say() { printf '%s\n' "interop: $*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian packages: the browsers, GStreamer with its introspection, the relay.
packages=(
  chromium firefox-esr coturn openssl
  python3 python3-venv python3-gi
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice
  gir1.2-gst-plugins-base-1.0 gir1.2-gst-plugins-bad-1.0
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    say "please install: ${missing[*]}"
    exit 1
  fi
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# aiortc, again only when the versions changed.
if ! cmp -s requirements.txt "$cache/aiortc/.installed" 2>/dev/null; then
  say "installing aiortc"
  rm -rf "$cache/aiortc"
  mkdir -p "$cache"
  /usr/bin/python3 -m venv "$cache/aiortc"
  "$cache/aiortc/bin/pip" install --quiet --no-deps -r requirements.txt
  cp requirements.txt "$cache/aiortc/.installed"
fi

# What Bellwire's own end sends.
if [ make_media.py -nt "$cache/film.ivf" ]; then
  "$cache/aiortc/bin/python" make_media.py "$cache"
fi

# npm packages, again only when the lock file changed.
if ! cmp -s package-lock.json node_modules/.installed-lock 2>/dev/null; then
  say "installing npm packages of tests/interop"
  flags=(--ignore-scripts --no-audit --no-fund --loglevel=error)
  npm ci "${flags[@]}" 2>/dev/null || npm install --no-save "${flags[@]}"
  cp package-lock.json node_modules/.installed-lock
fi
