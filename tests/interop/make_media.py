"""Makes what Bellwire's end sends in the tests: `voice.wav` and `film.ivf` in the folder named.

Run with the Python of aiortc, which brings an encoder along.
"""

import array
import fractions
import math
import pathlib
import sys
import wave

import av

SECONDS = 6
HZ = 48_000
FPS = 30
WIDTH, HEIGHT = 640, 360


def make_voice(path):
    """Two harmonics that swell four times a second, mono, as loud as speech."""
    samples = array.array("h")
    for at in range(SECONDS * HZ):
        time = at / HZ
        swell = 0.5 - 0.5 * math.cos(2 * math.pi * 4 * time)
        tone = math.sin(2 * math.pi * 220 * time) + 0.5 * math.sin(2 * math.pi * 440 * time)
        samples.append(int(9000 * swell * tone))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HZ)
        file.writeframes(samples.tobytes())


def make_film(path):
    """Grey stripes that wander, a key frame a second, at about 500 kbit/s."""
    with av.open(str(path), "w", format="ivf") as container:
        stream = container.add_stream("libvpx", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 500_000
        stream.gop_size = FPS
        stream.options = {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0"}
        for count in range(SECONDS * FPS):
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            luma, *chroma = frame.planes
            row = bytes(((at + 3 * count) * 2) % 220 + 16 for at in range(luma.line_size))
            luma.update(row * HEIGHT)
            for plane in chroma:
                plane.update(bytes([128]) * (plane.line_size * plane.height))
            frame.pts = count
            frame.time_base = fractions.Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    make_voice(folder / "voice.wav")
    make_film(folder / "film.ivf")
