"""How intelligible double talk stays: STOI of what `echo-room` wrote, one JSON object a line.

`stoi.py DIRECTORY`; needs pystoi and scipy from PyPI. The peer is offline processing of the
same recording.
"""

import json
import pathlib
import statistics
import sys

from pystoi import stoi
from scipy.io import wavfile

ALLOWED_LOSS = 0.03


def measure(directory, name):
    """The values of all seeds, sorted."""
    values = []
    for near in sorted(directory.glob("near-*.wav")):
        seed = near.stem.removeprefix("near-")
        rate, clean = wavfile.read(near)
        _, sound = wavfile.read(directory / f"{name}-{seed}.wav")
        length = min(len(clean), len(sound))
        values.append(float(stoi(clean[:length] / 1.0, sound[:length] / 1.0, rate)))
    return sorted(values)


def main():
    directory = pathlib.Path(sys.argv[1])
    peer = measure(directory, "offline")
    for name in ("live", "ideal", "microphone"):
        ours = measure(directory, name)
        ours_p50, peer_p50 = statistics.median(ours), statistics.median(peer)
        target = peer_p50 - ALLOWED_LOSS
        print(
            json.dumps(
                {
                    "metric": f"double_talk_stoi_{name}",
                    "unit": "1",
                    "ours_p50": round(ours_p50, 3),
                    "ours_p95": round(ours[0], 3),
                    "peer": "offline",
                    "peer_p50": round(peer_p50, 3),
                    "peer_p95": round(peer[0], 3),
                    "ratio_p50": round(ours_p50 / peer_p50, 3),
                    "target": round(target, 3),
                    "met": ours_p50 >= target,
                }
            )
        )


main()
