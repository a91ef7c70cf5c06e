"""Scores the jitter buffer against the trial's in the same run, one JSON object a line.

    score.py SOUND_PATH SPEECH.wav [FIRST_SEED]

SOUND_PATH is the built example of crates/voice. Speech goes through it at each bitrate and on each
network with three seeds and both buffers; what comes out is scored by PESQ-wb (ITU-T P.862.2) and
STOI against what went in. Delay is measured in the sound, not asked for. speech.txt is from the IEEE
Recommended Practice for Speech Quality Measurements (1969), lists 1 and 2.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from multiprocessing import Pool

import numpy
from pesq import pesq
from pystoi import stoi
from scipy.io import wavfile
from scipy.signal import correlate, resample_poly

BASE_MS = 20
FRAME_MS = 20
NETWORKS = {
    "0_loss_0_jitter": ["--loss", "0", "--jitter", "0"],
    "0_loss_30_jitter": ["--loss", "0", "--jitter", "30"],
    "3_loss_30_jitter": ["--loss", "3", "--jitter", "30"],
    "10_loss_30_jitter": ["--loss", "10", "--jitter", "30"],
    "10_burst_30_jitter": ["--loss", "10", "--stay", "0.5", "--jitter", "30", "--red"],
}
# Least PESQ by bitrate and network. Most delay in ms, from the end of a frame's capture to the pull
# of its first sample: what the codec looks ahead, the network and the buffer.
PESQ_TARGETS = {
    (32, "0_loss_30_jitter"): 3.1,
    (32, "3_loss_30_jitter"): 2.9,
    (32, "10_loss_30_jitter"): 2.4,
    (32, "10_burst_30_jitter"): 2.0,
}
DELAY_TARGETS = {"0_loss_0_jitter": 46, "3_loss_30_jitter": 86}
# Two buffers that lose the same frames differ by this much, by where else they touch the sound.
TIE = 0.02


def read(path):
    rate, sound = wavfile.read(path)
    assert rate == 48_000, f"{path} is not at 48 kHz"
    return sound.astype(numpy.float64) / 32_768


def delay_ms(said, heard):
    """Mean delay over the voiced seconds, each found by correlation."""
    delays = []
    for start in range(0, len(said) - 48_000, 24_000):
        piece = said[start : start + 24_000]
        window = heard[start : start + 24_000 + 24_000]
        if len(window) < 48_000 or numpy.sqrt(numpy.mean(piece**2)) < 0.02:
            continue
        delays.append(int(numpy.argmax(correlate(window, piece, "valid", "fft"))) / 48)
    return float(numpy.mean(delays))


def score(job):
    """PESQ, STOI and delay of one run."""
    said_path, heard_path = job
    said, heard = read(said_path), read(heard_path)
    delay = delay_ms(said, heard)
    shift = round(delay * 48)
    aligned = numpy.zeros_like(said)
    part = heard[shift : shift + len(said)]
    aligned[: len(part)] = part
    said16, heard16 = (resample_poly(sound, 1, 3) for sound in (said, aligned))
    return {
        "pesq": float(pesq(16_000, said16, heard16, "wb")),
        "stoi": float(stoi(said16, heard16, 16_000)),
        "delay": delay - FRAME_MS,
    }


def percentile(samples, share):
    """By the nearest-rank method, as in figures.ts."""
    return sorted(samples)[max(0, ceil(share * len(samples)) - 1)]


def show(metric, unit, ours, theirs, target, met):
    ratio = percentile(ours, 0.5) / percentile(theirs, 0.5)
    line = {
        "metric": metric,
        "unit": unit,
        "ours_p50": round(percentile(ours, 0.5), 3),
        "ours_p95": round(percentile(ours, 0.95), 3),
        "peer": "trial",
        "peer_p50": round(percentile(theirs, 0.5), 3),
        "peer_p95": round(percentile(theirs, 0.95), 3),
        "ratio_p50": round(ratio, 3),
        "ours_mean": round(float(numpy.mean(ours)), 3),
        "peer_mean": round(float(numpy.mean(theirs)), 3),
        "target": target,
        "met": bool(met),
    }
    print(json.dumps(line), flush=True)


def main():
    binary, speech = sys.argv[1:3]
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    seeds = range(first, first + 3)
    rooms = [
        (bitrate, network, buffer, seed)
        for bitrate in (32, 48)
        for network in NETWORKS
        for buffer in ("bellwire", "reference")
        for seed in seeds
    ]
    with tempfile.TemporaryDirectory() as directory:

        def travel(room):
            bitrate, network, buffer, seed = room
            heard = os.path.join(directory, "-".join(map(str, room)) + ".wav")
            command = [binary, speech, heard, "--bitrate", str(bitrate * 1_000)]
            command += ["--base", str(BASE_MS), "--seed", str(seed), "--buffer", buffer]
            done = subprocess.run(command + NETWORKS[network], check=True, capture_output=True)
            return speech, heard, json.loads(done.stdout)

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            runs = list(threads.map(travel, rooms))
        with Pool(os.cpu_count()) as pool:
            scores = pool.map(score, [(said, heard) for said, heard, _ in runs], chunksize=1)

    results = {room: {**s, **run[2]} for room, run, s in zip(rooms, runs, scores)}
    if os.environ.get("BELLWIRE_BENCH_VERBOSE"):
        for room, result in results.items():
            print(room, result, file=sys.stderr)
    for bitrate in (32, 48):
        for network in NETWORKS:

            def of(buffer, what):
                return [results[bitrate, network, buffer, seed][what] for seed in seeds]

            ours, theirs = of("bellwire", "pesq"), of("reference", "pesq")
            least = PESQ_TARGETS.get((bitrate, network), 0)
            met = numpy.mean(ours) >= max(least, numpy.mean(theirs) - TIE)
            target = f"mean >= peer - {TIE}" + (f" and >= {least}" if least else "")
            show(f"pesq_wb_{bitrate}k_{network}", "MOS", ours, theirs, target, met)
            show(f"stoi_{bitrate}k_{network}", "1", of("bellwire", "stoi"), of("reference", "stoi"), "none", True)
            ours, theirs = of("bellwire", "delay"), of("reference", "delay")
            most = DELAY_TARGETS.get(network)
            met = most is None or numpy.mean(ours) <= most
            target = "none" if most is None else f"mean <= {most}"
            show(f"codec_network_buffer_{bitrate}k_{network}", "ms", ours, theirs, target, met)


if __name__ == "__main__":
    main()
