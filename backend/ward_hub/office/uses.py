"""What must not be taken away while it is used: reasons why an edit would break something that stands.

Of calls (design: no call is lost by a change of the configuration): a bed or room with an open call stays
where it is; a terminal keeps its kind while a call it had a part in is still in its document, for by that the
fold tells whose act counts, and its place while a call it placed is open; a call type of the ward's own stays
while a call of it is open. Groups, hosting and policies may change at any time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from ward_sync.facts import source_of

from ward_hub.directory.model import TerminalKind, TerminalState
from ward_hub.directory.tables import (
    BedRow,
    DutyRow,
    GroupMemberRow,
    GroupRow,
    HostingRow,
    HostingRuleRow,
    RoomRow,
    StaffRow,
    TerminalRow,
)
from ward_hub.office.faults import Fault
from ward_hub.office.open_calls import StandingCalls
from ward_hub.office.port import Edit, Entity

CALL_OPEN = Fault(None, "A call is open there.", "该处有进行中的呼叫。")
OF_A_CALL = Fault(None, "It has a part in a call that still stands.", "该终端涉及尚未结束的呼叫。")


class Uses:
    """Asks in one transaction. `standing`: ward → its calls; `occupied`: ward → beds with a patient."""

    def __init__(
        self,
        session: AsyncSession,
        standing: Callable[[str], Awaitable[StandingCalls]],
        occupied: Callable[[str], Collection[str]],
        own_call_type: Callable[[str], bool],
        now: int,
    ) -> None:
        self._session = session
        self._standing = standing
        self._occupied = occupied
        self._own_call_type = own_call_type
        self._now = now
        self._places: set[tuple[str, str, str | None]] | None = None
        self._people: set[str] | None = None

    def wrote(self, edit: Edit) -> None:
        """An edit was carried out: what it touches is asked anew."""
        if edit.entity is Entity.TERMINAL:
            self._places = None
        elif edit.entity is Entity.DUTY:
            self._people = None

    async def faults(self, edit: Edit) -> list[Fault]:
        """Why the edit cannot be carried out now; `before` is what is there."""
        if edit.before is None:
            return []
        match edit.entity:
            case Entity.BED:
                return await self._bed(edit)
            case Entity.ROOM if edit.after is None:
                return await self._room(edit)
            case Entity.GROUP if edit.after is None:
                return await self._group(edit)
            case Entity.TERMINAL:
                return await self._terminal(edit)
            case Entity.CALL_TYPE if edit.after is None and self._own_call_type(edit.id):
                calls = await self._standing(str(edit.ward))
                return [CALL_OPEN] if any(call.type == edit.id for call in calls.open) else []
            case Entity.WARD if edit.after is None:
                return await self._ward(edit.id)
            case Entity.STAFF:
                return await self._staff(edit)
        return []

    async def _bed(self, edit: Edit) -> list[Fault]:
        before, after, ward = edit.before or {}, edit.after, str(edit.ward)
        if after is not None and after["room"] == before["room"]:
            return []
        faults: list[Fault] = []
        calls = (await self._standing(ward)).open
        if any(call.bed == edit.id for call in calls):
            faults.append(CALL_OPEN)
        if after is not None:
            return faults
        if edit.id in self._occupied(ward):
            faults.append(Fault(None, "A patient lies in this bed.", "该床位有在床患者。"))
        if (ward, "bed", edit.id) in await self._hung():
            faults.append(Fault(None, "A terminal hangs at this bed.", "该床位仍有终端。"))
        return faults

    async def _room(self, edit: Edit) -> list[Fault]:
        ward = str(edit.ward)
        faults: list[Fault] = []
        if any(
            call.room == edit.id or source_of(call.source)[1] == edit.id
            for call in (await self._standing(ward)).open
        ):
            faults.append(CALL_OPEN)
        if await self._any(select(BedRow.id).where(BedRow.ward == ward, BedRow.room == edit.id)):
            faults.append(Fault(None, "There are beds in this room.", "该病房仍有床位。"))
        if (ward, "room", edit.id) in await self._hung():
            faults.append(Fault(None, "A terminal hangs in this room.", "该病房仍有终端。"))
        return faults

    async def _group(self, edit: Edit) -> list[Fault]:
        for table in (HostingRow, HostingRuleRow):
            if await self._any(select(table.id).where(table.ward == edit.ward, table.from_group == edit.id)):
                return [Fault(None, "A hosting names this group.", "该分组仍有托管安排。")]
        return []

    async def _terminal(self, edit: Edit) -> list[Fault]:
        before, after = edit.before or {}, edit.after
        gone = after is None
        other_ward = after is None or before["ward"] != after["ward"]
        other_kind = after is None or before["kind"] != after["kind"]
        moved = after is None or (before["room"], before["bed"]) != (after["room"], after["bed"])
        if not (other_ward or other_kind or moved):
            return []
        faults: list[Fault] = []
        calls = await self._standing(str(before["ward"]))
        if any(call.terminal == edit.id for call in calls.open):
            faults.append(CALL_OPEN)
        elif (other_ward or other_kind) and edit.id in calls.terminals:
            faults.append(OF_A_CALL)
        if other_ward and await self._any(select(DutyRow.id).where(DutyRow.pda == edit.id, self._not_over())):
            faults.append(Fault(None, "A turn has this PDA.", "仍有排班使用该手持终端。"))
        if other_kind and before["kind"] in (TerminalKind.STATION, TerminalKind.PDA):
            faults += await self._station(edit.id)
        if gone or other_kind:
            # Also of another kind: a device at a patient's bed must not become a station by one edit.
            state = await self._session.scalar(select(TerminalRow.state).where(TerminalRow.id == edit.id))
            if state == TerminalState.ACTIVE:
                faults.append(Fault(None, "It is in use: revoke it first.", "终端正在使用，请先注销。"))
        return faults

    async def _station(self, terminal: str) -> list[Fault]:
        faults: list[Fault] = []
        if await self._any(
            select(GroupMemberRow.group_id).where(
                GroupMemberRow.part.in_(("station", "escalate_to")), GroupMemberRow.member == terminal
            )
        ):
            faults.append(Fault(None, "A call group names it.", "仍有呼叫分组使用该终端。"))
        plans = select(HostingRow.to).where(HostingRow.until_ms > self._now)
        for wanted in (plans, select(HostingRuleRow.to)):
            if any(terminal in to for to in await self._session.scalars(wanted)):
                faults.append(Fault(None, "A hosting names it.", "仍有托管安排使用该终端。"))
                break
        return faults

    async def _ward(self, ward: str) -> list[Fault]:
        for table in (RoomRow, BedRow, TerminalRow, GroupRow, StaffRow, DutyRow):
            if await self._any(select(table.ward).where(table.ward == ward)):
                return [Fault(None, "There is still something in this ward.", "该病区仍有内容。")]
        return []

    async def _staff(self, edit: Edit) -> list[Fault]:
        before, after = edit.before or {}, edit.after
        if after is not None and after["ward"] == before["ward"]:
            return []
        if edit.id in await self._on_duty():
            return [Fault(None, "A turn is theirs.", "该人员仍有排班。")]
        return []

    async def _hung(self) -> set[tuple[str, str, str | None]]:
        """(ward, `bed` or `room`, id) of the places where terminals hang."""
        if self._places is None:
            rows = await self._session.execute(select(TerminalRow.ward, TerminalRow.room, TerminalRow.bed))
            self._places = set()
            for ward, room, bed in rows:
                self._places |= {(ward, "room", room), (ward, "bed", bed)}
        return self._places

    async def _on_duty(self) -> set[str]:
        """People with a turn that is not over."""
        if self._people is None:
            self._people = set(await self._session.scalars(select(DutyRow.staff).where(self._not_over())))
        return self._people

    def _not_over(self) -> ColumnElement[bool]:
        """Of turns: those of now and to come."""
        return DutyRow.until.is_(None) | (DutyRow.until > self._now)

    async def _any(self, query: Select[Any]) -> bool:
        return (await self._session.execute(query.limit(1))).first() is not None
