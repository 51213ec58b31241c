"""What happens to a hosted document: values that its inbox keeps in order until they are decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc
from ward_sync.messages import Message

from ward_hub.doc_rooms.elsewhere import Held
from ward_hub.doc_rooms.peer import Peer
from ward_hub.log.port import Record


@dataclass(slots=True)
class Joined:
    peer: Peer


@dataclass(slots=True)
class Left:
    peer: Peer


@dataclass(slots=True)
class Heard:
    peer: Peer
    message: Message


@dataclass(slots=True)
class Edited:
    """The hub itself writes."""

    change: Callable[[Doc[Any]], None]
    extra: Sequence[Record]
    future: asyncio.Future[None]

    def done(self) -> None:
        """It is stored and sent out."""
        self.future.set_result(None)


@dataclass(slots=True)
class Taken:
    """An update of a hub that is trusted, to be stored here."""

    update: bytes
    terminal: str | None
    staff: str | None
    extra: Sequence[Record]
    future: asyncio.Future[bool]
    new: bool = False
    """Whether it brought anything; handed over when that is stored."""

    def done(self) -> None:
        self.future.set_result(self.new)


@dataclass(slots=True)
class Looked:
    read: Callable[[Doc[Any]], Any]
    future: asyncio.Future[Any]
    value: Any = None
    """What was found; handed over when what it rests on is stored."""

    def done(self) -> None:
        self.future.set_result(self.value)


@dataclass(slots=True)
class Foreign:
    """Updates that another hub has stored in the common log: shown here, not stored again."""

    updates: Sequence[bytes]


@dataclass(slots=True)
class Present:
    """What terminals of another hub announce."""

    hub: str
    entries: Sequence[Held]


Event = Joined | Left | Heard | Edited | Taken | Looked | Foreign | Present
