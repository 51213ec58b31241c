"""Device schedules (DEV-02): what terminals do of themselves at a time of day, in the hospital's time zone.

The back office changes them like everything else it configures: `read` and `write` are its two ways here.
Terminals get those that concern them in their device document (fleet/wishes.py) and carry them out
without the hub.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.directory.model import Terminal, TerminalKind
from ward_hub.directory.store import bump_revision
from ward_hub.documents.names import ID
from ward_hub.documents.port import Json
from ward_hub.fleet.tables import DeviceScheduleRow

DOES = ("volume", "brightness", "screen_on", "screen_off", "restart")
WITH_VALUE = frozenset({"volume", "brightness"})
MAX_NAMED = 5_000
_FIELDS = frozenset({"ward", "kind", "terminals", "at", "weekdays", "do", "value", "active"})
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class BadSchedule(ValueError):
    """A schedule that cannot be taken; the message names the field and what was expected."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """DeviceScheduleValue with its id. `weekdays`: 1 Monday to 7 Sunday."""

    id: str
    ward: str
    kind: TerminalKind | None
    terminals: tuple[str, ...] | None
    at: str
    weekdays: tuple[int, ...]
    do: str
    value: int | None
    active: bool

    def concerns(self, terminal: Terminal) -> bool:
        """Whether it is for this terminal: of its ward, and of the kind or among those named if any are."""
        if not self.active or terminal.ward != self.ward:
            return False
        if self.terminals is not None:
            return terminal.id in self.terminals
        return self.kind is None or terminal.kind is self.kind

    def document_value(self) -> dict[str, Json]:
        """DeviceSchedule, as it stands in a device document."""
        return {"at": self.at, "weekdays": list(self.weekdays), "do": self.do, "value": self.value}

    def office_value(self) -> dict[str, Json]:
        """DeviceScheduleValue, as the back office has it."""
        return {
            "ward": self.ward,
            "kind": None if self.kind is None else self.kind.value,
            "terminals": None if self.terminals is None else list(self.terminals),
            **self.document_value(),
            "active": self.active,
        }


def parse_schedule(schedule_id: str, value: Mapping[str, Any]) -> Schedule:
    """Return the schedule in a DeviceScheduleValue. Raises BadSchedule.

    Whether ward and terminals exist is the caller's to ask.
    """
    if not re.fullmatch(ID, schedule_id):
        raise BadSchedule("id: expected small letters, digits, '.', '_', '-'")
    if value.keys() != _FIELDS:
        raise BadSchedule(f"expected exactly the fields {', '.join(sorted(_FIELDS))}")
    if not isinstance(value["ward"], str) or not re.fullmatch(ID, value["ward"]):
        raise BadSchedule("ward: expected an id")
    if not isinstance(value["at"], str) or not _TIME.fullmatch(value["at"]):
        raise BadSchedule("at: expected HH:MM")
    if type(value["active"]) is not bool:
        raise BadSchedule("active: expected true or false")
    do = value["do"]
    if do not in DOES:
        raise BadSchedule(f"do: expected one of {', '.join(DOES)}")
    return Schedule(
        id=schedule_id,
        ward=value["ward"],
        kind=_kind(value["kind"]),
        terminals=_terminals(value["terminals"]),
        at=value["at"],
        weekdays=_weekdays(value["weekdays"]),
        do=do,
        value=_amount(do, value["value"]),
        active=value["active"],
    )


async def read(session: AsyncSession, ward: str | None, schedule_id: str) -> dict[str, Json] | None:
    """Return the DeviceScheduleValue of this id, None when there is none. `ward` is not looked at: ids are of
    the installation."""
    row = await session.get(DeviceScheduleRow, schedule_id)
    return None if row is None else _schedule(row).office_value()


async def write(
    session: AsyncSession, ward: str | None, schedule_id: str, value: Mapping[str, Any] | None
) -> None:
    """Make, change or (None) remove a schedule, in the caller's transaction. Raises BadSchedule.

    Counts as a change of the directory, by which the running hub notices it.
    """
    row = await session.get(DeviceScheduleRow, schedule_id)
    if value is None:
        if row is not None:
            await session.delete(row)
        await bump_revision(session)
        return
    schedule = parse_schedule(schedule_id, value)
    if row is None:
        row = DeviceScheduleRow(id=schedule_id)
        session.add(row)
    row.ward = schedule.ward
    row.kind = None if schedule.kind is None else schedule.kind.value
    row.terminals = None if schedule.terminals is None else list(schedule.terminals)
    row.at, row.weekdays = schedule.at, list(schedule.weekdays)
    row.do, row.value, row.active = schedule.do, schedule.value, schedule.active
    await bump_revision(session)


async def load_schedules(session: AsyncSession) -> tuple[Schedule, ...]:
    """All schedules, by id."""
    rows = await session.scalars(select(DeviceScheduleRow).order_by(DeviceScheduleRow.id))
    return tuple(_schedule(row) for row in rows)


def _schedule(row: DeviceScheduleRow) -> Schedule:
    return Schedule(
        id=row.id,
        ward=row.ward,
        kind=None if row.kind is None else TerminalKind(row.kind),
        terminals=None if row.terminals is None else tuple(row.terminals),
        at=row.at,
        weekdays=tuple(row.weekdays),
        do=row.do,
        value=row.value,
        active=row.active,
    )


def _kind(value: object) -> TerminalKind | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in list(TerminalKind):
        raise BadSchedule("kind: expected a kind of terminal or null")
    return TerminalKind(value)


def _terminals(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not 0 < len(value) <= MAX_NAMED:
        raise BadSchedule(f"terminals: expected 1 to {MAX_NAMED} ids or null")
    if not all(isinstance(one, str) and re.fullmatch(ID, one) for one in value):
        raise BadSchedule("terminals: expected ids")
    return tuple(dict.fromkeys(value))


def _weekdays(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= 7:
        raise BadSchedule("weekdays: expected one to seven days")
    if not all(type(day) is int and 1 <= day <= 7 for day in value):
        raise BadSchedule("weekdays: expected 1 (Monday) to 7 (Sunday)")
    return tuple(sorted(set(value)))


def _amount(do: str, value: object) -> int | None:
    if do not in WITH_VALUE:
        if value is not None:
            raise BadSchedule(f"value: expected null for {do}")
        return None
    if type(value) is not int or not 0 <= value <= 100:
        raise BadSchedule("value: expected 0 to 100")
    return value
