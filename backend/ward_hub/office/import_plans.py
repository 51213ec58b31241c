"""Which edits the rows of an import come to. Pure.

Rows are told from what is there by the name people use: a bed by its label, a person by the number, a
terminal by its name, or by an id where one is given. A column or cell that is not there leaves what is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from ward_hub.devices.profiles import load_profiles
from ward_hub.directory.model import Role, TerminalKind
from ward_hub.documents.names import ID
from ward_hub.office.import_rows import (
    COLUMNS,
    KIND_NAMES,
    ROLES,
    Cells,
    Plan,
    Row,
    There,
    read_head,
    read_rows,
)
from ward_hub.office.port import Edit, Entity, Value
from ward_hub.office.sheets import SheetRow


def plan_import(kind: str, sheet: Sequence[SheetRow], there: There) -> Plan:
    """Return what the sheet comes to."""
    plan = Plan()
    places = read_head(COLUMNS[kind], sheet[0], plan)
    plan.rows = len(sheet) - 1
    if plan.errors:
        return plan
    rows = list(read_rows(COLUMNS[kind], places, sheet[1:], plan))
    _PLANS[kind](rows, there, plan)
    return plan


def _once(cells: Cells, seen: dict[str, int], name: str, column: str) -> None:
    """No two rows are about one thing."""
    if name in seen:
        cells.wrong(column, f"This stands in row {seen[name]} already.", f"与第 {seen[name]} 行重复。")
    seen.setdefault(name, cells.number)


class _Ids:
    """Ids that are taken, and the next free ones."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))

    def take(self, wanted: str) -> bool:
        """Whether the id is free; from now on it is not."""
        free = wanted not in self._taken
        self._taken.add(wanted)
        return free

    def next(self, prefix: str, digits: int = 2) -> str:
        """The prefix with the next number that makes a free id."""
        return next(made for n in self._numbers[prefix] if self.take(made := f"{prefix}{n:0{digits}d}"))


def _last(values: Mapping[str, Value]) -> int:
    return max((int(str(value["order"])) for value in values.values()), default=0)


def _add(
    plan: Plan, row: int, entity: Entity, ward: str | None, name: str, before: Value | None, after: Value
) -> None:
    if before != after:
        plan.edits.append((row, Edit(entity, ward, name, before, after)))


def _plan_beds(rows: Sequence[tuple[int, Row]], there: There, plan: Plan) -> None:
    rooms = {str(value["name"]): room for room, value in there.rooms.items()}
    labels = {str(value["label"]): bed for bed, value in there.beds.items()}
    room_ids = _Ids(there.rooms)
    bed_ids = _Ids([*there.beds, *(row["id"] for _, row in rows if "id" in row)])
    room_order, bed_order = _last(there.rooms), _last(there.beds)
    seen: dict[str, int] = {}
    seen_ids: dict[str, int] = {}
    for number, row in rows:
        cells = Cells(number, row, plan)
        given = cells.id()
        bed = given or labels.get(row["label"])
        before = there.beds.get(bed) if bed else None
        _once(cells, seen, row["label"], "label")
        if bed is not None:
            _once(cells, seen_ids, bed, "id")
        order = cells.whole("order", int(str(before["order"])) if before else bed_order + 1)
        if not cells.good:
            continue
        if row["room"] not in rooms:
            room_order += 1
            rooms[row["room"]] = room_ids.next("r")
            room: dict[str, Any] = {"name": row["room"], "order": room_order}
            _add(plan, number, Entity.ROOM, there.ward, rooms[row["room"]], None, room)
        bed_order = max(bed_order, order)
        kept = str(before["call_name"]) if before else f"{row['label']}床"
        after: dict[str, Any] = {
            "label": row["label"],
            "call_name": row.get("call_name", kept),
            "room": rooms[row["room"]],
            "order": order,
        }
        _add(plan, number, Entity.BED, there.ward, bed or bed_ids.next("b"), before, after)
    # Rooms before the beds in them, all together.
    plan.edits.sort(key=lambda planned: planned[1].entity is Entity.BED)


def _plan_staff(rows: Sequence[tuple[int, Row]], there: There, plan: Plan) -> None:
    numbers = {str(value["number"]): person for person, value in there.staff.items()}
    wards = {**{name: ward for ward, name in there.wards.items()}, **{ward: ward for ward in there.wards}}
    ids = _Ids(there.staff)
    order = _last(there.staff)
    seen: dict[str, int] = {}
    for number, row in rows:
        cells = Cells(number, row, plan)
        _once(cells, seen, row["number"], "number")
        person = numbers.get(row["number"])
        before = there.staff.get(person) if person else None
        role = cells.one_of("role", ROLES, list(Role))
        ward = there.ward if before is None or there.ward is not None else before["ward"]
        if "ward" in row:
            ward = wards.get(row["ward"])
            if ward is None:
                cells.wrong("ward", "There is no such ward.", "没有该病区。")
        if role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN) and "ward" not in row:
            ward = None
        active = cells.yes("active", bool(before["active"]) if before else True)
        place = cells.whole("order", int(str(before["order"])) if before else order + 1)
        if not cells.good:
            continue
        order = max(order, place)
        title = {"主任": "director"}.get(row.get("title", ""), row.get("title"))
        after: dict[str, Any] = {
            "ward": ward,
            "number": row["number"],
            "name": row["name"],
            "role": role,
            "title": title if title is not None or before is None else before["title"],
            "active": active,
            "order": place,
        }
        if person is None:
            wanted = row["number"].lower()
            person = wanted if re.fullmatch(ID, wanted) and ids.take(wanted) else ids.next("s", 4)
        _add(plan, number, Entity.STAFF, None, person, before, after)


def _plan_terminals(rows: Sequence[tuple[int, Row]], there: There, plan: Plan) -> None:
    names = {str(value["name"]): terminal for terminal, value in there.terminals.items()}
    rooms = {str(value["name"]): room for room, value in there.rooms.items()}
    beds = {str(value["label"]): bed for bed, value in there.beds.items()}
    ids = _Ids([*there.terminal_ids, *(row["id"] for _, row in rows if "id" in row)])
    order = _last(there.terminals)
    seen: dict[str, int] = {}
    seen_ids: dict[str, int] = {}
    for number, row in rows:
        cells = Cells(number, row, plan)
        given = cells.id()
        _once(cells, seen, row["name"], "name")
        terminal = given or names.get(row["name"])
        if terminal is not None:
            _once(cells, seen_ids, terminal, "id")
        if given in there.terminal_ids and given not in there.terminals:
            cells.wrong("id", "This terminal is in another ward.", "该终端属于其他病区。")
        before = there.terminals.get(terminal) if terminal else None
        kind = cells.one_of("kind", KIND_NAMES, list(TerminalKind))
        bed = _place(cells, "bed", beds, None if before is None else before["bed"])
        room = _place(cells, "room", rooms, None if before is None else before["room"])
        if bed is not None and "room" not in row:
            room = str(there.beds[bed]["room"]) if bed in there.beds else room
        supervised = cells.yes(
            "supervised", bool(before["supervised"]) if before else kind != TerminalKind.PDA.value
        )
        place = cells.whole("order", int(str(before["order"])) if before else order + 1)
        if not cells.good or kind is None:
            continue
        order = max(order, place)
        kept = before or {}
        after: dict[str, Any] = {
            "ward": there.ward,
            "kind": kind,
            "profile": row.get("profile") or kept.get("profile") or _only_profile(kind),
            "name": row["name"],
            "name_en": row.get("name_en", kept.get("name_en", row["name"])),
            "room": room,
            "bed": bed,
            "serial": row.get("serial", kept.get("serial")),
            "mac": _mac(row["mac"]) if "mac" in row else kept.get("mac"),
            "supervised": supervised,
            "order": place,
        }
        if terminal is None:
            at = {"bedside": ("bed", bed), "door": ("door", room)}.get(kind)
            hangs = f"{at[0]}-{at[1]}" if at and at[1] else None
            terminal = hangs if hangs and ids.take(hangs) else ids.next(f"{kind.replace('_', '-')}-")
        _add(plan, number, Entity.TERMINAL, None, terminal, before, after)


def _place(cells: Cells, column: str, known: Mapping[str, str], otherwise: object) -> str | None:
    """The id of the room or bed that the cell names."""
    text = cells.row.get(column)
    if text is None:
        return otherwise if isinstance(otherwise, str) else None
    if text not in known:
        cells.wrong(column, f"There is no {text} in this ward.", f"本病区没有“{text}”。")
    return known.get(text)


def _only_profile(kind: str) -> str:
    """The device meant where none is named and only one of the kind is known; else nothing: it is refused."""
    known = [profile.id for profile in load_profiles().values() if profile.kind.value == kind]
    return known[0] if len(known) == 1 else ""


def _mac(text: str) -> str:
    """A MAC address in the form the directory keeps, whichever way the sticker has it."""
    digits = re.sub(r"[:.\-\s]", "", text).lower()
    if re.fullmatch(r"[0-9a-f]{12}", digits):
        return ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    return text


_PLANS: Mapping[str, Callable[[Sequence[tuple[int, Row]], There, Plan], None]] = {
    "beds": _plan_beds,
    "staff": _plan_staff,
    "terminals": _plan_terminals,
}
