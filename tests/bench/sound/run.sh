#!/usr/bin/env bash
# Scores the jitter buffer: speech of espeak-ng through codec, network and buffer in virtual time,
# ours and the trial's in the same run. One JSON object a line; see score.py. Needs espeak-ng, sox
# and python3 with venv. An argument is the first of the three seeds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."

tools=${BELLWIRE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/bellwire/tools}
python=$tools/sound/bin/python
if ! cmp -s "$here/requirements.txt" "$tools/sound/.installed"; then
  echo "sound: installing what scores speech (once)" >&2
  python3 -m venv --clear "$tools/sound"
  "$tools/sound/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$tools/sound/.installed"
fi

cargo build --quiet --release -p bellwire-voice --example sound-path >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
espeak-ng -v en-us -f "$here/speech.txt" -w "$work/spoken.wav"
sox "$work/spoken.wav" -r 48000 -c 1 -b 16 "$work/speech.wav" gain -n -6
"$python" "$here/score.py" "${CARGO_TARGET_DIR:-target}/release/examples/sound-path" "$work/speech.wav" "$@"
