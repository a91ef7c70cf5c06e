#!/usr/bin/env bash
# Makes a few sentences of speech, 48 kHz mono.
#   tests/media/make-speech.sh DIRECTORY        writes speech.wav, if it is not there
set -euo pipefail
directory=${1:?usage: make-speech.sh DIRECTORY}
[ -s "$directory/speech.wav" ] && exit 0
mkdir -p "$directory"
raw=$(mktemp --suffix=.wav)
trap 'rm -f "$raw"' EXIT
espeak-ng -v en-us -w "$raw" "The quick brown fox jumps over the lazy dog. \
Calls should ring like a phone, hold like a line, and belong to the people who talk. \
How does it sound at the other end?"
sox "$raw" -r 48000 -c 1 -b 16 "$directory/speech.wav" gain -n -6
