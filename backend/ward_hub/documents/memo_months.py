"""Memos hang for weeks and are written for years: a month has a document, and what still hangs is carried on.

So a document holds a month's lines and the client ids of a month's writers, whatever the age of the ward.
Whoever was cut off writes on in the old month; what comes late is carried too, and two texts both stay
(docs/adr/0014-documents-stay-small.md).
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from pycrdt import Array, Doc, Map, Text

from ward_hub.documents import names
from ward_hub.documents.memos import CARRIED, EVENTS
from ward_hub.documents.roots import read_list, read_map, read_text
from ward_hub.log.port import LogUnavailable, StorageFull

CARRY_S = 600.0
"""How often what came late is carried over; both months are on every screen meanwhile."""
WRITTEN_MONTHS = 3
"""This month and the two before may be written; edits of whoever was away longer are refused and shown."""
READ_MONTHS = 12

log = logging.getLogger(__name__)
T = TypeVar("T")


class Documents(Protocol):
    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T: ...

    async def edit(self, document: str, edit: Callable[[Doc[Any]], None]) -> None: ...


def month_of(now: int) -> str:
    """The month of an instant (ms) as document names have it, of UTC: `2026-11`."""
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m")


def months_before(month: str, count: int) -> list[str]:
    """The month and those before it, oldest first, `count` in all."""
    year, number = (int(part) for part in month.split("-"))
    whole = [year * 12 + number - 1 - back for back in reversed(range(count))]
    return [f"{each // 12:04}-{each % 12 + 1:02}" for each in whole]


@dataclass(frozen=True, slots=True)
class Hanging:
    """A memo as a month's document has it."""

    events: tuple[Mapping[str, Any], ...]
    text: str

    def hangs(self, now: int) -> bool:
        """Whether it is to be seen: neither past its time nor taken down as it reads (MEMO-03)."""
        ordered = sorted(self.events, key=lambda event: event["at"])
        newest = {event["field"]: event["value"] for event in ordered}
        expires = newest.get("expires") or 0
        taken_down = newest.get("deleted") or False
        return "created" in newest and not (0 < expires <= now) and taken_down != text_mark(self.text)


def text_mark(text: str) -> str:
    """Length and FNV-1a hash over UTF-16 units, as the app's `textMark`."""
    units = text.encode("utf-16-le", "surrogatepass")
    value = 0x811C9DC5
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = (value ^ (low | high << 8)) * 0x01000193 & 0xFFFFFFFF
    return f"{len(units) // 2}:{value:08x}"


def read_memos(doc: Doc[Any]) -> dict[str, Hanging]:
    """Every memo of a month's document by id."""
    events: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in read_list(doc, EVENTS) or []:
        events[event["memo"]].append(event)
    return {memo: Hanging(tuple(each), read_text(doc, f"text:{memo}") or "") for memo, each in events.items()}


def carry_edit(old: Mapping[str, Hanging], now: int) -> Callable[[Doc[Any]], None]:
    """The edit of the newer month: what hangs in the older one and is missing here, what came late there."""

    def edit(doc: Doc[Any]) -> None:
        here = read_memos(doc)
        carried = read_map(doc, CARRIED) or {}
        for memo, was in old.items():
            if memo not in here and not was.hangs(now):
                continue
            have = {_line(event) for event in here[memo].events} if memo in here else set()
            missing = [dict(event) for event in was.events if _line(event) not in have]
            if missing:
                doc.get(EVENTS, type=Array).extend(missing)
            mark = text_mark(was.text)
            if carried.get(memo) == mark:
                continue
            text: Text = doc.get(f"text:{memo}", type=Text)
            now_reads = str(text)
            if memo not in here or text_mark(now_reads) == carried.get(memo):
                text.clear()
                text += was.text
            elif now_reads != was.text:
                # Two sides wrote on: both stand, the late one below.
                text += f"\n{was.text}"
            doc.get(CARRIED, type=Map)[memo] = mark

    return edit


class MemoMonths:
    """Carries the memos of every ward from month to month."""

    def __init__(
        self,
        documents: Documents,
        wards: Callable[[], Iterable[str]],
        holds: Callable[[str], bool],
        clock: Callable[[], int],
    ) -> None:
        """`holds(lease)`: whether this hub does it for the ward (leases/port.py); `clock` gives ms."""
        self._documents = documents
        self._wards = wards
        self._holds = holds
        self._clock = clock
        self._walked: set[str] = set()

    async def carry(self) -> None:
        """One round. The first for a ward goes through a year: the hub may have been away for months."""
        now = self._clock()
        for ward in sorted(self._wards()):
            if not self._holds(f"ward/{ward}"):
                continue
            months = months_before(month_of(now), WRITTEN_MONTHS if ward in self._walked else READ_MONTHS)
            try:
                for older, newer in pairwise(months):
                    found = await self._documents.read(names.memos(ward, older), read_memos)
                    if found:
                        await self._documents.edit(names.memos(ward, newer), carry_edit(found, now))
            except (StorageFull, LogUnavailable) as error:
                log.warning("memos of ward %s not carried over: %s", ward, type(error).__name__)
                continue
            except Exception:
                # One ward's document that cannot be read must not keep the others' memos back.
                log.exception("memos of ward %s not carried over", ward)
                continue
            self._walked.add(ward)


def _line(event: Mapping[str, Any]) -> str:
    return json.dumps(event, sort_keys=True)
