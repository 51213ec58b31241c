"""A call point's latch as facts: signed with the key the hub holds for it, taken like anyone's.

Whether it may place such a call is the call service's to judge; when it does is the service's beside this.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pycrdt import Array
from ward_sync.call_life import lives
from ward_sync.directory import Directory
from ward_sync.facts import MAX_CALLS, Act, FactBody, encode_body, encode_wire

from ward_hub.access.port import Principal
from ward_hub.call_points.announcer import principal_of
from ward_hub.call_points.event import PointEvent, Said
from ward_hub.call_points.port import Facts, PointRefused, Reader
from ward_hub.calls.entry import Entry, read_item
from ward_hub.devices.profiles import load_profiles
from ward_hub.directory.model import Terminal
from ward_hub.documents import names

BATHROOM = "bathroom"

State = Literal["placed", "held", "cancelled", "nothing", "noted"]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an event: a call was placed, was held already, was cancelled, there was nothing to
    cancel, or it was no matter of calls. `calls`: ids, oldest first."""

    state: State
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sender:
    principal: Principal | None


class Calling:
    """Places and cancels. `nonce()`: 16 hex digits; `clock` gives ms."""

    def __init__(
        self,
        facts: Facts,
        documents: Reader,
        directory: Callable[[str], Directory | None],
        clock: Callable[[], int],
        nonce: Callable[[], str],
    ) -> None:
        self._facts = facts
        self._documents = documents
        self._directory = directory
        self._clock = clock
        self._nonce = nonce

    async def carry_out(self, terminal: Terminal, sign: Callable[[bytes], bytes], said: Said) -> Done:
        """Place or cancel. One call of one type at a time: a press while it is open is confirmed only.

        Raises PointRefused: `forbidden` (the point may not place this), `storage`. And what reading the
        document raises.
        """
        kind = said.type or usual_type(terminal) if said.event is PointEvent.PRESSED else said.type
        calls = await self.open_calls(terminal, kind)
        if said.event is PointEvent.PRESSED:
            if calls:
                return Done("held", calls)
            return Done("placed", (await self._send(terminal, sign, said, kind, ()),))
        for start in range(0, len(calls), MAX_CALLS):
            await self._send(terminal, sign, said, None, calls[start : start + MAX_CALLS])
        return Done("cancelled", calls) if calls else Done("nothing")

    async def open_calls(self, terminal: Terminal, kind: str | None = None) -> tuple[str, ...]:
        """Return the point's calls that are open (of that type), oldest first."""
        document = names.calls(terminal.ward, terminal.room)
        items = await self._documents.read(document, lambda doc: list(doc.get("facts", type=Array)))
        entries: list[Entry] = [read_item(item) for item in items]
        directory = self._directory(terminal.ward) or Directory()
        found = [
            life.call
            for life in lives([entry.heard for entry in entries], directory, self._clock())
            if life.closing is None
            and life.call.body.terminal == terminal.id
            and kind in (None, life.call.body.type)
        ]
        return tuple(call.id for call in sorted(found, key=lambda call: (call.heard_at or 0, call.id)))

    async def _send(
        self,
        terminal: Terminal,
        sign: Callable[[bytes], bytes],
        said: Said,
        kind: str | None,
        calls: tuple[str, ...],
    ) -> str:
        now = self._clock()
        placing = kind is not None
        # Its own clock is not the hub's: what it says of the time is shown as about that time (CF17).
        own = said.at is not None and said.at <= now
        body = FactBody(
            act=Act.PLACED if placing else Act.CANCELLED,
            at=said.at if said.at is not None and own else now,
            clock="own" if own else "hub",
            nonce=self._nonce(),
            terminal=terminal.id,
            ward=terminal.ward,
            room=terminal.room,
            calls=tuple(sorted(calls)),
            source=source_of(terminal, kind) if kind is not None else None,
            type=kind,
        )
        data = encode_body(body)
        payload = json.dumps({"t": "facts", "facts": [encode_wire(sign(data), data)]})
        document = names.calls(terminal.ward, terminal.room)
        answers = await self._facts.handle(_Sender(principal_of(terminal)), document, payload)
        return _stored(answers)


def usual_type(terminal: Terminal) -> str:
    """What the point calls when it does not say: as its profile has it."""
    profile = load_profiles().get(terminal.profile)
    return profile.call_type if profile is not None and profile.call_type is not None else BATHROOM


def source_of(terminal: Terminal, kind: str) -> str:
    """Where the point calls from: its room's bathroom, its bed, else its room."""
    if kind == BATHROOM:
        return f"bathroom:{terminal.room}"
    return f"bed:{terminal.bed}" if terminal.bed is not None else f"room:{terminal.room}"


def _stored(answers: list[str]) -> str:
    for answer in map(json.loads, answers):
        if answer["t"] == "stored":
            return str(next(iter(answer["heard"])))
        if answer["t"] == "unstored":
            raise PointRefused("storage", "Not stored; send it again.", retry_after_s=1)
        if answer["t"] == "refused":
            reason = answer["refused"][0]["reason"]
            raise PointRefused("forbidden", f"The ward does not take this from this point: {reason}.")
    raise PointRefused("forbidden", "The ward does not take calls from this point.")
