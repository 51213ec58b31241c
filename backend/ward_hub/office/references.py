"""Whether what a value names is there, and what must be the only one of its kind.

Reads the ids of a ward once and keeps up with what is written, so that an import of thousands of rows asks
little.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.devices.profiles import load_profiles
from ward_hub.directory.model import TerminalKind
from ward_hub.directory.tables import BedRow, GroupRow, RoomRow, StaffRow, TerminalRow, WardRow
from ward_hub.office.faults import Fault, field_zh
from ward_hub.office.port import Edit, Entity, Value

_TABLES: Mapping[Entity, type[RoomRow] | type[GroupRow] | type[StaffRow]] = {
    Entity.ROOM: RoomRow,
    Entity.GROUP: GroupRow,
    Entity.STAFF: StaffRow,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """Of a terminal: where it is."""

    ward: str
    kind: str


class References:
    """What there is, in one transaction. `wrote` must be told of every edit that was carried out."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._wards: set[str] | None = None
        self._terminals: dict[str, Slot] | None = None
        self._numbers: dict[str, str] | None = None
        self._of_ward: dict[tuple[Entity, str], dict[str, str]] = {}
        self._broken: set[tuple[Entity, str | None, str]] = set()

    def broken(self, edit: Edit) -> None:
        """An edit was found wrong: what else names its subject is not to be blamed for that."""
        if edit.after is not None:
            self._broken.add((edit.entity, edit.ward, edit.id))

    def wrote(self, edit: Edit) -> None:
        """An edit was carried out."""
        if edit.entity is Entity.WARD:
            self._wards = None
        elif edit.entity is Entity.TERMINAL:
            self._terminals = None
        elif edit.entity is Entity.STAFF:
            self._forget_staff(edit)
        elif edit.ward is not None and (edit.entity, edit.ward) in self._of_ward:
            known = self._of_ward[edit.entity, edit.ward]
            if edit.after is None:
                known.pop(edit.id, None)
            else:
                known[edit.id] = str(edit.after.get("room", ""))

    async def faults(self, edit: Edit) -> list[Fault]:
        """What the edit's value names and is not there."""
        value = edit.after
        if value is None:
            return []
        faults: list[Fault] = []
        if edit.ward is not None and not await self._has_ward(edit.ward):
            faults.append(Fault("ward", f"There is no ward {edit.ward}.", "没有该病区。"))
        match edit.entity:
            case Entity.BED:
                faults += await self._in_ward(edit, Entity.ROOM, "room")
            case Entity.GROUP:
                faults += await self._group(edit)
            case Entity.TERMINAL:
                faults += await self._terminal(edit, value)
            case Entity.STAFF:
                faults += await self._staff(edit, value)
            case Entity.DUTY:
                faults += await self._duty(edit)
            case Entity.HOSTING | Entity.HOSTING_RULE:
                faults += await self._in_ward(edit, Entity.GROUP, "from_group")
                faults += await self._stations("to", edit)
            case Entity.DEVICE_SCHEDULE:
                faults += await self._schedule(value)
        return faults

    async def bed_room(self, ward: str, bed: str) -> str | None:
        """The room of a bed of the ward."""
        return (await self._known(Entity.BED, ward)).get(bed)

    async def slot(self, terminal: str) -> Slot | None:
        return (await self._slots()).get(terminal)

    async def _group(self, edit: Edit) -> list[Fault]:
        faults = await self._stations("stations", edit)
        faults += await self._receivers("escalate_to", edit)
        for entity, field in ((Entity.BED, "beds"), (Entity.ROOM, "rooms"), (Entity.STAFF, "staff")):
            faults += await self._in_ward(edit, entity, field)
        return faults

    async def _terminal(self, edit: Edit, value: Value) -> list[Fault]:
        ward = str(value["ward"])
        if not await self._has_ward(ward):
            return [Fault("ward", f"There is no ward {ward}.", "没有该病区。")]
        faults: list[Fault] = []
        profile = load_profiles().get(str(value["profile"]))
        if profile is None or profile.kind.value != value["kind"]:
            faults.append(
                Fault("profile", "This is no device of this kind.", "该型号不存在，或不属于该终端类型。")
            )
        for entity, field in ((Entity.ROOM, "room"), (Entity.BED, "bed")):
            if value[field] is not None:
                faults += await self._names(entity, ward, field, [str(value[field])])
        return faults

    async def _staff(self, edit: Edit, value: Value) -> list[Fault]:
        faults: list[Fault] = []
        if value["ward"] is not None and not await self._has_ward(str(value["ward"])):
            faults.append(Fault("ward", f"There is no ward {value['ward']}.", "没有该病区。"))
        if self._numbers is None:
            rows = await self._session.execute(select(StaffRow.number, StaffRow.id))
            self._numbers = dict(rows.all())
        if self._numbers.get(str(value["number"]), edit.id) != edit.id:
            faults.append(Fault("number", "Somebody has this number.", "该工号已被使用。"))
        return faults

    async def _duty(self, edit: Edit) -> list[Fault]:
        value = edit.after or {}
        faults = await self._in_ward(edit, Entity.STAFF, "staff")
        faults += await self._in_ward(edit, Entity.BED, "beds")
        if value["pda"] is not None:
            slot = await self.slot(str(value["pda"]))
            if slot != Slot(str(edit.ward), TerminalKind.PDA.value):
                faults.append(Fault("pda", "This is no PDA of the ward.", "不是本病区的手持终端。"))
        return faults

    async def _schedule(self, value: Value) -> list[Fault]:
        ward = str(value["ward"])
        faults: list[Fault] = []
        if not await self._has_ward(ward):
            faults.append(Fault("ward", f"There is no ward {ward}.", "没有该病区。"))
        slots = await self._slots()
        for terminal in cast("list[str]", value["terminals"] or []):
            slot = slots.get(terminal)
            if slot is None or slot.ward != ward:
                faults.append(_missing("terminals", terminal))
        return faults

    async def _stations(self, field: str, edit: Edit) -> list[Fault]:
        return await self._of_kinds(field, edit, (TerminalKind.STATION,))

    async def _receivers(self, field: str, edit: Edit) -> list[Fault]:
        return await self._of_kinds(field, edit, (TerminalKind.STATION, TerminalKind.PDA))

    async def _of_kinds(self, field: str, edit: Edit, kinds: Collection[TerminalKind]) -> list[Fault]:
        """Terminals of the edit's own ward: the hub grants another ward's station these calls, but its screen
        does not show them yet, and a plan that rings nowhere must not be made."""
        slots = await self._slots()
        faults: list[Fault] = []
        for terminal in cast("list[str]", (edit.after or {})[field]):
            slot = slots.get(terminal)
            if (Entity.TERMINAL, None, terminal) in self._broken:
                continue
            if slot is None or slot.kind not in kinds:
                faults.append(_missing(field, terminal))
            elif slot.ward != edit.ward:
                faults.append(
                    Fault(
                        field,
                        f"{terminal} is of another ward: its screen does not show this ward's calls yet.",
                        f"{terminal} 属于其他病区，其屏幕暂不能显示本病区的呼叫。",
                    )
                )
        return faults

    async def _in_ward(self, edit: Edit, entity: Entity, field: str) -> list[Fault]:
        value = (edit.after or {})[field]
        wanted = [value] if isinstance(value, str) else cast("list[str]", value)
        return await self._names(entity, str(edit.ward), field, wanted)

    async def _names(self, entity: Entity, ward: str, field: str, wanted: Collection[str]) -> list[Fault]:
        known = await self._known(entity, ward)
        at = None if entity is Entity.STAFF else ward
        return [
            _missing(field, name)
            for name in wanted
            if name not in known and (entity, at, name) not in self._broken
        ]

    async def _has_ward(self, ward: str) -> bool:
        if self._wards is None:
            self._wards = set(await self._session.scalars(select(WardRow.id)))
        return ward in self._wards or (Entity.WARD, None, ward) in self._broken

    async def _slots(self) -> Mapping[str, Slot]:
        if self._terminals is None:
            rows = await self._session.execute(select(TerminalRow.id, TerminalRow.ward, TerminalRow.kind))
            self._terminals = {terminal: Slot(ward, kind) for terminal, ward, kind in rows}
        return self._terminals

    async def _known(self, entity: Entity, ward: str) -> Mapping[str, str]:
        """Ids of the ward; for beds with their room."""
        found = self._of_ward.get((entity, ward))
        if found is None:
            if entity is Entity.BED:
                rows = await self._session.execute(select(BedRow.id, BedRow.room).where(BedRow.ward == ward))
                found = dict(rows.all())
            else:
                table = _TABLES[entity]
                ids = await self._session.scalars(select(table.id).where(table.ward == ward))
                found = dict.fromkeys(ids, "")
            self._of_ward[entity, ward] = found
        return found

    def _forget_staff(self, edit: Edit) -> None:
        for value in (edit.before, edit.after):
            if value is not None and value["ward"] is not None:
                self._of_ward.pop((Entity.STAFF, str(value["ward"])), None)
        if self._numbers is not None:
            if edit.before is not None:
                self._numbers.pop(str(edit.before["number"]), None)
            if edit.after is not None:
                self._numbers[str(edit.after["number"])] = edit.id


def _missing(field: str, name: str) -> Fault:
    return Fault(field, f"{field}: there is no {name}.", f"“{field_zh(field)}”中的 {name} 不存在。")
