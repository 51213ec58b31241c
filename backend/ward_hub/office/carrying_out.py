"""Carries edits out one after the other in one transaction, and finds out why they cannot be.

What follows from an edit by itself is done with it and recorded like it, so that undo takes it back too: a
bed that moves takes the terminals at it along, a group that goes takes its ended hostings.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.base import Base
from ward_hub.directory.tables import BedRow, DutyRow, HostingRow, RoomRow, StaffRow, TerminalRow
from ward_hub.documents.port import Json
from ward_hub.office.entities.port import Adapter
from ward_hub.office.entities.rows import read_whole
from ward_hub.office.faults import Fault
from ward_hub.office.port import Edit, EditsRefused, Entity, Problem
from ward_hub.office.references import References
from ward_hub.office.uses import Uses

_MEANWHILE = Fault(None, "Somebody changed this meanwhile.", "该内容已被他人修改，请刷新后重试。")
_REFERRED_TO = Fault(None, "Something still refers to it.", "仍有其他记录引用该内容，无法保存或删除。")
_MADE_OTHERWISE = frozenset({Entity.CALL_TYPE, Entity.PERMISSIONS, Entity.DEVICE_SCHEDULE})
_TABLES: Mapping[Entity, type[Base]] = {
    Entity.ROOM: RoomRow,
    Entity.BED: BedRow,
    Entity.TERMINAL: TerminalRow,
    Entity.STAFF: StaffRow,
}
FLUSHED_AT_ONCE = 100
"""Edits of an import that go to the database together."""
_WORST_FIRST = ("changed_meanwhile", "invalid", "still_used")


class CarryingOut:
    """One change. `run` once; then the transaction is to be committed or rolled back."""

    def __init__(
        self, session: AsyncSession, adapters: Mapping[Entity, Adapter], uses: Uses, now: int
    ) -> None:
        self._session = session
        self._adapters = adapters
        self._uses = uses
        self._now = now
        self._references = References(session)
        self._problems: dict[str, list[Problem]] = {}
        self._done: list[tuple[int, Edit]] = []
        self._many = False
        self._with_turns: set[str] | None = None

    async def run(self, edits: Sequence[Edit]) -> list[Edit]:
        """Write the edits; returns what was really done, in order: with what followed, without what was so
        already. Raises EditsRefused with all problems that were found."""
        await self._prepare(edits)
        for index, edit in enumerate(edits):
            if index > 0 and edit.entity is not edits[index - 1].entity:
                # Within one flush the tables come in an order that knows nothing of who refers to whom.
                await self._flush(index)
            first = await self._first(edit)
            for before in first:
                await self._carry_out(index, before)
            if first:
                await self._flush(index)
            await self._carry_out(index, edit)
            if index % FLUSHED_AT_ONCE == FLUSHED_AT_ONCE - 1:
                await self._flush(index)
                # What is read once waits for nothing: let calls through.
                await asyncio.sleep(0)
        await self._flush(max(0, len(edits) - 1))
        await self._take_terminals_along()
        await self._check_places()
        await self._check_names()
        if self._problems:
            code = next(code for code in _WORST_FIRST if code in self._problems)
            found = chain.from_iterable(self._problems.values())
            raise EditsRefused(code, tuple(sorted(found, key=_by_index)))
        return [edit for _, edit in self._done]

    async def _prepare(self, edits: Sequence[Edit]) -> None:
        """What takes long a thousand times is asked once."""
        self._many = len(edits) >= FLUSHED_AT_ONCE
        counted = Counter(edit.entity for edit in edits)
        for entity, table in _TABLES.items():
            if counted[entity] >= FLUSHED_AT_ONCE:
                await read_whole(self._session, table)

    async def _flush(self, index: int) -> None:
        try:
            await self._session.flush()
        except IntegrityError as error:
            # The transaction is lost: what else is wrong cannot be found out.
            self._refuse("still_used", index, [_REFERRED_TO])
            raise EditsRefused("still_used", tuple(self._problems["still_used"])) from error

    async def _carry_out(self, index: int, edit: Edit) -> None:
        adapter = self._adapters[edit.entity]
        current = await adapter.read(self._session, edit.ward, edit.id)
        if not same(current, edit.before):
            self._refuse("changed_meanwhile", index, [_MEANWHILE])
            self._references.broken(edit)
            return
        if same(current, edit.after):
            return
        missing = await self._references.faults(edit)
        used = await self._uses.faults(edit)
        self._refuse("invalid", index, missing)
        self._refuse("still_used", index, used)
        if missing or used:
            self._references.broken(edit)
            return
        try:
            await adapter.write(self._session, edit.ward, edit.id, edit.after)
        except EditsRefused as refused:
            self._problems.setdefault(refused.code, []).extend(
                replace(problem, index=index) for problem in refused.problems
            )
            self._references.broken(edit)
            return
        if not self._many:
            # Each by itself, so that what still refers to it is told at its place.
            await self._flush(index)
        self._references.wrote(edit)
        self._uses.wrote(edit)
        if edit.entity in _MADE_OTHERWISE:
            # What really stands there, so that undo knows what it replaces: removing brings a shipped call
            # type back, and other parts may put lists in order.
            edit = replace(edit, after=await adapter.read(self._session, edit.ward, edit.id))
        self._done.append((index, edit))

    async def _first(self, edit: Edit) -> list[Edit]:
        """What must go before the edit: hostings and turns that are over and only history."""
        if edit.after is not None:
            return []
        ended: list[tuple[Entity, str, str]] = []
        if edit.entity is Entity.GROUP:
            plans = await self._session.scalars(
                select(HostingRow).where(
                    HostingRow.ward == edit.ward,
                    HostingRow.from_group == edit.id,
                    HostingRow.until_ms <= self._now,
                )
            )
            ended = [(Entity.HOSTING, plan.ward, plan.id) for plan in plans]
        elif edit.entity in (Entity.TERMINAL, Entity.STAFF) and edit.id in await self._ever_on_duty():
            whose = DutyRow.pda if edit.entity is Entity.TERMINAL else DutyRow.staff
            turns = await self._session.scalars(
                select(DutyRow).where(whose == edit.id, DutyRow.until <= self._now)
            )
            ended = [(Entity.DUTY, turn.ward, turn.key) for turn in turns]
        return [
            Edit(entity, ward, name, await self._adapters[entity].read(self._session, ward, name), None)
            for entity, ward, name in ended
        ]

    async def _ever_on_duty(self) -> set[str]:
        """People and PDAs with any turn."""
        if self._with_turns is None:
            rows = await self._session.execute(select(DutyRow.staff, DutyRow.pda))
            self._with_turns = {name for row in rows for name in row if name is not None}
        return self._with_turns

    async def _take_terminals_along(self) -> None:
        named = {edit.id for _, edit in self._done if edit.entity is Entity.TERMINAL}
        for index, edit in list(self._done):
            if edit.entity is not Entity.BED or edit.before is None or edit.after is None:
                continue
            if edit.before["room"] == edit.after["room"]:
                continue
            terminals = await self._session.scalars(
                select(TerminalRow.id)
                .where(TerminalRow.ward == edit.ward, TerminalRow.bed == edit.id)
                .order_by(TerminalRow.id)
            )
            for terminal in terminals.all():
                value = await self._adapters[Entity.TERMINAL].read(self._session, None, terminal)
                if terminal not in named and value is not None:
                    after = {**value, "room": edit.after["room"]}
                    await self._carry_out(index, Edit(Entity.TERMINAL, None, terminal, value, after))

    async def _check_places(self) -> None:
        """A terminal at a bed hangs in the bed's room."""
        for index, edit in self._done:
            if edit.entity is not Entity.TERMINAL or edit.after is None or edit.after["bed"] is None:
                continue
            room = await self._references.bed_room(str(edit.after["ward"]), str(edit.after["bed"]))
            if room != edit.after["room"]:
                fault = Fault("room", "The bed is in another room.", "该床位不在此病房。")
                self._refuse("invalid", index, [fault])

    async def _check_names(self) -> None:
        """In a ward no two beds have one label, no two rooms one name: people say them."""
        for entity, field in ((Entity.BED, "label"), (Entity.ROOM, "name")):
            given = [(index, edit) for index, edit in self._done if edit.entity is entity and edit.after]
            for ward in {str(edit.ward) for _, edit in given}:
                column = BedRow.label if entity is Entity.BED else RoomRow.name
                of_ward = BedRow.ward if entity is Entity.BED else RoomRow.ward
                counted = Counter(await self._session.scalars(select(column).where(of_ward == ward)))
                for index, edit in given:
                    name = str((edit.after or {})[field])
                    if edit.ward == ward and counted[name] > 1:
                        fault = Fault(field, f"There are two called {name}.", f"“{name}”重复。")
                        self._refuse("invalid", index, [fault])

    def _refuse(self, code: str, index: int, faults: Sequence[Fault]) -> None:
        if faults:
            self._problems.setdefault(code, []).extend(
                Problem(index, fault.field, fault.message, fault.message_zh) for fault in faults
            )


def same(one: object, other: object) -> bool:
    """Whether two JSON values are the same; true is not 1, whatever Python says."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == cast(Json, other)


def _by_index(problem: Problem) -> int:
    return problem.index
