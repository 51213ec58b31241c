"""The links among the hubs of an installation: what the log does not carry, for it is not stored. Presence,
frames for one terminal, and word that something in SQL is to be read again (rules MH5 to MH8).

Each hub opens a link to every other one and speaks over it; it listens on those that the others open.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from ward_sync.awareness import GONE
from ward_sync.close_codes import CloseCode
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from ward_hub.access.port import Principal
from ward_hub.doc_rooms.elsewhere import Held
from ward_hub.hubs import frames, proof
from ward_hub.hubs.others import OtherHubs

PATH = "/hubs"
BEAT_S = 1.0
"""A hub says at least so often that it is there."""
AGAIN_S = 1.0
"""Before another try at a hub that does not answer: it may just be starting."""
OPEN_S = 3.0
"""For a connection and for each word of the greeting."""
MAX_WAITING_BYTES = 32 * 2**20
"""For a hub that does not take what it is told; beyond this the link is given up and begins anew."""

log = logging.getLogger(__name__)


class Rooms(Protocol):
    """What the links ask of the host."""

    def present(self, hub: str, document: str, entries: Sequence[Held]) -> None: ...

    def send_here(self, document: str, terminal: str, payload: str) -> bool: ...

    def broadcast_here(self, document: str, payload: str) -> None: ...

    async def drop_terminal(self, terminal: str, code: int) -> None: ...

    def terminals(self) -> frozenset[str]: ...


Look = Callable[[], Awaitable[object]]
Passed = Callable[[Principal, Mapping[str, Any]], Awaitable[None]]


async def _nobody(_principal: Principal, _message: Mapping[str, Any]) -> None:
    return None


class _Out:
    """What waits for one hub."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._bytes = 0

    def put(self, message: bytes) -> bool:
        """False: more waits than may."""
        self._bytes += len(message)
        self._queue.put_nowait(message)
        return self._bytes <= MAX_WAITING_BYTES

    async def get(self) -> bytes:
        message = await self._queue.get()
        self._bytes -= len(message)
        return message


class Links:
    """Implements `Elsewhere`. `clock`: monotonic ms."""

    def __init__(
        self,
        name: str,
        installation: str,
        secret: bytes,
        addresses: Iterable[str],
        clock: Callable[[], int],
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`name`: this hub's; `addresses`: of all hubs, this one's among them or not; `trust`: for https."""
        self.name = name
        self.installation = installation
        self.key = proof.link_key(secret)
        self.others = OtherHubs()
        self._addresses = list(dict.fromkeys(addresses))
        self._clock = clock
        self._trust = trust
        self._rooms: Rooms | None = None
        self._own: dict[str, dict[int, Held]] = {}
        self._out: dict[str, _Out] = {}
        """Hub → what is to be said to it, while the link to it is up."""
        self._looks: dict[str, Look] = {}
        self._due: set[str] = set()
        self._looking: set[str] = set()
        self.on_passed: Passed = _nobody
        """Takes what a terminal of another hub said at its device document."""
        self.on_hub: Callable[[str], None] = lambda _hub: None
        """Hears the name of every hub that has proved itself."""
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, rooms: Rooms) -> None:
        """Give the links the documents; before `start`."""
        self._rooms = rooms

    def on_nudge(self, what: str, look: Look) -> None:
        """What is to be done when another hub says that `what` has changed in SQL."""
        self._looks[what] = look

    def start(self) -> None:
        for address in self._addresses:
            self._begin(self._hold_link(address))
        self._begin(self._beat_for_ever())

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def linked(self) -> list[str]:
        """The hubs that hear this one now."""
        return sorted(self._out)

    # What the host says

    def announced(self, document: str, entries: Sequence[Held]) -> None:
        held = self._own.setdefault(document, {})
        for one in entries:
            if one.entry.state == GONE:
                held.pop(one.entry.client, None)
            else:
                held[one.entry.client] = one
        self._say("present", document=document, entries=frames.held_to_json(entries))

    def forgot(self, document: str) -> None:
        held = self._own.pop(document, {})
        if held:
            gone = [[client, one.entry.clock, GONE, ""] for client, one in held.items()]
            self._say("present", document=document, entries=gone)

    def presence(self, document: str) -> Iterable[tuple[str, Held]]:
        return self.others.presence(document)

    def came(self, terminal: str) -> None:
        self._say("came", terminal=terminal)

    def went(self, terminal: str) -> None:
        self._say("went", terminal=terminal)

    def send(self, document: str, terminal: str, payload: str) -> bool:
        hub = self.others.hub_of(terminal)
        if hub is None or hub not in self._out:
            return False
        self._put(hub, frames.encode("tell", document=document, terminal=terminal, payload=payload))
        return True

    def broadcast(self, document: str, payload: str) -> None:
        self._say("tell_all", document=document, payload=payload)

    def terminals(self) -> Iterable[str]:
        return self.others.terminals()

    def nudge(self, what: str) -> None:
        """Tell the other hubs that `what` has changed in SQL; who does not hear it looks in time."""
        self._say("nudge", what=what)

    def pass_on(self, principal: Principal, message: Mapping[str, Any]) -> None:
        """A terminal of this hub said something that another hub may wait for."""
        self._say("device", who=frames.place_of(principal), message=dict(message))

    # What other hubs say

    async def hear(self, hub: str, data: bytes) -> None:
        """Take one message of a hub that has proved itself. Raises Malformed."""
        rooms = self._rooms
        if rooms is None:
            return
        kind, value = frames.parse(data)
        now = self._clock()
        if kind != "all" and hub not in self.others.names():
            raise frames.Malformed("it was given up meanwhile: the link begins anew, with all it knows")
        known = self.others.heard(hub, now)
        if kind == "all":
            presence = frames.presence_from_json(value.get("presence"))
            changes = self.others.replace(hub, frames.names_from_json(value.get("terminals")), presence, now)
            for document, entries in changes:
                rooms.present(hub, document, entries)
        elif kind == "present":
            document, entries = frames.text(value, "document"), frames.held_from_json(value.get("entries"))
            self.others.announced(hub, document, entries, now)
            rooms.present(hub, document, entries)
        elif kind == "came":
            terminal = frames.text(value, "terminal")
            known.terminals.add(terminal)
            # It has a newer socket there (rule CL4).
            await rooms.drop_terminal(terminal, CloseCode.RESET)
        elif kind == "went":
            known.terminals.discard(frames.text(value, "terminal"))
        elif kind == "tell":
            document, terminal = frames.text(value, "document"), frames.text(value, "terminal")
            rooms.send_here(document, terminal, frames.text(value, "payload", frames.MAX_FRAME_BYTES))
        elif kind == "tell_all":
            payload = frames.text(value, "payload", frames.MAX_FRAME_BYTES)
            rooms.broadcast_here(frames.text(value, "document"), payload)
        elif kind == "device":
            message = value.get("message")
            if isinstance(message, dict):
                await self.on_passed(frames.principal_at(value.get("who")), message)
        elif kind == "nudge":
            what = frames.text(value, "what")
            look = self._looks.get(what)
            if look is not None:
                due = what in self._due
                self._due.add(what)
                if not due and what not in self._looking:
                    self._begin(self._look(what, look))
        # `beat`, and what a later version says, needs nothing more than having been heard.

    def sweep(self, now: int) -> None:
        """Let go of hubs that have not been heard for long. `now` in monotonic ms."""
        for hub, changes in self.others.forget_silent(now):
            log.warning("hub %s is not heard any more: its terminals count as missing", hub)
            for document, entries in changes:
                if self._rooms is not None:
                    self._rooms.present(hub, document, entries)

    # Links to others

    async def _hold_link(self, address: str) -> None:
        """Keep a link to the hub at the address, until it turns out to be this one."""
        url = address.rstrip("/").replace("http", "ws", 1) + PATH
        down = False
        while True:
            try:
                async with asyncio.timeout(OPEN_S):
                    socket = await connect(
                        url,
                        compression=None,
                        max_size=frames.MAX_HELLO_BYTES,
                        open_timeout=None,
                        close_timeout=1,
                        proxy=None,
                        ssl=self._trust if url.startswith("wss:") else None,
                    )
                try:
                    hub = await self._greet(socket)
                    if hub is None:
                        return
                    log.info("link to hub %s at %s", hub, address)
                    down = False
                    await self._speak(hub, socket)
                finally:
                    await socket.close()
            except (OSError, TimeoutError, WebSocketException, frames.Malformed) as error:
                if not down:
                    log.warning("no link to the hub at %s: %s", address, error or type(error).__name__)
                down = True
            await asyncio.sleep(AGAIN_S)

    async def _greet(self, socket: ClientConnection) -> str | None:
        """Prove each to the other; returns the hub's name, None when it is this one. Raises Malformed."""
        async with asyncio.timeout(OPEN_S):
            kind, hello = frames.parse(await socket.recv())
            hub, nonce = frames.text(hello, "hub", 64), frames.text(hello, "nonce", proof.NONCE_CHARS)
            if hub == self.name:
                return None
            if kind != "hello" or frames.text(hello, "installation", 64) != self.installation:
                raise frames.Malformed("it is of another installation")
            own = proof.new_nonce()
            answer = proof.prove(self.key, self.installation, self.name, hub, nonce)
            await socket.send(
                frames.encode("hello", v=frames.VERSION, hub=self.name, nonce=own, proof=answer)
            )
            kind, welcome = frames.parse(await socket.recv())
        right = proof.holds(
            self.key, self.installation, hub, self.name, own, frames.text(welcome, "proof", 64)
        )
        if kind != "welcome" or not right:
            raise frames.Malformed("it has another secret")
        self.on_hub(hub)
        return hub

    async def _speak(self, hub: str, socket: ClientConnection) -> None:
        queue = self._out[hub] = _Out()
        presence = {document: frames.held_to_json([*held.values()]) for document, held in self._own.items()}
        terminals = sorted(self._rooms.terminals()) if self._rooms is not None else []
        queue.put(frames.encode("all", terminals=terminals, presence=presence))
        closed = asyncio.ensure_future(socket.wait_closed())
        try:
            while self._out.get(hub) is queue and not closed.done():
                try:
                    message = await asyncio.wait_for(queue.get(), BEAT_S)
                except TimeoutError:
                    message = frames.encode("beat")
                await socket.send(message)
        finally:
            closed.cancel()
            if self._out.get(hub) is queue:
                del self._out[hub]

    def _say(self, kind: str, **values: object) -> None:
        if self._out:
            message = frames.encode(kind, **values)
            for hub in list(self._out):
                self._put(hub, message)

    def _put(self, hub: str, message: bytes) -> None:
        if not self._out[hub].put(message):
            log.warning("hub %s does not take what it is told: the link begins anew", hub)
            del self._out[hub]

    async def _look(self, what: str, look: Look) -> None:
        """One look at a time: whatever was pointed at during one is another one, all of it together."""
        self._looking.add(what)
        try:
            while what in self._due:
                self._due.discard(what)
                try:
                    await look()
                except Exception:
                    log.exception("what another hub pointed at could not be read")
        finally:
            self._looking.discard(what)

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            with contextlib.suppress(Exception):
                self.sweep(self._clock())

    def _begin(self, work: Awaitable[None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
