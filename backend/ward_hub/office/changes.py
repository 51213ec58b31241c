"""Changes of the configuration: carried out whole or not at all, recorded with who made them, and undone.

Each value is checked whole and must be what its editor saw; a change is out at the terminals when the answer
comes. Shapes: `values.py`; what is named: `references.py`; what is in use: `uses.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.access.port import AccessRefused
from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.store import bump_revision, read_revision
from ward_hub.documents.port import Json
from ward_hub.office.carrying_out import CarryingOut
from ward_hub.office.entities.port import Adapter
from ward_hub.office.open_calls import OpenCalls, StandingCalls
from ward_hub.office.port import Edit, EditsRefused, Entity, OfficePrincipal, Problem, Value
from ward_hub.office.principals import StationPrincipal, Who, is_another, require, require_station, wards_of
from ward_hub.office.tables import ChangeRow
from ward_hub.office.uses import Uses
from ward_hub.office.values import edit_faults

MAX_NOTE_CHARS = 500
SUBJECTS_AUDITED = 50

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Applied:
    """The change that was made, None when nothing was to be changed or it was only tried; the directory's
    revision after it; the edits as they were carried out."""

    id: int | None
    revision: int
    edits: tuple[Edit, ...]


class UnknownChange(LookupError):
    """No change has this id."""


class _OnlyTried(Exception):
    """Takes a dry run's transaction back."""


@dataclass(frozen=True, slots=True)
class ChangesParts:
    """What changes need of others.

    `occupied`: ward → beds with a patient; `directory_changed` publishes (the projector's `poll`);
    `people_changed` is told whose role, ward or activity changed, so that their sessions end; `clock` in ms.
    """

    database: Database
    adapters: Mapping[Entity, Adapter]
    shipped_call_types: Collection[str]
    audit: AuditTrail
    calls: OpenCalls
    occupied: Callable[[str], Collection[str]]
    directory_changed: Callable[[], Awaitable[None]]
    people_changed: Callable[[frozenset[str]], Awaitable[None]]
    clock: Callable[[], int]


class Changes:
    """Makes changes, one at a time."""

    def __init__(self, parts: ChangesParts) -> None:
        self._parts = parts
        self._turn = asyncio.Lock()

    async def apply(
        self,
        who: Who,
        edits: Sequence[Edit],
        note: str,
        undoes: int | None = None,
        *,
        action: AuditAction = AuditAction.CHANGE,
        dry: bool = False,
    ) -> Applied:
        """Carry out all of the edits, or none. `dry`: find out whether they could be, and leave all as it is.

        Raises AccessRefused, and EditsRefused: `invalid`, `changed_meanwhile`, `still_used`, `not_undoable`.
        """
        parts = self._parts
        try:
            if isinstance(who, OfficePrincipal):
                require(who, edits)
            await asyncio.to_thread(_check, edits, note)
            async with self._turn:
                applied = await self._carry_out(who, edits, note, undoes, action, dry)
        except AccessRefused:
            await parts.audit.record(_entry(who, action, "refused", None, edits))
            raise
        if applied.id is not None:
            await self._tell(applied.edits)
        return applied

    async def undo(self, who: OfficePrincipal, change: int) -> Applied:
        """Take a change back, as a change of its own. Undoing that one brings the first into force again.

        Raises UnknownChange, AccessRefused, and EditsRefused: `not_undoable` when it was undone or what is
        there is no longer what it left; `invalid` and `still_used` when what was can no longer be.
        """
        async with self._parts.database.session() as session:
            row = await session.get(ChangeRow, change)
        if row is None:
            raise UnknownChange(change)
        edits = [edit_from_json(value).inverse() for value in reversed(row.edits)]
        note = f"撤销变更 {change}"
        try:
            return await self.apply(who, edits, note, change, action=AuditAction.UNDO)
        except EditsRefused as refused:
            if refused.code == "changed_meanwhile":
                raise EditsRefused("not_undoable", refused.problems) from refused
            raise

    async def list(
        self, who: OfficePrincipal, ward: str | None, before: int | None, limit: int
    ) -> tuple[Sequence[ChangeRow], bool]:
        """The changes the person sees, newest first, older than `before`; and whether there are more.

        Of one ward when one is given, else of all those of theirs.
        """
        wanted = select(ChangeRow).order_by(ChangeRow.id.desc()).limit(limit + 1)
        of = ward if ward is not None else who.ward
        if of is not None:
            wanted = wanted.where(ChangeRow.ward == of)
        if before is not None:
            wanted = wanted.where(ChangeRow.id < before)
        async with self._parts.database.session() as session:
            rows = (await session.scalars(wanted)).all()
        return rows[:limit], len(rows) > limit

    async def _carry_out(
        self, who: Who, edits: Sequence[Edit], note: str, undoes: int | None, action: AuditAction, dry: bool
    ) -> Applied:
        parts, now = self._parts, self._parts.clock()
        applied = Applied(None, 0, ())
        try:
            async with parts.database.session.begin() as session:
                # First of all: it is also what keeps two hubs on one database apart.
                await bump_revision(session)
                if isinstance(who, StationPrincipal):
                    await require_station(session, who, edits)
                standing = _Standing(parts.calls)
                uses = Uses(
                    session,
                    standing.of,
                    parts.occupied,
                    lambda name: name not in parts.shipped_call_types,
                    now,
                )
                undone = await _undone(session, undoes)
                done = await CarryingOut(session, parts.adapters, uses, now).run(edits)
                applied = Applied(None, await read_revision(session), tuple(done))
                if dry or not done:
                    raise _OnlyTried
                row = _row(who, now, note, undoes, done)
                session.add(row)
                await session.flush()
                if undone is not None:
                    undone.undone_by = row.id
                    await _in_force_again(session, undone)
                await parts.audit.add(session, _entry(who, action, "ok", row, done))
                applied = Applied(row.id, applied.revision, applied.edits)
        except _OnlyTried:
            pass
        except IntegrityError as error:
            # What was found while something else was asked for.
            words = ("Something still refers to what is removed.", "仍有其他记录引用要删除的内容。")
            raise EditsRefused("still_used", (Problem(0, None, *words),)) from error
        return applied

    async def _tell(self, edits: Sequence[Edit]) -> None:
        """What is stored stays so, whatever becomes of telling it: the projector's next look finds it too."""
        people = frozenset(edit.id for edit in edits if edit.entity is Entity.STAFF and is_another(edit))
        try:
            await self._parts.directory_changed()
            if people:
                await self._parts.people_changed(people)
        except Exception:
            log.exception("a change is stored and could not be told; the next look at the directory will")


class _Standing:
    """Each ward's calls, asked for once a change and only when it matters."""

    def __init__(self, calls: OpenCalls) -> None:
        self._calls = calls
        self._found: dict[str, StandingCalls] = {}

    async def of(self, ward: str) -> StandingCalls:
        if ward not in self._found:
            self._found[ward] = await self._calls.standing(ward)
        return self._found[ward]


def edit_json(edit: Edit) -> dict[str, Json]:
    """An edit as it is stored and answered."""
    return {
        "entity": edit.entity.value,
        "ward": edit.ward,
        "id": edit.id,
        "before": None if edit.before is None else dict(edit.before),
        "after": None if edit.after is None else dict(edit.after),
    }


def edit_from_json(value: Mapping[str, Json]) -> Edit:
    """Read what `edit_json` made."""
    return Edit(
        Entity(str(value["entity"])),
        cast("str | None", value["ward"]),
        str(value["id"]),
        cast("Value | None", value["before"]),
        cast("Value | None", value["after"]),
    )


def _check(edits: Sequence[Edit], note: str) -> None:
    problems = [
        Problem(index, fault.field, fault.message, fault.message_zh)
        for index, edit in enumerate(edits)
        for fault in edit_faults(edit)
    ]
    if len(note) > MAX_NOTE_CHARS or not all(char.isprintable() or char == "\n" for char in note):
        words = (
            f"A note has at most {MAX_NOTE_CHARS} characters.",
            f"备注最多 {MAX_NOTE_CHARS} 个字，且不含控制字符。",
        )
        problems.append(Problem(0, "note", *words))
    if problems:
        raise EditsRefused("invalid", tuple(problems))


async def _undone(session: AsyncSession, undoes: int | None) -> ChangeRow | None:
    """The change that is to be undone. Raises EditsRefused when it was already."""
    if undoes is None:
        return None
    row = await session.get(ChangeRow, undoes)
    if row is None or row.undone_by is not None:
        problem = Problem(0, None, "This change was undone already.", "该变更已被撤销。")
        raise EditsRefused("not_undoable", (problem,))
    return row


async def _in_force_again(session: AsyncSession, undone: ChangeRow) -> None:
    """Where an undo was undone, the change it had taken back counts again and may be undone again."""
    if undone.undoes is not None:
        first = await session.get(ChangeRow, undone.undoes)
        if first is not None:
            first.undone_by = None


def _row(who: Who, now: int, note: str, undoes: int | None, edits: Sequence[Edit]) -> ChangeRow:
    return ChangeRow(
        at=now,
        staff=who.staff,
        terminal=who.terminal if isinstance(who, StationPrincipal) else None,
        staff_name=(who.staff_name or who.terminal_name) if isinstance(who, StationPrincipal) else who.name,
        ward=_one_ward(edits),
        note=note,
        undoes=undoes,
        undone_by=None,
        edits=[edit_json(edit) for edit in edits],
    )


def _one_ward(edits: Sequence[Edit]) -> str | None:
    """The ward that all of the edits are about."""
    wards = set[str | None]().union(*(wards_of(edit) for edit in edits))
    return wards.pop() if len(wards) == 1 else None


def _entry(
    who: Who,
    action: AuditAction,
    result: Literal["ok", "refused"],
    row: ChangeRow | None,
    edits: Sequence[Edit],
) -> AuditEntry:
    """Which things were changed; what was in them stands in the change."""
    return AuditEntry(
        action=action,
        result=result,
        staff=who.staff,
        terminal=who.terminal if isinstance(who, StationPrincipal) else None,
        ward=_one_ward(edits) if edits else None,
        subject=None if row is None else str(row.id),
        address=who.address,
        detail={
            "edits": len(edits),
            "of": [f"{edit.entity.value}:{edit.id}"[:80] for edit in edits[:SUBJECTS_AUDITED]],
            **({} if row is None or row.undoes is None else {"undoes": row.undoes}),
        },
    )
