"""Call points in SQL: their keys sealed, when they were heard, how their line is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.call_points.custody import Custody
from ward_hub.call_points.port import NoPlace
from ward_hub.call_points.signing import SigningKey
from ward_hub.call_points.tables import CallPointRow
from ward_hub.directory.model import TerminalKind, TerminalState
from ward_hub.directory.store import UnknownTerminal, bump_revision, retire_key
from ward_hub.directory.tables import TerminalRow
from ward_hub.identity.enrolment import end_codes

DEVICE_KEY_BYTES = 32


@dataclass(slots=True)
class Point:
    """A call point as the running hub holds it. `line`: ok or open."""

    terminal: str
    device_key: bytes
    signing: SigningKey
    last_heard_at: int | None
    line: str
    alerts: dict[str, list[str]] = field(default_factory=dict)


async def load_points(session: AsyncSession, custody: Custody) -> dict[str, Point]:
    """Return every point that has keys, by terminal. What does not open under this custody has none."""
    found: dict[str, Point] = {}
    for row in (await session.scalars(select(CallPointRow))).all():
        point = _point(row, custody)
        if point is not None:
            found[row.terminal] = point
    return found


async def make_keys(session: AsyncSession, terminal: str, by: str, now: int, custody: Custody) -> Point:
    """Give the terminal a new device key, and a signing key where it has none that counts; it is active then.

    The device key before it ends here. Raises UnknownTerminal, NoPlace.
    """
    row = await session.get(TerminalRow, terminal)
    if row is None:
        raise UnknownTerminal(terminal)
    if row.kind != TerminalKind.CALL_POINT.value:
        raise NoPlace(f"Expected a call point, got a {row.kind}.")
    if row.room is None:
        raise NoPlace("Expected a call point with a room: a call has to come from somewhere.")
    kept = await session.get(CallPointRow, terminal)
    before = None if kept is None else _point(kept, custody)
    signing = None if before is None else before.signing
    if signing is None or row.state != TerminalState.ACTIVE.value or row.public_key != signing.point:
        signing = SigningKey.make()
        retire_key(session, row, now, "replaced")
        row.public_key, row.bound_at = signing.point, now
        row.state = TerminalState.ACTIVE.value
        await end_codes(session, terminal, now)
        await bump_revision(session)
    point = Point(terminal, secrets.token_bytes(DEVICE_KEY_BYTES), signing, None, "ok")
    if kept is None:
        kept = CallPointRow(terminal=terminal)
        session.add(kept)
    kept.device_key = custody.seal(terminal, "device", point.device_key)
    kept.signing_key = custody.seal(terminal, "signing", signing.data)
    kept.key_made_at, kept.key_made_by = now, by
    kept.last_heard_at, kept.line, kept.alerts = None, "ok", None
    await session.flush()
    return point


async def stands(session: AsyncSession, point: Point) -> bool:
    """Whether the terminal is an active call point with this very key, by the database and not by memory."""
    query = select(func.count()).where(
        TerminalRow.id == point.terminal,
        TerminalRow.kind == TerminalKind.CALL_POINT.value,
        TerminalRow.state == TerminalState.ACTIVE.value,
        TerminalRow.public_key == point.signing.point,
    )
    return bool(await session.scalar(query))


async def store_heard(session: AsyncSession, terminal: str, at: int, line: str) -> None:
    """Write when the point was heard (ms) and how its line is."""
    query = update(CallPointRow).where(CallPointRow.terminal == terminal)
    await session.execute(query.values(last_heard_at=at, line=line))


async def store_alerts(session: AsyncSession, terminal: str, at: int, alerts: dict[str, list[str]]) -> None:
    """Write which alerts of the point's device have not ended, told at `at` (ms)."""
    query = update(CallPointRow).where(CallPointRow.terminal == terminal)
    await session.execute(query.values(last_heard_at=at, alerts=alerts or None))


def _point(row: CallPointRow, custody: Custody) -> Point | None:
    if row.device_key is None or row.signing_key is None:
        return None
    device = custody.open(row.terminal, "device", row.device_key)
    signing = custody.open(row.terminal, "signing", row.signing_key)
    if device is None or signing is None:
        return None
    return Point(
        row.terminal, device, SigningKey.read(signing), row.last_heard_at, row.line, dict(row.alerts or {})
    )
