"""Light terminals: clients without a screen that keep a terminal's place in the ward.

A light terminal joins presence and the calls its kind reads, beats, and says nothing of its own: it answers
no call unless told to. It gives its place up as soon as another key holds it, so that a person can open that
screen in a browser. The load tests press through the same class.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pycrdt import Array, Doc
from ward_sync.awareness import Entry, encode_awareness
from ward_sync.close_codes import CloseCode
from ward_sync.codec import decode, encode
from ward_sync.facts import Act, FactBody, WireFact, decode_wire, encode_body, encode_wire, fact_id
from ward_sync.messages import (
    AuthDenied,
    AuthGranted,
    AuthToken,
    Awareness,
    Close,
    Frame,
    Message,
    Ping,
    Pong,
    Stateless,
    SyncStep1,
    SyncStep2,
    Update,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from ward_hub.demo.hub_account import HubAccount, HubAway, HubRefused, Token
from ward_hub.demo.light_device import LightDevice
from ward_hub.documents.port import values_of

HEARTBEAT_S = 2.0
"""The contract's beat; the hub closes a socket silent for 10 s."""
REPORT_S = 60.0
"""How often the device reports when nothing changed."""
PRESENCE_S = 15.0
"""y-protocols forgets a presence not renewed for 30 s."""
BACK_OFF_S = (0.5, 8.0)
"""First and longest wait before connecting again."""
REFUSALS = 3
"""So many refusals of the key one after the other mean that another holds the place."""
NOTHING = b"\x00\x00"
"""The update without structs and deletions."""
EMPTY_VECTOR = b"\x00"
"""The state vector of one who has nothing."""
WARD_WIDE = frozenset({"corridor", "station", "whiteboard", "pda"})


@dataclass(frozen=True, slots=True)
class ReceivedFact:
    """A fact as it came in a calls document; `heard_at` is the hub's, `received_at` this clock's, both ms."""

    document: str
    fact: WireFact
    heard_at: int
    missed: bool
    received_at: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a terminal stands."""

    terminal: str
    kind: str
    ward: str
    profile: str = ""
    room: str | None = None
    bed: str | None = None


def documents_of(place: Place, rooms: Sequence[str]) -> tuple[str, ...]:
    """What a light terminal of this place joins: presence, directory, settings, its device, its calls."""
    ward = f"ward/{place.ward}"
    own_directory = f"{ward}/bed/{place.bed}/directory" if place.kind == "bedside" else f"{ward}/directory"
    if place.kind in WARD_WIDE:
        calls = (*(f"{ward}/room/{room}/calls" for room in rooms), f"{ward}/calls")
    else:
        calls = (f"{ward}/room/{place.room}/calls",)
    device = f"{ward}/terminal/{place.terminal}/device"
    return (f"{ward}/presence", own_directory, f"{ward}/settings", device, *calls)


def calls_document(ward: str, room: str | None) -> str:
    return f"ward/{ward}/room/{room}/calls" if room else f"ward/{ward}/calls"


class LightTerminal:
    """One terminal on the wire. `run()` lasts until it is cancelled or has to step aside (`aside`)."""

    def __init__(
        self,
        hub: str,
        account: HubAccount,
        place: Place,
        rooms: Sequence[str],
        now: Callable[[], int],
        *,
        follow: bool = False,
        on_fact: Callable[[ReceivedFact], None] | None = None,
    ) -> None:
        """`hub`: its HTTP origin. `now`: ms. `follow`: read the calls documents (costs a replica each)."""
        self._socket_url = hub.replace("http", "ws", 1).rstrip("/") + "/sync"
        self._account = account
        self.place = place
        self._documents = documents_of(place, rooms)
        self._now = now
        self._follow = follow
        self._on_fact = on_fact
        self._socket: ClientConnection | None = None
        # With the array: pycrdt ends an observation when the object it was made through is collected.
        self._replicas: dict[str, tuple[Doc[Any], Array[Any]]] = {}
        self._open: set[str] = set()
        self._unsent: dict[str, tuple[str, str]] = {}  # fact id → document, wire
        self._verdicts: dict[str, asyncio.Future[int | str]] = {}
        self._refusals = 0
        self._offset: int | None = None
        # Stable for a terminal, so that a reconnect replaces its presence and needs no second entry.
        self._client_id = zlib.crc32(account.terminal.encode())
        self.facts: dict[str, ReceivedFact] = {}
        self.device = LightDevice(account.terminal, self.hub_now)
        self._device_document = f"ward/{place.ward}/terminal/{place.terminal}/device"
        # The map is kept with its document, for the same reason as the arrays above.
        self._wishes: Doc[Any] | None = None
        self.aside = False
        self.joined = asyncio.Event()

    # --- life ---

    async def run(self) -> None:
        """Connect, stay, connect again with back-off; returns when another key holds the place."""
        wait_s = BACK_OFF_S[0]
        while not self.aside:
            with suppress(HubAway, OSError, WebSocketException, TimeoutError):
                token = await self._ready()
                if token is not None:
                    await self._stay(token)
                    wait_s = BACK_OFF_S[0]
            self._closed()
            if not self.aside:
                # Spread by name, not by chance: a hundred terminals must not come back in one moment.
                await asyncio.sleep(wait_s * (0.5 + (self._client_id % 1000) / 1000))
                wait_s = min(wait_s * 2, BACK_OFF_S[1])

    async def _ready(self) -> Token | None:
        """Return a new token; None when it was refused."""
        try:
            token = await self._account.token()
        except HubRefused:
            self._refusals += 1
            self.aside = self._refusals >= REFUSALS
            return None
        self._refusals = 0
        return token

    async def _stay(self, token: Token) -> None:
        async with connect(self._socket_url, ping_interval=None, compression=None, max_size=2**24) as socket:
            self._socket = socket
            beats = asyncio.create_task(self._beat(token))
            try:
                await self._join(token)
                async for frame in socket:
                    if isinstance(frame, bytes):
                        await self._receive(decode(frame))
            except ConnectionClosed:
                pass
            finally:
                beats.cancel()
                with suppress(asyncio.CancelledError, ConnectionClosed):
                    await beats
            if socket.close_code in (CloseCode.FORBIDDEN, CloseCode.OPENED_ELSEWHERE):
                self.aside = True

    def _closed(self) -> None:
        self._socket = None
        self._open.clear()
        self._replicas.clear()
        self._wishes = None
        self.joined.clear()

    async def _join(self, token: Token) -> None:
        for document in self._documents:
            await self._send(document, AuthToken(token.token))
            if document.endswith("/presence"):
                continue  # presence holds no text: awareness alone
            vector = EMPTY_VECTOR
            if self._follow and document.endswith("/calls"):
                vector = self._replica(document).get_state()
            await self._send(document, SyncStep1(vector))
        await self._announce(1)

    async def _beat(self, token: Token) -> None:
        beats = 0
        while True:
            await self._send("hub", Stateless(json.dumps({"t": "time", "sent": self._now()})))
            beats += 1
            if beats % round(REPORT_S / HEARTBEAT_S) == 0:
                await self._say_device(self.device.report())
            if beats % round(PRESENCE_S / HEARTBEAT_S) == 0:
                await self._announce(1 + beats)
                token = await self._renewed(token)
            await asyncio.sleep(HEARTBEAT_S)

    async def _renewed(self, token: Token) -> Token:
        """Return the token, or a new one shown to every document when little of its time is left."""
        if token.expires_at - self.hub_now() > 4 * PRESENCE_S * 1000:
            return token
        with suppress(HubAway):
            new = await self._ready()
            if new is not None:
                for document in self._documents:
                    await self._send(document, AuthToken(new.token))
                return new
        return token

    async def _announce(self, clock: int) -> None:
        state = {
            "terminal": self.place.terminal,
            "kind": self.place.kind,
            "layer": 1,
            "version": "light",
            "sound": "ok",
            "inputs": {"bathroom": "ok"} if self.place.kind == "door" else {},
            "profile": self.place.profile,
        }
        # Awareness clocks must grow over reconnects too: seconds of the clock in front of the beat.
        entry = Entry(self._client_id, self._now() // 1000 + clock, json.dumps(state))
        await self._send(f"ward/{self.place.ward}/presence", Awareness(encode_awareness([entry])))

    # --- what comes ---

    async def _receive(self, frame: Frame) -> None:
        document = frame.address
        match frame.message:
            case Ping():
                await self._send("", Pong())
            case SyncStep1():
                await self._send(document, SyncStep2(NOTHING))
            case SyncStep2(update) | Update(update):
                if document == self._device_document:
                    await self._wish(update)
                elif self._follow and document.endswith("/calls"):
                    self._replica(document).apply_update(update)
            case AuthGranted():
                self._open.add(document)
                if document == self._device_document:
                    await self._say_device(self.device.report())
                if len(self._open) == len(self._documents):
                    self.joined.set()
                await self._send_facts(
                    [name for name, (place, _) in self._unsent.items() if place == document]
                )
            case AuthDenied() | Close():
                self._open.discard(document)
            case Stateless(payload) if document == self._device_document:
                for answer in self.device.take(json.loads(payload)):
                    await self._say_device(answer)
            case Stateless(payload):
                self._hear(json.loads(payload))
            case _:
                pass

    def _hear(self, message: dict[str, Any]) -> None:
        match message.get("t"):
            case "hello":
                self._offset = int(message["now"]) - self._now()
            case "time":
                now = self._now()
                self._offset = int(message["now"]) - (int(message["sent"]) + now) // 2
                self.device.rtt_ms = max(0, now - int(message["sent"]))
                self.device.offset_ms = -self._offset
            case "stored":
                for name, heard_at in message["heard"].items():
                    self._answered(name, int(heard_at))
            case "refused":
                for refused in message["refused"]:
                    self._answered(str(refused["id"]), str(refused["reason"]))

    def _answered(self, name: str, verdict: int | str) -> None:
        self._unsent.pop(name, None)
        future = self._verdicts.pop(name, None)
        if future is not None and not future.done():
            future.set_result(verdict)

    def _replica(self, document: str) -> Doc[Any]:
        if document not in self._replicas:
            replica: Doc[Any] = Doc()
            facts: Array[Any] = replica.get("facts", type=Array)
            facts.observe(lambda event: self._take(document, event))
            self._replicas[document] = (replica, facts)
        return self._replicas[document][0]

    def _take(self, document: str, event: Any) -> None:  # an ArrayEvent; its stub does not know `delta`
        for change in event.delta:
            for wire, heard_at, missed, *_unverified in change.get("insert", ()):
                fact = decode_wire(wire)
                received = ReceivedFact(document, fact, int(heard_at), bool(missed), self._now())
                if fact.id not in self.facts:
                    self.facts[fact.id] = received
                    if self._on_fact is not None:
                        self._on_fact(received)

    async def _wish(self, update: bytes) -> None:
        if self._wishes is None:
            self._wishes = Doc()
        self._wishes.apply_update(update)
        if self.device.wish(values_of(self._wishes, "wish")):
            await self._say_device(self.device.report())

    # --- what goes ---

    def hub_now(self) -> int:
        """The hub's time as far as known, ms."""
        return self._now() + (self._offset or 0)

    async def press(self, call_type: str, source: str, *, room: str | None = None) -> tuple[str, int | str]:
        """Place a call; returns its id, and the hub's `heard_at` or the reason it refused.

        Waits until the hub has answered, over reconnects if need be.
        """
        body = self._body(Act.PLACED, room)
        return await self._publish(replace(body, source=source, type=call_type))

    async def act(
        self, act: Act, calls: Sequence[str], *, room: str | None = None, **more: Any
    ) -> tuple[str, int | str]:
        """Do an act on calls; `more` are further fields of the body. Returns as `press` does."""
        return await self._publish(replace(self._body(act, room), calls=tuple(sorted(calls)), **more))

    def _body(self, act: Act, room: str | None) -> FactBody:
        return FactBody(
            act=act,
            at=self.hub_now(),
            clock="own" if self._offset is None else "hub",
            nonce=secrets.token_hex(8),
            terminal=self.place.terminal,
            ward=self.place.ward,
            room=room if room is not None else self.place.room,
        )

    async def _publish(self, body: FactBody) -> tuple[str, int | str]:
        data = encode_body(body)
        name = fact_id(data)
        wire = encode_wire(self._account.key.sign(data), data)
        self._unsent[name] = (calls_document(body.ward, body.room), wire)
        verdict: asyncio.Future[int | str] = asyncio.get_running_loop().create_future()
        self._verdicts[name] = verdict
        await self._send_facts([name])
        return name, await verdict

    async def _send_facts(self, names: Sequence[str]) -> None:
        for name in names:
            document, wire = self._unsent[name]
            if document in self._open:
                await self._send(document, Stateless(json.dumps({"t": "facts", "facts": [wire]})))

    async def _say_device(self, message: Mapping[str, Any]) -> None:
        if self._device_document in self._open:
            await self._send(self._device_document, Stateless(json.dumps(message)))

    async def _send(self, address: str, message: Message) -> None:
        if self._socket is not None:
            await self._socket.send(encode(address, message))
