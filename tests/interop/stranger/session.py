"""The socket: hello, welcome, numbered frames, answers, and taking a lost one up again."""

import asyncio
import json

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from .contract import hold

SUBPROTOCOL = "bellwire.v1"
#: How often a client pings, in s.
PING_S = 20
#: The longest frame that the relay may send, in bytes.
RELAY_FRAME_BYTES = 128 * 1024
#: Longest wait for anything of a test, in s.
PATIENCE_S = 20


class Refused(Exception):
    """A frame that was answered with `error`."""

    def __init__(self, frame):
        super().__init__(f"{frame['code']}: {frame['message']}")
        self.code = frame["code"]


class Session:
    def __init__(self, origin, client):
        self.url = origin.replace("http", "ws", 1) + "/ws"
        self.client = client
        self.socket = None
        self.welcome = None
        self.seq = 0
        self.next_id = 1
        #: Frames in the order in which they came, and who waits for more.
        self.frames = []
        self.more = asyncio.Condition()
        self.tasks = []
        self.closed = None

    async def open(self, token, resume=None):
        """Says hello; gives the welcome."""
        self.closed = None
        self.socket = await connect(
            self.url,
            subprotocols=[SUBPROTOCOL],
            origin=None,
            compression=None,
            ping_interval=None,
            max_size=RELAY_FRAME_BYTES,
        )
        assert self.socket.subprotocol == SUBPROTOCOL
        hello = {"type": "hello", "token": token, "client": self.client}
        if resume:
            hello["resume"] = resume
        await self.write(hello)
        mark = len(self.frames)
        self.tasks = [asyncio.ensure_future(self.read()), asyncio.ensure_future(self.ping())]
        self.welcome = await self.until("welcome", mark)
        if not self.welcome["resumed"]:
            assert self.welcome["seq"] == 1, "a new session counts from one"
        elif resume:
            assert self.welcome["seq"] == resume["seq"], "a resumed welcome repeats the number"
        return self.welcome

    async def snapshot(self):
        """Everything that the parts say together."""
        whole = {}
        mark = 0
        while True:
            part = await self.until("snapshot", mark)
            mark = self.frames.index(part) + 1
            for name, entries in part.items():
                if isinstance(entries, list):
                    whole.setdefault(name, []).extend(entries)
            if not part.get("more"):
                return whole

    async def lose(self):
        """The network goes away without a word."""
        for task in self.tasks:
            task.cancel()
        self.socket.transport.abort()

    async def resume(self, token):
        resume = {"session": self.welcome["session"], "seq": self.seq}
        return await self.open(token, resume)

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await self.socket.close()

    async def say(self, message):
        """Says something without waiting for an answer."""
        await self.write(message)

    async def ask(self, message):
        """Says something and waits until it is carried out."""
        number = self.next_id
        self.next_id += 1
        mark = len(self.frames)
        await self.write({**message, "id": number})
        answer = await self.find(lambda frame: frame.get("re") == number, mark, message["type"])
        if answer["type"] == "error":
            raise Refused(answer)
        assert answer["type"] == "ok"

    async def until(self, kind, mark=0, **facts):
        """The first frame of this type with these values, also among those that came."""

        def fits(frame):
            return frame["type"] == kind and all(frame.get(k) == v for k, v in facts.items())

        return await self.find(fits, mark, kind)

    async def find(self, fits, mark, what):
        async def found():
            at = mark
            async with self.more:
                while True:
                    for frame in self.frames[at:]:
                        if fits(frame):
                            return frame
                    at = len(self.frames)
                    if self.closed is not None:
                        raise ConnectionError(f"closed with {self.closed} before {what}")
                    await self.more.wait()

        try:
            return await asyncio.wait_for(found(), PATIENCE_S)
        except TimeoutError:
            kinds = [frame["type"] for frame in self.frames[mark:]]
            raise AssertionError(f"never {what}; since then {kinds}") from None

    async def write(self, message):
        await self.socket.send(json.dumps(hold("ClientFrame", message)))

    async def read(self):
        try:
            while True:
                await self.hear(json.loads(await self.socket.recv()))
        except ConnectionClosed:
            pass
        finally:
            async with self.more:
                self.closed = self.socket.close_code
                self.more.notify_all()

    async def hear(self, frame):
        hold("RelayFrame", frame)
        if frame["type"] == "welcome":
            self.seq = frame["seq"]
        else:
            assert frame["seq"] == self.seq + 1, f"{frame['seq']} follows {self.seq}"
            self.seq = frame["seq"]
        async with self.more:
            self.frames.append(frame)
            self.more.notify_all()

    async def ping(self):
        while True:
            await asyncio.sleep(PING_S)
            await self.write({"type": "ping", "t": self.seq})
