#!/usr/bin/env bash
# Makes the test films: ten seconds of VP8 in IVF, 30 pictures a second, a key frame every second,
# the same content at several sizes and rates, so that one can switch between them at key frames.
#
#   tests/media/make-film.sh DIRECTORY        writes film-WIDTHxHEIGHT-KBPSk.ivf, what exists stays
#
# The top strip tells which picture is shown: twelve cells, each a sixteenth of the width and a
# twelfth of the height. The first is white, the second black, then ten bits of the picture's
# number, highest first, white for one. Below it shapes move. The same ffmpeg makes the same bytes
# every time.
set -euo pipefail

directory=${1:?usage: make-film.sh DIRECTORY}
films=(320x240-150 640x480-200 640x480-500 640x480-1200)
seconds=10

command -v ffmpeg >/dev/null || {
  echo "make-film.sh: ffmpeg is missing (Debian: apt-get install ffmpeg)" >&2
  exit 1
}

strip() {
  local cell="w=iw/16:h=ih/12:t=fill" bit
  printf 'drawbox=x=0:y=0:%s:color=white,drawbox=x=iw/16:y=0:%s:color=black' "$cell" "$cell"
  for bit in 9 8 7 6 5 4 3 2 1 0; do
    printf ",drawbox=x=%d*iw/16:y=0:%s:color=black" $((11 - bit)) "$cell"
    printf ",drawbox=x=%d*iw/16:y=0:%s:color=white:enable='mod(floor(n/%d),2)'" \
      $((11 - bit)) "$cell" $((1 << bit))
  done
}

mkdir -p "$directory"
for film in "${films[@]}"; do
  size=${film%-*} kbps=${film#*-}
  path="$directory/film-${film}k.ivf"
  [ -s "$path" ] && continue
  # Soft and grainy as a camera's: so the coarsest film keeps to its rate and the finest needs it.
  # A negative cpu-used is a fixed speed; a positive one follows the machine's, and so would the
  # bytes.
  ffmpeg -hide_banner -loglevel error -nostdin -y \
    -f lavfi -i "testsrc2=size=$size:rate=30:duration=$seconds" \
    -vf "gblur=2,noise=alls=4:allf=t:all_seed=7,$(strip),format=yuv420p" \
    -c:v libvpx -threads 1 -deadline realtime -cpu-used -6 -lag-in-frames 0 -auto-alt-ref 0 \
    -b:v "${kbps}k" -minrate "${kbps}k" -maxrate "${kbps}k" -bufsize "${kbps}k" \
    -g 30 -keyint_min 30 -error-resilient 1 -flags +bitexact -fflags +bitexact \
    -f ivf "$path.part"
  mv "$path.part" "$path"
done
