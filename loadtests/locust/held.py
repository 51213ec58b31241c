"""Which documents a terminal always holds, by its kind: the mirror of pwa/src/core/joining.ts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ward_hub.documents import names

from loadtests.locust.seats import ROOM_KINDS


def always_held(
    ward: str,
    terminal: str,
    kind: str,
    room: str | None,
    bed: str | None,
    rooms: Sequence[str],
    stays: Sequence[str],
    own_stay: str | None,
    months: Sequence[str],
) -> tuple[str, ...]:
    """Return the names in the order the app opens them; a PDA's without anybody signed in."""
    own = names.bed_directory(ward, bed) if kind == "bedside" and bed else names.directory(ward)
    held = [names.hospital_settings(), names.ward_settings(ward), own, names.presence(ward)]
    held.append(names.device(ward, terminal))
    if kind in ROOM_KINDS:
        held.append(names.calls(ward, room))
    else:
        held += [names.calls(ward, None), *(names.calls(ward, each) for each in rooms)]
    memos = [names.memos(ward, month) for month in months]
    if kind == "bedside" and own_stay:
        held.append(names.card(own_stay))
    elif kind == "door" and room:
        held.append(names.door(ward, room))
    elif kind == "station":
        held += [names.beds(ward), *map(names.card, stays), *memos, names.reach(ward)]
    elif kind == "pda":
        held.append(names.reach(ward))
    elif kind == "whiteboard":
        held += [names.board(ward), *memos]
    return tuple(held)


def personal(ward: str, stays: Sequence[str], months: Sequence[str]) -> tuple[str, ...]:
    """What a PDA opens besides once a nurse is signed in."""
    return (*(names.memos(ward, month) for month in months), names.beds(ward), *map(names.card, stays))


def months() -> tuple[str, ...]:
    """The month whose memos are on the screens."""
    return (datetime.now(UTC).strftime("%Y-%m"),)


def nurse_of(pda: str) -> str:
    """The number of the nurse who carries that PDA, w01-pda-03 → w01-n003."""
    ward, _, number = pda.partition("-pda-")
    return f"{ward}-n{int(number):03d}"
