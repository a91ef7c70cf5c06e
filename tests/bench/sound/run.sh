#!/usr/bin/env bash
# Scores sound with speech of espeak-ng, one JSON object a line. Needs espeak-ng, sox and python3
# with venv. An argument is the first of the jitter buffer's three seeds.
#
# - The jitter buffer: codec, network and buffer in virtual time, ours and the trial's; see score.py.
# - Echo cancellation: two voices in a simulated room; see crates/voice/examples/echo-room.rs.
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

cargo build --quiet --release -p bellwire-voice --example sound-path --example echo-room >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
espeak-ng -v en-us -f "$here/speech.txt" -w "$work/spoken.wav"
sox "$work/spoken.wav" -r 48000 -c 1 -b 16 "$work/speech.wav" gain -n -6
examples=${CARGO_TARGET_DIR:-target}/release/examples
"$python" "$here/score.py" "$examples/sound-path" "$work/speech.wav" "$@"

tac "$here/speech.txt" | espeak-ng -v en-gb+f3 -w "$work/near-spoken.wav"
sox "$work/near-spoken.wav" -r 48000 -c 1 -b 16 "$work/near.wav" gain -n -6
mkdir "$work/room"
"$examples/echo-room" "$work/speech.wav" "$work/near.wav" "$work/room"
"$python" crates/voice/examples/echo-room/stoi.py "$work/room"
