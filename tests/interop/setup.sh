#!/usr/bin/env bash
# Installs the far ends that Bellwire's peer connections are tested against, and what drives them.
# Safe to run again and again.
set -euo pipefail
cd "$(dirname "$0")"
. ../../scripts/packages.sh

cache=${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/interop

say() { printf '%s\n' "interop: $*" >&2; }

# Debian packages: the browsers, GStreamer with its introspection, the relay.
packages=(
  chromium firefox-esr coturn openssl
  python3 python3-venv python3-gi
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice
  gir1.2-gst-plugins-base-1.0 gir1.2-gst-plugins-bad-1.0
)
debian_packages "${packages[@]}"

# aiortc and what the stranger's client needs, again only when the versions changed.
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

npm_packages .
