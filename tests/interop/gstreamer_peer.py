"""A far end on GStreamer's webrtcbin: commands as lines of JSON on its input, reports on its output.

webrtcbin 1.22 knows neither rollback nor ICE restart. By itself it shows an RSA certificate, which
Bellwire's DTLS does not know; the one here is on P-256, which RFC 8827 wants of everybody.
"""

import array
import json
import re
import subprocess
import sys
import threading
import time
import urllib.parse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

SLOTS = ["audio", "camera", "screen", "screenAudio"]
KINDS = ["audio", "video", "video", "audio"]

# How often it is said what came in, in seconds.
REPORT_S = 0.25

# How long the sources may take to start, in seconds.
CAPS_S = 5

# What each kind is sent as, and how often a second it counts.
CODECS = {"audio": ("OPUS", 48_000), "video": ("VP8", 90_000)}
FURTHER = {
    "audio": "encoding-params=(string)2",
    "video": "rtcp-fb-nack=true,rtcp-fb-nack-pli=true",
}
# Payload types of an own offer.
OWN_TYPES = {"audio": 111, "video": 96}

SOURCES = {
    "audio": "audiotestsrc is-live=true wave=sine freq=440 volume=0.25 ! audioconvert"
    " ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay name=payer",
    "video": "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1"
    " ! vp8enc deadline=1 cpu-used=8 target-bitrate=300000 keyframe-max-dist=3000"
    " ! rtpvp8pay picture-id-mode=15-bit name=payer",
}
SINKS = {
    "audio": "queue ! rtpopusdepay ! opusdec plc=true ! audioconvert"
    " ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! fakesink sync=false signal-handoffs=true name=end",
    "video": "queue ! rtpvp8depay request-keyframe=true wait-for-keyframe=true ! vp8dec"
    " ! fakesink sync=false signal-handoffs=true name=end",
}

speaking = threading.Lock()


def say(report):
    with speaking:
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


def energy_of(samples):
    """The square of the level times the seconds, as in the W3C's totalAudioEnergy."""
    return sum(sample * sample for sample in samples) / 32768**2 / 48_000


def payload_types(sdp):
    """Which number each m-line has for the codec that is sent."""
    found = []
    for section in re.split(r"^(?=m=)", sdp, flags=re.M)[1:]:
        codec, clock = CODECS.get(section[2:7], ("none", 0))
        match = re.search(rf"^a=rtpmap:(\d+) {codec}/{clock}", section, flags=re.M | re.I)
        found.append(int(match.group(1)) if match else None)
    return found


def certificate():
    """A key on P-256 with a certificate, as PEM, and the certificate's fingerprint."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    pem = run([*command.split(), "-subj", "/CN=webrtcbin", "-keyout", "-", "-out", "-"])
    printed = run("openssl x509 -noout -fingerprint -sha256".split(), pem)
    return pem, printed.strip().split("=")[1]


def run(command, given=""):
    return subprocess.run(command, input=given, capture_output=True, check=True, text=True).stdout


class Peer:
    def __init__(self):
        self.pipeline = Gst.Pipeline()
        self.webrtc = Gst.ElementFactory.make("webrtcbin")
        self.pem, self.fingerprint = certificate()
        self.webrtc.connect("deep-element-added", self.on_element)
        self.webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.webrtc.set_property("latency", 60)
        self.pipeline.add(self.webrtc)
        self.channels = {}
        self.open_channels = set()
        self.path = "connecting"
        self.valves = {}
        self.pads = []
        self.came = {}
        self.sends = set()
        self.closed = False

    def open(self, ice_servers, relay_only):
        policy = GstWebRTC.WebRTCICETransportPolicy
        self.webrtc.set_property("ice-transport-policy", policy.RELAY if relay_only else policy.ALL)
        for server in ice_servers:
            for url in server["urls"]:
                self.use_server(url, server.get("username"), server.get("credential"))
        self.webrtc.connect("on-ice-candidate", self.on_candidate)
        self.webrtc.connect("notify::ice-gathering-state", self.on_gathering)
        self.webrtc.connect("notify::connection-state", self.on_path)
        self.webrtc.connect("pad-added", self.on_pad)
        # Channels can be made from here on.
        self.pipeline.set_state(Gst.State.PLAYING)
        self.channel("control", "negotiated=true,id=0,ordered=false,max-retransmits=0")
        self.channel("chat", "negotiated=true,id=1")
        threading.Thread(target=self.report, daemon=True).start()

    def use_server(self, url, username, credential):
        scheme, rest = url.split(":", 1)
        if scheme == "stun":
            self.webrtc.set_property("stun-server", f"stun://{rest}")
            return
        name, secret = (urllib.parse.quote(part, safe="") for part in (username, credential))
        self.webrtc.emit("add-turn-server", f"{scheme}://{name}:{secret}@{rest}")

    def channel(self, name, options):
        structure = Gst.Structure.from_string(f"options,{options}")[0]
        channel = self.webrtc.emit("create-data-channel", name, structure)
        self.channels[name] = channel
        channel.connect("on-message-string", lambda _, data: say({"type": name, "data": data}))
        channel.connect("on-open", lambda _: self.on_channel(name, True))
        channel.connect("on-close", lambda _: self.on_channel(name, False))

    def on_channel(self, name, is_open):
        was = len(self.open_channels) == 2
        (self.open_channels.add if is_open else self.open_channels.discard)(name)
        now = len(self.open_channels) == 2
        if was != now and not self.closed:
            say({"type": "channels_open" if now else "channels_closed"})

    def on_element(self, _bin, _inner, element):
        factory = element.get_factory()
        if factory and factory.get_name() == "dtlsdec":
            element.set_property("pem", self.pem)
            # Has the connection made anew, with that certificate.
            element.set_property("connection-id", element.get_property("connection-id"))

    def on_candidate(self, _, line, candidate):
        say({"type": "candidate", "ufrag": "", "mid": self.mid, "candidate": candidate})

    def on_gathering(self, webrtc, _):
        state = webrtc.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            say({"type": "candidate", "ufrag": "", "mid": self.mid, "candidate": ""})

    def on_path(self, webrtc, _):
        state = webrtc.get_property("connection-state").value_nick
        if state not in ("new", "closed", self.path) and not self.closed:
            self.path = state
            say({"type": "path", "state": state})

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        at = pad.get_property("transceiver").get_property("mlineindex")
        slot, kind = SLOTS[at], KINDS[at]
        came = self.came.setdefault(slot, {"packets": 0, "frames": 0, "energy": 0.0})
        sink = Gst.parse_bin_from_description(SINKS[kind], True)
        sink.get_by_name("end").connect("handoff", self.on_decoded, kind, came)

        def count(_pad, _probe):
            came["packets"] += 1
            return Gst.PadProbeReturn.OK

        pad.add_probe(Gst.PadProbeType.BUFFER, count)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def on_decoded(self, _sink, buffer, _pad, kind, came):
        came["frames"] += 1
        if kind == "audio":
            data = buffer.extract_dup(0, buffer.get_size())
            came["energy"] += energy_of(array.array("h", data))

    def report(self):
        while not self.closed:
            time.sleep(REPORT_S)
            for slot, came in list(self.came.items()):
                fact = "energy" if KINDS[SLOTS.index(slot)] == "audio" else "frames"
                say(
                    {
                        "type": "received",
                        "slot": slot,
                        "packets": came["packets"],
                        fact: came[fact],
                    }
                )

    def make_slots(self, types):
        if self.valves:
            return
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.SENDRECV
        for slot, kind, number in zip(SLOTS, KINDS, types):
            codec, clock = CODECS[kind]
            caps = Gst.Caps.from_string(
                f"application/x-rtp,media={kind},encoding-name={codec},clock-rate={clock}"
                f",payload={number},{FURTHER[kind]}"
            )
            if slot in ("audio", "camera"):
                self.make_source(slot, kind, number, caps)
            else:
                self.webrtc.emit("add-transceiver", direction, caps)

    def make_source(self, slot, kind, number, caps):
        source = Gst.parse_bin_from_description(
            f"{SOURCES[kind]} ! valve name=valve drop=true drop-mode=forward-sticky-events", True
        )
        source.get_by_name("payer").set_property("pt", number)
        self.valves[slot] = source.get_by_name("valve")
        self.pipeline.add(source)
        pad = self.webrtc.request_pad_simple("sink_%u")
        transceiver = pad.get_property("transceiver")
        transceiver.set_property("codec-preferences", caps)
        if kind == "video":
            transceiver.set_property("do-nack", True)
        source.get_static_pad("src").link(pad)
        self.pads.append(pad)
        source.sync_state_with_parent()
        self.open_valves()

    def await_caps(self):
        """webrtcbin names the SSRCs of what it sends only once it knows what that is."""
        until = time.monotonic() + CAPS_S
        while any(pad.get_current_caps() is None for pad in self.pads):
            if time.monotonic() > until:
                raise RuntimeError("the sources do not start")
            time.sleep(0.01)

    def ask(self, signal, *parameters):
        """Emits a signal that answers with a promise, and waits."""
        promise = Gst.Promise.new()
        self.webrtc.emit(signal, *parameters, promise)
        promise.wait()
        reply = promise.get_reply()
        if reply is not None and reply.has_field("error"):
            raise RuntimeError(reply.get_value("error").message)
        # What is in a reply lives as long as the reply and its promise.
        self.answered = promise, reply
        return reply

    @property
    def mid(self):
        return re.search(r"^a=mid:(\S+)", self.local, flags=re.M).group(1)

    def offer(self, operation, restart):
        if restart:
            raise NotImplementedError("webrtcbin does not restart ICE")
        self.make_slots([OWN_TYPES[kind] for kind in KINDS])
        self.await_caps()
        offer = self.ask("create-offer", None).get_value("offer")
        self.describe(operation, offer)

    def answer(self, operation, sdp):
        types = payload_types(sdp)
        if None in types[: len(SLOTS)]:
            raise RuntimeError("the offer lacks Opus or VP8")
        self.make_slots(types)
        self.await_caps()
        self.set_remote(GstWebRTC.WebRTCSDPType.OFFER, sdp)
        answer = self.ask("create-answer", None).get_value("answer")
        self.describe(operation, answer)

    def describe(self, operation, description):
        sdp = description.sdp.as_text()
        self.local = sdp
        answered = self.answered
        self.ask("set-local-description", description)
        del answered
        # webrtcbin still names the certificate that it made itself.
        said = re.sub(r"^(a=fingerprint:sha-256) .*$", rf"\1 {self.fingerprint}\r", sdp, flags=re.M)
        say({"type": "described", "operation": operation, "sdp": said})

    def apply(self, operation, sdp):
        self.set_remote(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        say({"type": "applied", "operation": operation})

    def set_remote(self, kind, sdp):
        result, message = GstSdp.SDPMessage.new_from_text(sdp)
        if result != GstSdp.SDPResult.OK:
            raise RuntimeError("the description cannot be read")
        description = GstWebRTC.WebRTCSessionDescription.new(kind, message)
        self.ask("set-remote-description", description)
        self.mids = re.findall(r"^a=mid:(\S+)", sdp, flags=re.M)

    def add_candidate(self, ufrag, mid, candidate):
        if candidate:
            self.webrtc.emit("add-ice-candidate", self.mids.index(mid), candidate)

    def send(self, slot, on, device):
        (self.sends.add if on else self.sends.discard)(slot)
        self.open_valves()
        state = {"type": "live", "label": "test source"} if on else {"type": "off"}
        say({"type": "slot", "slot": slot, "state": state})

    def open_valves(self):
        for slot, valve in self.valves.items():
            valve.set_property("drop", slot not in self.sends)

    def control(self, data):
        self.tell("control", data)

    def chat(self, data):
        self.tell("chat", data)

    def tell(self, name, data):
        if name in self.open_channels:
            self.channels[name].emit("send-string", data)

    def close(self):
        # Lets the last message leave.
        time.sleep(0.15)
        self.closed = True
        self.pipeline.set_state(Gst.State.NULL)


def main():
    Gst.init(None)
    peer = Peer()
    for line in sys.stdin:
        command = json.loads(line)
        kind = command.pop("type")
        try:
            getattr(peer, kind)(**command)
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            if "operation" in command:
                operation = command["operation"]
                say({"type": "operation_failed", "operation": operation, "message": message})
            else:
                say({"type": "note", "text": message})
        if kind == "close":
            break


if __name__ == "__main__":
    main()
