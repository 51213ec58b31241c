"""Roll-outs in SQL: a row each, and a row for each of its terminals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.documents.port import Json
from ward_hub.fleet.rollout import Member, Outcome, RollOut, State
from ward_hub.fleet.tables import RollOutMemberRow, RollOutRow

_CHUNK = 500


async def load_rollouts(session: AsyncSession, newest: int) -> list[RollOut]:
    """The newest roll-outs, and every older one that went to all; oldest first."""
    rows = (await session.scalars(select(RollOutRow).order_by(RollOutRow.id.desc()))).all()
    found: list[RollOut] = []
    for index, row in enumerate(rows):
        if index < newest or row.to_all:
            members = await session.scalars(
                select(RollOutMemberRow)
                .where(RollOutMemberRow.rollout == row.id)
                .order_by(RollOutMemberRow.stage, RollOutMemberRow.terminal)
            )
            found.append(_read(row, members.all()))
    return found[::-1]


async def add_rollout(session: AsyncSession, rollout: RollOut) -> int:
    """Store a new roll-out and return its id."""
    row = RollOutRow(**_columns(rollout))
    session.add(row)
    await session.flush()
    await _insert(session, row.id, list(rollout.members.values()))
    return row.id


async def store_rollout(session: AsyncSession, before: RollOut, rollout: RollOut) -> None:
    """Store what has changed of a roll-out."""
    row = await session.get_one(RollOutRow, rollout.id)
    for name, value in _columns(rollout).items():
        setattr(row, name, value)
    touched = [member for name, member in rollout.members.items() if before.members[name] != member]
    for start in range(0, len(touched), _CHUNK):
        ids = [member.terminal for member in touched[start : start + _CHUNK]]
        await session.execute(
            delete(RollOutMemberRow).where(
                RollOutMemberRow.rollout == rollout.id, RollOutMemberRow.terminal.in_(ids)
            )
        )
    await _insert(session, rollout.id, touched)


async def _insert(session: AsyncSession, rollout_id: int, members: Sequence[Member]) -> None:
    rows = _member_rows(rollout_id, members)
    for start in range(0, len(rows), _CHUNK):
        await session.execute(insert(RollOutMemberRow), rows[start : start + _CHUNK])


def _columns(rollout: RollOut) -> dict[str, Json]:
    return {
        "build": rollout.build,
        "from_build": rollout.from_build,
        "state": rollout.state.value,
        "reason": rollout.reason,
        "stage": rollout.stage,
        "stages": list(rollout.stages),
        "advance_after_s": rollout.advance_after_s,
        "well_since": rollout.well_since,
        "started_at": rollout.started_at,
        "staff": rollout.staff,
        "to_all": rollout.to_all,
    }


def _member_rows(rollout_id: int, members: Iterable[Member]) -> list[dict[str, Json]]:
    return [
        {
            "rollout": rollout_id,
            "terminal": member.terminal,
            "stage": member.stage,
            "outcome": member.outcome.value,
            "before": member.before,
            "told_at": member.told_at,
            "was_there": member.was_there,
            "lost_at": member.lost_at,
            "hung_before": member.hung_before,
        }
        for member in members
    ]


def _read(row: RollOutRow, members: Sequence[RollOutMemberRow]) -> RollOut:
    """A roll-out as it was stored. Nobody counts as away for the time in which the hub was not there."""
    return RollOut(
        build=row.build,
        from_build=row.from_build,
        stages=tuple(row.stages),
        members={
            member.terminal: Member(
                terminal=member.terminal,
                stage=member.stage,
                outcome=Outcome(member.outcome),
                before=member.before,
                told_at=member.told_at,
                was_there=member.was_there,
                lost_at=member.lost_at if member.outcome == Outcome.FAILED else None,
                hung_before=member.hung_before,
            )
            for member in members
        },
        advance_after_s=row.advance_after_s,
        started_at=row.started_at,
        staff=row.staff,
        state=State(row.state),
        reason=row.reason,
        stage=row.stage,
        well_since=row.well_since,
        to_all=row.to_all,
        id=row.id,
    )
