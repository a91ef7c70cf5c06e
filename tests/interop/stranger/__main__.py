"""Signs up, becomes a contact, then calls or is called, talks, and hangs up.

    python -m stranger ORIGIN USERNAME FRIEND call|answer

Says what it does as lines of JSON; ends with 0 where everything was as the page says.
"""

import asyncio
import json
import os
import sys
import time
import uuid

from .connection import Connection
from .http import Http, Problem
from .session import Refused, Session

#: Enough to have come over a path and through a decoder.
PICTURES = 8
AUDIBLE = 1e-5


def say(kind, **facts):
    print(json.dumps({"type": kind, **facts}), flush=True)


def uuid7():
    """Time in milliseconds, then chance (RFC 9562)."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


class Stranger:
    def __init__(self, origin, username, friend):
        self.http = Http(origin)
        client = {"name": "stranger", "version": "1.0.0", "platform": "Python"}
        self.session = Session(origin, client)
        self.username = username
        self.friend = friend
        self.counted = time.time_ns() // 1_000_000
        self.conversation = None
        self.password = f"long secret of {username}"

    def count(self):
        self.counted += 1
        return self.counted

    async def arrive(self):
        relay = self.http.ask("GET", "/relay", gives="RelayInfo")
        assert "bellwire.v1" in relay["protocols"]
        self.refuses_what_the_page_refuses()
        signed_in = self.http.sign_up(self.username, "A Stranger", self.password)
        signed_in = self.http.refresh(signed_in)
        me = self.http.ask("GET", "/me", gives="Me")
        assert (me["user"], me["device"]) == (signed_in["user"], signed_in["device"])
        devices = self.http.ask("GET", "/devices", gives="Device", many=True)
        assert [device["this"] for device in devices] == [True]
        welcome = await self.session.open(self.http.token)
        assert not welcome["resumed"] and welcome["me"] == me
        snapshot = await self.session.snapshot()
        assert snapshot["contacts"] == snapshot["conversations"] == snapshot["calls"] == []
        assert [seen["user"] for seen in snapshot["presence"]] == [me["user"]]

    def refuses_what_the_page_refuses(self):
        self.is_refused("GET", "/me", "unauthenticated")
        self.is_refused("GET", "/nowhere", "not_found")
        self.is_refused("DELETE", "/relay", "not_found")

    def is_refused(self, method, path, code):
        try:
            self.http.ask(method, path, gives="Me")
        except Problem as problem:
            assert problem.body["code"] == code, f"{method} {path}: {problem}"
        else:
            raise AssertionError(f"{method} {path} was not refused")

    async def asks(self):
        """Asks somebody to be a contact."""
        body = {"username": self.friend}
        contact = self.http.ask("POST", "/contacts", body, "AddContact", "Contact")
        assert contact["state"] == "outgoing", "the other one has to accept"
        say("asked", user=self.session.welcome["me"]["user"])
        await self.is_a_contact()

    async def accepts(self):
        """Waits to be asked, and accepts."""
        say("waiting", user=self.session.welcome["me"]["user"])
        changed = await self.session.find(
            lambda frame: frame["type"] == "contact_changed"
            and frame["contact"]["state"] == "incoming",
            0,
            "a request",
        )
        user = changed["contact"]["user"]
        accepted = self.http.ask("POST", f"/contacts/{user}/accept", gives="Contact")
        assert accepted["state"] == "accepted"
        await self.is_a_contact()

    async def is_a_contact(self):
        changed = await self.session.find(
            lambda frame: frame["type"] == "contact_changed"
            and frame["contact"]["state"] == "accepted",
            0,
            "an accepted contact",
        )
        assert changed["contact"]["username"] == self.friend
        made = await self.session.until("conversation_changed")
        self.conversation = made["conversation"]
        assert self.conversation["kind"] == "direct"
        listed = self.http.ask("GET", "/conversations", gives="Conversations")
        assert listed["conversations"] == [self.conversation]
        say("ready")

    async def is_told_apart(self):
        """Requests that are refused, and a session that goes on."""
        for message in [{"type": "call_leave"}, {"type": "hologram"}]:
            number = self.session.next_id
            self.session.next_id += 1
            await self.session.socket.send(json.dumps({**message, "id": number}))
            error = await self.session.until("error", re=number)
            assert error["code"] == "malformed"
        await self.session.socket.send(json.dumps({"type": "hologram"}))
        try:
            await self.session.ask({"type": "call_cancel", "call_id": uuid7()})
        except Refused as refused:
            assert refused.code == "not_found"
        else:
            raise AssertionError("nobody's call was cancelled")
        await self.session.ask({"type": "presence_set", "status": "online"})

    async def call(self):
        call = uuid7()
        offer_id = uuid7()
        connection = Connection(self.session.welcome["ice_servers"], self.count)
        sdp = await connection.offer()
        placed = {
            "type": "call_initiate",
            "call_id": call,
            "conversation": self.conversation["id"],
            "media": "video",
            "offer": {"offer_id": offer_id, "sdp": sdp},
        }
        await self.session.ask(placed)
        await self.session.ask(placed)
        candidates = {"type": "ice_candidates", "call_id": call}
        await self.session.say({**candidates, "candidates": connection.candidates()})
        ringing = await self.session.until("call_ringing", call_id=call)
        assert ringing["devices"] >= 1
        accepted = await self.session.until("call_accepted", call_id=call)
        assert accepted["answer"]["offer_id"] == offer_id
        await connection.apply(accepted["answer"]["sdp"])
        return call, connection, accepted["by"]["device"]

    async def answer(self):
        incoming = await self.session.until("call_incoming")
        call = incoming["call_id"]
        assert incoming["conversation"] == self.conversation["id"]
        connection = Connection(self.session.welcome["ice_servers"], self.count)
        sdp = await connection.answer(incoming["offer"]["sdp"])
        answer = {
            "type": "call_answer",
            "call_id": call,
            "media": "video",
            "answer": {"offer_id": incoming["offer"]["offer_id"], "sdp": sdp},
        }
        await self.session.ask(answer)
        caller = incoming["from"]["device"]
        candidates = {"type": "ice_candidates", "call_id": call, "to": caller}
        await self.session.say({**candidates, "candidates": connection.candidates()})
        return call, connection, caller

    async def carry(self, call, connection):
        """Hands the other side's candidates on as they come."""
        at = 0
        while True:
            frame = await self.session.find(
                lambda frame: frame["type"] == "ice_candidates" and frame["call_id"] == call,
                at,
                "candidates",
            )
            at = self.session.frames.index(frame) + 1
            await connection.add(frame["candidates"])

    async def talk(self, call, connection, other):
        start = time.monotonic()
        connection.spawn(self.carry(call, connection))
        connection.spawn(connection.beat())
        state = {"type": "media_state", "call_id": call, "n": self.count()}
        await self.session.say({**state, **connection.sending})
        await connection.until("pictures and sound", lambda: connection.frames >= PICTURES
                               and connection.energy >= AUDIBLE)
        setup = int((time.monotonic() - start) * 1000)
        report = {"type": "call_report", "call_id": call, "setup_ms": setup, "flowing": other}
        await self.session.ask(report)
        await connection.until("heartbeats", lambda: len(connection.heard.get("heartbeat", [])) > 3)
        beats = connection.heard["heartbeat"]
        assert beats[-1]["state"]["mic"], "the other side says that it sends sound"
        written = uuid7()
        now = time.time_ns() // 1_000_000
        connection.say(
            "chat", {"type": "chat", "id": written, "text": "The tea is ready", "sent_at": now}
        )
        await connection.until(
            "the chat's receipt",
            lambda: {"type": "chat_received", "id": written}
            in connection.heard.get("chat_received", []),
        )
        say("talked", pictures=connection.frames, setup_ms=setup)

    async def loses_and_resumes(self, call, connection):
        before = connection.frames
        await self.session.lose()
        welcome = await self.session.resume(self.http.token)
        assert welcome["resumed"], "a session is taken up again"
        await self.session.ask({"type": "call_sync", "call_id": call})
        state = await self.session.until("call_state", call_id=call)
        assert len(state["participants"]) == 2 and state["since"]
        await self.session.ask({"type": "peer_list", "call_id": call})
        await self.session.until("peers", call_id=call)
        stands = self.http.ask("GET", f"/calls/{call}/connection", gives="CallConnection")
        assert stands["state"] == "live"
        await connection.until("more pictures", lambda: connection.frames >= before + PICTURES)
        say("resumed")

    async def is_in_the_history(self, call):
        recorded = await self.session.find(
            lambda frame: frame["type"] == "call_recorded" and frame["record"]["call_id"] == call,
            0,
            "the line of the history",
        )
        assert recorded["record"]["reason"] == "ended" and recorded["record"]["answered_at"]
        page = self.http.ask("GET", "/calls?limit=1", gives="Calls")
        assert page["calls"] == [recorded["record"]] and "next" not in page

    def asks_for_everything_else(self):
        """Requests of the page that a call does not need."""
        name = {"display_name": "Somebody", "callable_by": "everyone"}
        me = self.http.ask("PATCH", "/me", name, "PatchMe", "Me")
        assert me["display_name"] == "Somebody" and me["callable_by"] == "everyone"
        found = self.http.ask("GET", f"/users?username={self.friend}", gives="Person")
        [contact] = self.http.ask("GET", "/contacts", gives="Contact", many=True)
        assert contact == {**found, "state": "accepted"}
        one = self.http.ask("GET", f"/conversations/{self.conversation['id']}", gives="Conversation")
        assert one["last_call"]["reason"] == "ended"
        new = {"name": "A group", "members": [found["user"]]}
        group = self.http.ask("POST", "/conversations", new, "NewConversation", "Conversation")
        assert group["owner"] == me["user"] and group["invited"] == [found]
        path = f"/conversations/{group['id']}"
        self.http.ask("DELETE", f"{path}/invitations/{found['user']}")
        again = {"user": found["user"]}
        one = self.http.ask(
            "POST", f"{path}/invitations", again, "NewGroupInvitation", "Conversation"
        )
        assert one["invited"] == [found] and len(one["members"]) == 1
        renamed = {"name": "Another name"}
        one = self.http.ask("PATCH", path, renamed, "PatchConversation", "Conversation")
        assert one["name"] == renamed["name"]
        self.http.ask("DELETE", f"{path}/members/{me['user']}")
        for answer in ("accept", "decline"):
            self.is_refused("POST", f"{path}/{answer}", "not_found")
        self.http.ask("POST", "/blocks", {"user": found["user"]}, "Block")
        self.http.ask("DELETE", f"/blocks/{found['user']}")
        new = {"old_password": self.password, "new_password": f"another {self.password}"}
        self.http.ask("POST", "/me/password", new, "ChangePassword")
        self.password = new["new_password"]
        if me["administrator"]:
            invite = self.http.ask("POST", "/invites", {"hours": 1}, "NewInvite", "Invite")
            listed = self.http.ask("GET", "/invites", gives="Invite", many=True)
            assert listed == [{k: v for k, v in invite.items() if k != "code"}]
            self.http.ask("DELETE", f"/invites/{invite['id']}")
        else:
            self.is_refused("GET", "/invites", "forbidden")
            self.is_refused("DELETE", f"/invites/{uuid7()}", "forbidden")

    async def leaves(self):
        """Signs out, which closes the socket, and in again to remove the account."""
        self.http.ask("POST", "/auth/logout")
        try:
            await self.session.find(lambda _: False, len(self.session.frames), "the close")
        except ConnectionError:
            assert self.session.closed == 4003, f"closed with {self.session.closed}"
        self.http.token = None
        self.http.sign_in(self.username, self.password)
        self.http.ask("DELETE", "/me", {"password": self.password}, "DeleteMe")
        self.is_refused("GET", "/me", "unauthenticated")


async def main(origin, username, friend, task):
    stranger = Stranger(origin, username, friend)
    await stranger.arrive()
    await stranger.is_told_apart()
    if task == "call":
        await stranger.asks()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        call, connection, other = await stranger.call()
        await stranger.talk(call, connection, other)
        await stranger.loses_and_resumes(call, connection)
        await stranger.session.ask({"type": "call_leave", "call_id": call})
    else:
        await stranger.accepts()
        call, connection, other = await stranger.answer()
        await stranger.talk(call, connection, other)
        ended = await stranger.session.until("call_ended", call_id=call)
        assert ended["reason"] == "ended"
    await stranger.is_in_the_history(call)
    await connection.close()
    stranger.asks_for_everything_else()
    await stranger.leaves()
    say("done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
