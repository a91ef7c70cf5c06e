"""A far end on aiortc: commands as lines of JSON on its input, reports on its output.

aiortc gathers before it gives a description, so its candidates are told right after that. It knows
neither rollback nor ICE restart.
"""

import array
import asyncio
import fractions
import json
import math
import re
import sys
import time

from aiortc import (
    RTCConfiguration,
    RTCBundlePolicy,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame, VideoFrame

SLOTS = ["audio", "camera", "screen", "screenAudio"]
KINDS = ["audio", "video", "video", "audio"]

# How often it is said what came in, in seconds.
REPORT_S = 0.25

SOUND_HZ = 48_000
SOUND_FRAME = 960
PICTURE_FPS = 15
PICTURE_CLOCK = 90_000
WIDTH, HEIGHT = 320, 240


def say(report):
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


class Paced(MediaStreamTrack):
    """A track whose frames come at their time."""

    def __init__(self, period):
        super().__init__()
        self.period = period
        self.count = 0
        self.start = None

    async def recv(self):
        if self.readyState != "live":
            raise MediaStreamError
        if self.start is None:
            self.start = time.monotonic()
        due = self.start + self.count * self.period
        await asyncio.sleep(max(0, due - time.monotonic()))
        frame = self.make(self.count)
        self.count += 1
        return frame


class Tone(Paced):
    """440 Hz at a quarter of full scale, in mono."""

    kind = "audio"

    def __init__(self):
        super().__init__(SOUND_FRAME / SOUND_HZ)

    def make(self, count):
        first = count * SOUND_FRAME
        wave = array.array(
            "h",
            (
                int(8192 * math.sin(2 * math.pi * 440 * (first + at) / SOUND_HZ))
                for at in range(SOUND_FRAME)
            ),
        )
        frame = AudioFrame(format="s16", layout="mono", samples=SOUND_FRAME)
        frame.planes[0].update(wave.tobytes())
        frame.sample_rate = SOUND_HZ
        frame.pts = first
        frame.time_base = fractions.Fraction(1, SOUND_HZ)
        return frame


class Stripes(Paced):
    """Grey stripes that wander."""

    kind = "video"

    def __init__(self):
        super().__init__(1 / PICTURE_FPS)

    def make(self, count):
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        luma, *chroma = frame.planes
        row = bytes(((at + 4 * count) * 4) % 220 + 16 for at in range(luma.line_size))
        luma.update(row * HEIGHT)
        for plane in chroma:
            plane.update(bytes([128]) * (plane.line_size * plane.height))
        frame.pts = count * PICTURE_CLOCK // PICTURE_FPS
        frame.time_base = fractions.Fraction(1, PICTURE_CLOCK)
        return frame


SOURCES = {"audio": Tone, "camera": Stripes, "screen": Stripes}


def energy_of(frame):
    """The square of the level times the seconds, as in the W3C's totalAudioEnergy."""
    samples = array.array("h", bytes(frame.planes[0]))
    if not samples:
        return 0.0
    square = sum(sample * sample for sample in samples) / len(samples) / 32768**2
    return square * frame.samples / frame.sample_rate


class Peer:
    def __init__(self):
        self.connection = None
        self.channels = {}
        self.channels_open = False
        self.path = "connecting"
        self.sent = {}
        self.came = {}
        self.tasks = set()

    def spawn(self, work):
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def carry_out(self, command):
        kind = command.pop("type")
        if kind in ("offer", "answer", "apply"):
            try:
                await getattr(self, kind)(**command)
            except Exception as error:
                say(
                    {
                        "type": "operation_failed",
                        "operation": command["operation"],
                        "message": f"{type(error).__name__}: {error}",
                    }
                )
        else:
            await getattr(self, kind)(**command)

    async def open(self, ice_servers, relay_only):
        servers = [
            RTCIceServer(
                urls=server["urls"],
                username=server.get("username"),
                credential=server.get("credential"),
            )
            for server in ice_servers
        ]
        self.connection = RTCPeerConnection(
            RTCConfiguration(
                iceServers=servers,
                iceTransportPolicy=RTCIceTransportPolicy.RELAY
                if relay_only
                else RTCIceTransportPolicy.ALL,
                bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            )
        )
        self.connection.on("connectionstatechange", self.on_path)
        self.connection.on("track", self.on_track)
        self.spawn(self.report())

    def make_channels(self):
        # After the transceivers: aiortc would take the channels' transport for one that bundling
        # leaves over, and close it.
        if not self.channels:
            self.channel("control", 0, ordered=False, maxRetransmits=0)
            self.channel("chat", 1)

    def channel(self, name, number, **options):
        channel = self.connection.createDataChannel(
            name, negotiated=True, id=number, **options
        )
        self.channels[name] = channel
        channel.on("message", lambda data: say({"type": name, "data": data}))
        channel.on("open", self.on_channels)
        channel.on("close", self.on_channels)

    def on_channels(self):
        states = [channel.readyState for channel in self.channels.values()]
        is_open = states == ["open", "open"]
        if is_open != self.channels_open:
            self.channels_open = is_open
            say({"type": "channels_open" if is_open else "channels_closed"})

    def on_path(self):
        state = self.connection.connectionState
        if state not in ("new", "closed", self.path):
            self.path = state
            say({"type": "path", "state": state})

    def on_track(self, track):
        for transceiver in self.connection.getTransceivers():
            if transceiver.receiver.track is track:
                at = self.connection.getTransceivers().index(transceiver)
                self.spawn(self.take(SLOTS[at], track))

    async def take(self, slot, track):
        came = self.came.setdefault(slot, {"frames": 0, "energy": 0.0})
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            came["frames"] += 1
            if isinstance(frame, AudioFrame):
                came["energy"] += energy_of(frame)

    async def report(self):
        while True:
            await asyncio.sleep(REPORT_S)
            transceivers = self.connection.getTransceivers()
            for slot, kind, transceiver in zip(SLOTS, KINDS, transceivers):
                came = self.came.get(slot)
                if came is None:
                    continue
                stats = (await transceiver.receiver.getStats()).values()
                packets = sum(
                    stat.packetsReceived for stat in stats if stat.type == "inbound-rtp"
                )
                fact = "energy" if kind == "audio" else "frames"
                say({"type": "received", "slot": slot, "packets": packets, fact: came[fact]})

    async def offer(self, operation, restart):
        if restart:
            raise NotImplementedError("aiortc does not restart ICE")
        if not self.connection.getTransceivers():
            for kind in KINDS:
                self.connection.addTransceiver(kind, direction="sendrecv")
            self.attach()
            self.make_channels()
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self.described(operation)

    async def answer(self, operation, sdp):
        description = RTCSessionDescription(sdp=sdp, type="offer")
        await self.connection.setRemoteDescription(description)
        for transceiver in self.connection.getTransceivers():
            transceiver.direction = "sendrecv"
        self.attach()
        self.make_channels()
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        self.described(operation)

    async def apply(self, operation, sdp):
        description = RTCSessionDescription(sdp=sdp, type="answer")
        await self.connection.setRemoteDescription(description)
        say({"type": "applied", "operation": operation})

    def described(self, operation):
        sdp = self.connection.localDescription.sdp
        say({"type": "described", "operation": operation, "sdp": sdp})
        first = re.split(r"^(?=m=)", sdp, flags=re.M)[1]
        fact = lambda name: re.search(rf"^a={name}:(\S+)", first, flags=re.M).group(1)
        ufrag, mid = fact("ice-ufrag"), fact("mid")
        lines = re.findall(r"^a=(candidate:[^\r\n]+)", first, flags=re.M)
        for line in [*lines, ""]:
            say({"type": "candidate", "ufrag": ufrag, "mid": mid, "candidate": line})

    async def add_candidate(self, ufrag, mid, candidate):
        if candidate == "":
            await self.connection.addIceCandidate(None)
            return
        parsed = candidate_from_sdp(candidate.removeprefix("candidate:"))
        parsed.sdpMid = mid
        if parsed.protocol.lower() == "udp":
            await self.connection.addIceCandidate(parsed)

    async def send(self, slot, on, device):
        old = self.sent.pop(slot, None)
        if old:
            old.stop()
        if on:
            self.sent[slot] = SOURCES[slot]()
        self.attach()
        state = {"type": "live", "label": SOURCES[slot].__name__} if on else {"type": "off"}
        say({"type": "slot", "slot": slot, "state": state})

    def attach(self):
        for slot, transceiver in zip(SLOTS, self.connection.getTransceivers()):
            transceiver.sender.replaceTrack(self.sent.get(slot))

    async def control(self, data):
        self.tell("control", data)

    async def chat(self, data):
        self.tell("chat", data)

    def tell(self, name, data):
        if self.channels_open:
            self.channels[name].send(data)

    async def close(self):
        # Lets the last message leave.
        await asyncio.sleep(0.15)
        for task in self.tasks:
            task.cancel()
        await self.connection.close()


async def main():
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    peer = Peer()
    while line := await reader.readline():
        command = json.loads(line)
        is_last = command["type"] == "close"
        try:
            await peer.carry_out(command)
        except Exception as error:
            say({"type": "note", "text": f"{type(error).__name__}: {error}"})
        if is_last:
            break


if __name__ == "__main__":
    asyncio.run(main())
