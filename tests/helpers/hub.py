"""Stand-ins for what surrounds a host: sockets that keep frames, a gate of names, a log that refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pycrdt import Doc, Map
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import DocumentRules, same_rules
from ward_hub.fan_out.frames import WireFrame
from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import Record, StorageFull
from ward_sync.codec import decode
from ward_sync.messages import Frame, Message, SyncStep1, SyncStep2, Update

HUB_CLIENT = 1
RIGHTS = {
    "write": Access(read=True, write=True, announce=True, facts=True),
    "read": Access(read=True, announce=True),
    "announce": Access(announce=True),
    "facts": Access(facts=True),
}


def principal(terminal: str, kind: str = "station") -> Principal:
    return Principal(terminal, kind, "thoracic", None, None, None, None, 2**53 - 1)


class FakeConnection:
    """A socket whose frames can be looked at."""

    def __init__(self) -> None:
        self.frames: list[WireFrame] = []
        self.code: int | None = None

    def push(self, frame: WireFrame) -> None:
        self.frames.append(frame)

    def close(self, code: int) -> None:
        self.code = code

    def take(self) -> list[Frame]:
        """The frames since the last call, read."""
        frames, self.frames = self.frames, []
        return [decode(frame.payload) for frame in frames]

    def messages(self) -> list[Message]:
        return [frame.message for frame in self.take()]


class FakeGate:
    """Tokens are `terminal:right`; documents named forbidden are refused, `revoked` tokens too."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def authenticate(self, token: str) -> Principal:
        terminal, _, right = token.partition(":")
        if right not in RIGHTS or terminal in self.gone:
            raise AccessRefused("revoked" if terminal in self.gone else "permission-denied")
        return Principal(terminal, right, "thoracic", None, None, None, None, 2**53 - 1)

    def access(self, principal: Principal, document: str) -> Access:
        if document.startswith("forbidden") or principal.terminal in self.gone:
            raise AccessRefused("permission-denied")
        return RIGHTS[principal.kind]


class EchoHandler:
    """Answers every payload with itself, twice; `fail` raises."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        self.heard.append(payload)
        await asyncio.sleep(0)
        if payload == "fail":
            raise ValueError(payload)
        return [payload, payload]


class FullLog(MemoryLog):
    """A log whose disk can be full, or slow: appends wait while `gate` is not set."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.appends: list[list[Record]] = []
        self.loads = 0

    async def append(self, records: Sequence[Record]) -> None:
        await self.gate.wait()
        if self.full:
            raise StorageFull("no space")
        self.appends.append(list(records))
        await super().append(records)

    async def load(self, document: str) -> list[bytes]:
        self.loads += 1
        await self.gate.wait()
        return await super().load(document)


def make_host(log: MemoryLog, rules: DocumentRules | None = None, **options: Any) -> Host:
    return Host(
        log,
        options.pop("gate", None) or FakeGate(),
        same_rules(rules or DocumentRules()),
        options.pop("stateless", None) or EchoHandler(),
        options.pop("clock", None) or (lambda: 1_000),
        HUB_CLIENT,
        **options,
    )


class Replica:
    """A terminal's copy of one document at one fake socket."""

    def __init__(
        self, host: Host, name: str, document: str = "doc", right: str = "write", client: int = 0
    ) -> None:
        self.host = host
        self.connection = FakeConnection()
        self.doc: Doc[Any] = Doc(client_id=client or abs(hash(name)) % 2**31 + 2)
        self.map = self.doc.get("m", type=Map)
        self.peer = host.attach(self.connection, document, document, principal(name), RIGHTS[right])
        self.heard: list[Message] = []

    def send(self, message: Message) -> None:
        self.host.hear(self.peer, message)

    def join(self) -> None:
        self.send(SyncStep1(self.doc.get_state()))

    def change(self, edit: Callable[[Doc[Any]], None]) -> bytes:
        """Edit locally; returns the update, not yet sent."""
        made: list[bytes] = []
        subscription = self.doc.observe(lambda event: made.append(event.update))
        with self.doc.transaction():
            edit(self.doc)
        self.doc.unobserve(subscription)
        return made[0]

    def set(self, key: str, value: Any) -> bytes:
        return self.change(lambda doc: doc.get("m", type=Map).__setitem__(key, value))

    def write(self, key: str, value: Any) -> None:
        self.send(Update(self.set(key, value)))

    def hear(self) -> list[Message]:
        """Take in what came, answering the hub's step 1; returns it."""
        messages = self.connection.messages()
        for message in messages:
            if isinstance(message, SyncStep2 | Update):
                self.doc.apply_update(message.update)
            elif isinstance(message, SyncStep1):
                self.send(SyncStep2(self.doc.get_update(message.state_vector)))
        self.heard += messages
        return messages

    def value(self) -> dict[str, Any]:
        found: dict[str, Any] = self.map.to_py() or {}
        return found


async def settle(turns: int = 12) -> None:
    """Let the loop go round: everything that needs no outside event has happened then."""
    for _ in range(turns):
        await asyncio.sleep(0)
