"""One terminal on the wire: asks for its token, opens its documents, announces itself, beats, makes facts.

It keeps no replica but of calls documents where it is told to (`follow`), and of what a play adds. What comes
is told to the watch by the fact or mark that stands in it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import secrets
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pycrdt import Array, Doc
from ward_hub.demo.hub_account import TOKEN_PURPOSE
from ward_hub.demo.light_device import LightDevice
from ward_hub.demo.light_terminals import calls_document
from ward_hub.demo.terminal_key import TerminalKey, base64url
from ward_sync.awareness import Entry, encode_awareness
from ward_sync.codec import encode
from ward_sync.facts import Act, FactBody, decode_wire, encode_body, encode_wire, fact_id
from ward_sync.messages import (
    AuthDenied,
    AuthGranted,
    AuthToken,
    Awareness,
    Close,
    Message,
    Ping,
    Pong,
    Stateless,
    SyncStep1,
    SyncStep2,
    Update,
)
from ward_sync.update import EMPTY_STATE_VECTOR, EMPTY_UPDATE

from loadtests.enrolled import now_ms
from loadtests.locust.greenlets import make_event, spawn
from loadtests.locust.seats import Seat, Stage
from loadtests.locust.watch import Watch
from loadtests.locust.web_socket import SocketLost, WebSocket
from loadtests.locust.wire import facts_in, read_frame

HOST = "127.0.0.1"
BEAT_S = 2.0
_BEATS_A_PRESENCE = 6
"""The app renews its presence every 12 s."""


class HubSaidNo(Exception):
    """An answer over HTTP that is not 200."""


class LoadTerminal:
    """A terminal with one socket. `holders`: document → who is at it, of all terminals of the play."""

    def __init__(self, seat: Seat, stage: Stage, watch: Watch, holders: dict[str, set[str]]) -> None:
        self.seat = seat
        self.watch = watch
        self.token = seat.token
        self.offset = 0
        self.call_ready, self.in_sync = make_event(), make_event()
        self.got: Counter[str] = Counter()
        """Fact → how often it was put into a document that this terminal follows."""
        self.heard: Callable[[str, bytes], None] = lambda _document, _update: None
        """(document, update) of documents that the play adds."""
        self.following = False
        self._stage = stage
        self._holders = holders
        self._key: TerminalKey | None = None
        self._socket: WebSocket | None = None
        self._missing: set[str] = set()
        self._first: set[str] = set()
        self._client_id = zlib.crc32(seat.terminal.encode())
        self._beats = self._client_id % _BEATS_A_PRESENCE
        self._device = f"ward/{seat.ward}/terminal/{seat.terminal}/device"
        self._light = LightDevice(seat.terminal, self.hub_now)
        self._replicas: dict[str, tuple[Doc[Any], Array[Any]]] = {}
        self._verdicts: dict[str, float] = {}
        self.begun = math.inf
        self._leaving = False

    @property
    def key(self) -> TerminalKey:
        if self._key is None:
            self._key = TerminalKey.parse(self.seat.key)
        return self._key

    # --- joining ---

    def ask_token(self) -> None:
        """Prove the key over HTTP, as a terminal that has just started. Raises OSError, HubSaidNo."""
        with self._http() as line:  # a browser asks twice over one connection
            challenge = _post(line, "/api/challenge", {"terminal": self.seat.terminal})["challenge"]
            signature = base64url(self.key.sign(f"{TOKEN_PURPOSE}{challenge}".encode()))
            body = {"terminal": self.seat.terminal, "challenge": challenge, "signature": signature}
            self.token = str(_post(line, "/api/token", body)["token"])

    def sign_in(self, number: str, password: str) -> str:
        """Sign a person in here over HTTP; returns the token. Raises OSError, HubSaidNo."""
        with self._http() as line:
            who = {"number": number, "password": password}
            return str(_post(line, "/api/staff/sign-in", who, self.token)["token"])

    def _http(self) -> contextlib.closing[http.client.HTTPConnection]:
        plan = self._stage.plan
        return contextlib.closing(http.client.HTTPConnection(HOST, self._stage.port, timeout=plan.patience_s))

    def join(self) -> None:
        """Open the socket and every document; `call_ready` and `in_sync` follow. Times are from `begun`.

        Raises OSError, HubSaidNo, SocketLost: try again.
        """
        if self._stage.plan.ask_tokens:
            self.ask_token()
            self.watch.took("token asked over HTTP", (time.perf_counter() - self.begun) * 1000)
        socket = self._socket = WebSocket(HOST, self._stage.port, "/sync", self._stage.plan.patience_s)
        self.watch.took("socket open", (time.perf_counter() - self.begun) * 1000)
        self._missing = set(self.seat.documents)
        self._first = {name for name in self._missing if name.endswith(("/calls", "/directory"))}
        spawn(self._read, socket)
        self.open(self.seat.documents)
        self._announce()

    def open(self, documents: Iterable[str]) -> None:
        """Open documents with the token of now; each is to be in sync before `in_sync` is."""
        frames = []
        for name in documents:
            self._missing.add(name)
            frames.append(encode(name, AuthToken(self.token)))
            if not name.endswith("/presence"):  # it holds no text: awareness alone
                frames.append(encode(name, SyncStep1(EMPTY_STATE_VECTOR)))
        self._send_frames(*frames)

    def renew(self, token: str) -> None:
        """Show a new token at every document."""
        self.token = token
        self._send_frames(*(encode(name, AuthToken(token)) for name in self.seat.documents))

    def leave(self) -> None:
        self._leaving = True
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    @property
    def spread(self) -> float:
        """0.5 to 1.5, by the name: a hospital does not come back in one moment."""
        return 0.5 + self._client_id % 1000 / 1000

    @property
    def on_line(self) -> bool:
        return self._socket is not None

    # --- what goes ---

    def beat(self) -> None:
        """Say that it lives; now and then its presence anew."""
        self._beats += 1
        self.send("hub", Stateless(json.dumps({"t": "time", "sent": now_ms()})))
        if self._beats % _BEATS_A_PRESENCE == 0:
            self._announce()

    def hub_now(self) -> int:
        return now_ms() + self.offset

    def send(self, address: str, message: Message) -> None:
        """Send one frame. One that is off line sends nothing: the reader has told why."""
        self._send_frames(encode(address, message))

    def press(self, call_type: str, source: str, receivers: Callable[[str], dict[str, Iterable[str]]]) -> str:
        """Place a call; returns its id. `receivers(document)`: whom to watch."""
        return self._publish(replace(self._body(Act.PLACED), source=source, type=call_type), receivers)

    def act(
        self,
        act: Act,
        calls: Sequence[str],
        room: str | None,
        receivers: Callable[[str], dict[str, Iterable[str]]],
        **more: Any,
    ) -> str:
        """Do an act on calls; `more`: fields of the body. Returns the fact's id."""
        body = replace(self._body(act), calls=tuple(sorted(calls)), room=room, **more)
        return self._publish(body, receivers)

    def _body(self, act: Act) -> FactBody:
        seat = self.seat
        nonce = secrets.token_hex(8)
        return FactBody(
            act=act,
            at=self.hub_now(),
            clock="hub",
            nonce=nonce,
            terminal=seat.terminal,
            ward=seat.ward,
            room=seat.room,
        )

    def _publish(self, body: FactBody, receivers: Callable[[str], dict[str, Iterable[str]]]) -> str:
        data = encode_body(body)
        name, wire = fact_id(data), encode_wire(self.key.sign(data), data)
        document = calls_document(body.ward, body.room)
        frame = encode(document, Stateless(json.dumps({"t": "facts", "facts": [wire]})))
        what = "press" if body.act is Act.PLACED else "act"
        self._verdicts[name] = time.perf_counter()
        self.watch.send(what, name, receivers(document))
        self._send_frames(frame)
        return name

    def _announce(self) -> None:
        seat = self.seat
        state = {
            "terminal": seat.terminal,
            "kind": seat.kind,
            "layer": 1,
            "version": "light",
            "sound": "ok",
            "inputs": {"bathroom": "ok"} if seat.kind == "door" else {},
            "profile": seat.profile,
        }
        # The clock of an awareness must grow over reconnects too.
        entry = Entry(self._client_id, now_ms() // 1000 + self._beats, json.dumps(state))
        self.send(f"ward/{seat.ward}/presence", Awareness(encode_awareness([entry])))

    def _send_frames(self, *frames: bytes) -> None:
        socket = self._socket
        if socket is not None and frames:
            socket.send(*frames)

    # --- what comes ---

    def _read(self, socket: WebSocket) -> None:
        try:
            while True:
                for payload in socket.receive():
                    frame = read_frame(payload)
                    self._receive(frame.address, frame.message)
        except (OSError, SocketLost) as error:
            self._socket = None
            for name in self.seat.documents:
                self._holders.get(name, set()).discard(self.seat.terminal)
            if not self._leaving:
                self.watch.problem(f"{self.seat.terminal}: {error}")

    def _receive(self, document: str, message: Message) -> None:
        match message:
            case Update(update):
                if document.endswith("/calls"):
                    for fact in facts_in(update):
                        self.watch.seen(fact, self.seat.terminal)
                    self._follow(document, update)
                else:
                    self.heard(document, update)
            case Awareness():
                pass
            case Stateless(payload):
                self._hear(document, payload)
            case SyncStep2(update):
                self._follow(document, update)
                if not document.endswith("/calls"):
                    self.heard(document, update)
                self._synced(document)
            case SyncStep1():
                self.send(document, SyncStep2(EMPTY_UPDATE))
            case AuthGranted():
                self._holders.setdefault(document, set()).add(self.seat.terminal)
                if document.endswith("/presence"):
                    self._synced(document)
                elif document == self._device:
                    self.send(document, Stateless(json.dumps(self._light.report())))
            case AuthDenied(reason):
                self.watch.problem(f"{self.seat.terminal}: {document} is denied: {reason}")
            case Close() if document.startswith("stay/"):
                self.watch.cards_closed += 1
            case Close(reason):
                self.watch.problem(f"{self.seat.terminal}: {document} was closed: {reason}")
            case Ping():
                self.send("", Pong())
            case _:
                pass

    def _synced(self, document: str) -> None:
        if document not in self._missing:
            return
        self._missing.discard(document)
        self._first.discard(document)
        ms = (time.perf_counter() - self.begun) * 1000
        if not self._first and not self.call_ready.is_set():
            self.call_ready.set()
            self.watch.took("call-ready", ms)
        if not self._missing and not self.in_sync.is_set():
            self.in_sync.set()
            self.watch.took("in sync", ms)

    def _hear(self, document: str, payload: str) -> None:
        told = json.loads(payload)
        match told.get("t"):
            case "hello":
                self.offset = int(told["now"]) - now_ms()
            case "stored":
                for name in told["heard"]:
                    begun = self._verdicts.pop(name, None)
                    if begun is not None:
                        self.watch.took("fact → stored", (time.perf_counter() - begun) * 1000)
            case "refused":
                for refused in told["refused"]:
                    self._verdicts.pop(str(refused["id"]), None)
                    self.watch.problem(f"{self.seat.terminal}: a fact was refused: {refused['reason']}")
            case _ if document == self._device:
                for answer in self._light.take(told):
                    self.send(document, Stateless(json.dumps(answer)))

    @property
    def unanswered(self) -> int:
        """Facts of this terminal that the hub has said nothing about."""
        return len(self._verdicts)

    def _follow(self, document: str, update: bytes) -> None:
        if not self.following or not document.endswith("/calls"):
            return
        if document not in self._replicas:
            replica: Doc[Any] = Doc()
            facts: Array[Any] = replica.get("facts", type=Array)
            facts.observe(self._count)
            self._replicas[document] = (replica, facts)
        self._replicas[document][0].apply_update(update)

    def _count(self, event: Any) -> None:  # an ArrayEvent; its stub does not know `delta`
        for change in event.delta:
            for wire, *_heard in change.get("insert", ()):
                self.got[decode_wire(wire).id] += 1


def _post(
    connection: http.client.HTTPConnection, path: str, body: Mapping[str, str], bearer: str | None = None
) -> dict[str, Any]:
    """Ask the hub over HTTP. Raises OSError, HubSaidNo."""
    headers = {"content-type": "application/json"}
    if bearer is not None:
        headers["authorization"] = f"Bearer {bearer}"
    try:
        connection.request("POST", path, json.dumps(dict(body)), headers)
        answer = connection.getresponse()
        told = answer.read()
    except http.client.HTTPException as error:
        raise HubSaidNo(f"{path}: {error!r}") from error
    if answer.status != 200:
        raise HubSaidNo(f"{path}: {answer.status} {told[:200]!r}")
    return dict(json.loads(told))
