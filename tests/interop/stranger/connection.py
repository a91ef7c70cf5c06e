"""One peer connection: m-lines in their order, two channels, candidates by themselves."""

import asyncio
import json
import re

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection
from aiortc import RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame

from aiortc_peer import Stripes, Tone, energy_of

from .contract import hold

KINDS = ["audio", "video", "video", "audio"]
#: How often each side says that it lives, in s.
HEARTBEAT_S = 0.5


def generation_of(sdp):
    return re.search(r"^a=ice-ufrag:(\S+)", sdp, flags=re.M).group(1)


def first_mid_of(sdp):
    return re.search(r"^a=mid:(\S+)", sdp, flags=re.M).group(1)


def without_candidates(sdp):
    lines = re.split(r"\r?\n", sdp)
    kept = [line for line in lines if not re.match("a=(candidate:|end-of-candidates)", line)]
    return "\r\n".join(kept)


class Connection:
    def __init__(self, ice_servers, count):
        servers = [RTCIceServer(**server) for server in ice_servers]
        self.rtc = RTCPeerConnection(
            RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.count = count
        self.sending = {"mic": True, "camera": True, "screen": False, "narrow": False}
        self.channels = {}
        self.early = []
        self.remote = None
        self.tasks = []
        self.frames = 0
        self.energy = 0.0
        #: Messages of the other side, by type.
        self.heard = {}
        self.changed = asyncio.Condition()
        self.rtc.on("track", self.on_track)

    # Descriptions

    async def offer(self):
        for kind in KINDS:
            self.rtc.addTransceiver(kind, direction="sendrecv")
        return await self.describe(self.rtc.createOffer)

    async def answer(self, sdp):
        await self.rtc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="offer"))
        for transceiver in self.rtc.getTransceivers():
            transceiver.direction = "sendrecv"
        described = await self.describe(self.rtc.createAnswer)
        await self.on_remote(sdp)
        return described

    async def apply(self, sdp):
        await self.rtc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        await self.on_remote(sdp)

    async def describe(self, make):
        transceivers = self.rtc.getTransceivers()
        transceivers[0].sender.replaceTrack(Tone())
        transceivers[1].sender.replaceTrack(Stripes())
        self.channel("control", 0, ordered=False, maxRetransmits=0)
        self.channel("chat", 1)
        await self.rtc.setLocalDescription(await make())
        return without_candidates(self.rtc.localDescription.sdp)

    def candidates(self):
        """This stack gathers before it describes, so they are all there."""
        sdp = self.rtc.localDescription.sdp
        first = re.split(r"^(?=m=)", sdp, flags=re.M)[1]
        lines = re.findall(r"^a=(candidate:[^\r\n]+)", first, flags=re.M)
        ufrag, mid = generation_of(sdp), first_mid_of(sdp)
        return [{"ufrag": ufrag, "mid": mid, "candidate": line} for line in [*lines, ""]]

    async def on_remote(self, sdp):
        self.remote = sdp
        early, self.early = self.early, []
        await self.add(early)

    async def add(self, candidates):
        for one in candidates:
            if self.remote is None:
                self.early.append(one)
                continue
            if one["ufrag"] not in ("", generation_of(self.remote)):
                continue
            if one["candidate"] == "":
                await self.rtc.addIceCandidate(None)
                continue
            parsed = candidate_from_sdp(one["candidate"].removeprefix("candidate:"))
            parsed.sdpMid = first_mid_of(self.remote)
            if parsed.protocol.lower() == "udp":
                await self.rtc.addIceCandidate(parsed)

    # Channels

    def channel(self, name, number, **options):
        channel = self.rtc.createDataChannel(name, negotiated=True, id=number, **options)
        self.channels[name] = channel
        channel.on("message", lambda text: self.spawn(self.hear(name, text)))

    def spawn(self, work):
        self.tasks.append(asyncio.ensure_future(work))

    async def hear(self, name, text):
        message = hold("ChannelMessage", json.loads(text))
        belongs = "control" if message["type"] in ("heartbeat", "media_state") else "chat"
        assert name == belongs, f"{message['type']} came on {name}"
        async with self.changed:
            self.heard.setdefault(message["type"], []).append(message)
            self.changed.notify_all()
        if message["type"] == "chat":
            self.say("chat", {"type": "chat_received", "id": message["id"]})

    def say(self, name, message):
        self.channels[name].send(json.dumps(hold("ChannelMessage", message)))

    async def beat(self):
        while True:
            if self.channels["control"].readyState == "open":
                self.say("control", {"type": "heartbeat", "n": self.count(), "state": self.sending})
            await asyncio.sleep(HEARTBEAT_S)

    # What comes in

    def on_track(self, track):
        self.spawn(self.take(track))

    async def take(self, track):
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            async with self.changed:
                if isinstance(frame, AudioFrame):
                    self.energy += energy_of(frame)
                else:
                    self.frames += 1
                self.changed.notify_all()

    async def until(self, what, condition, patience=30):
        async def met():
            async with self.changed:
                await self.changed.wait_for(condition)

        try:
            await asyncio.wait_for(met(), patience)
        except TimeoutError:
            heard = {kind: len(messages) for kind, messages in self.heard.items()}
            state = f"{self.frames} pictures, energy {self.energy}, heard {heard}"
            path = self.rtc.connectionState
            raise AssertionError(f"never {what}: {path}, {state}") from None

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await self.rtc.close()
