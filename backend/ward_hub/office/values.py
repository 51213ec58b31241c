"""Which fields each entity's value has and what they may hold; the shapes of screens/back_office/types.ts.

Pure: looks at one value alone and says all that is wrong with it. What it names must also be there:
`references.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ward_hub.directory.model import Role, TerminalKind
from ward_hub.documents.names import ID
from ward_hub.office.faults import Fault, Reading, field_zh
from ward_hub.office.port import Edit, Entity, Permission, Value

MAX_ORDER = 100_000
MAX_MS = 253_402_300_800_000
"""The year 10000: later instants are mistakes, and no calendar shows them."""
LONGEST_HOSTING_MS = 366 * 24 * 3_600_000
MAX_RULE_ID_CHARS = 39
"""A rule's hostings are called by it and their date (hosting_rules.py), within the 48 characters of an id."""
_HOSTING_OF_A_RULE = re.compile(r".*\.\d{8}", re.ASCII)
_MAC = r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}"

KINDS: Final = tuple(kind.value for kind in TerminalKind)
PLACING_KINDS: Final = tuple(kind for kind in KINDS if kind != TerminalKind.CORRIDOR)
ADMINISTRATORS: Final = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
OF_THE_INSTALLATION: Final = frozenset(
    {
        Entity.HOSPITAL,
        Entity.WARD,
        Entity.TERMINAL,
        Entity.STAFF,
        Entity.PERMISSIONS,
        Entity.DEVICE_SCHEDULE,
    }
)
"""Their ids are of the installation, so that their edits name no ward."""


def edit_faults(edit: Edit) -> list[Fault]:
    """All that is wrong with an edit by itself: its id, its ward, the value it sets."""
    faults: list[Fault] = []
    if not re.fullmatch(ID, edit.id):
        faults.append(Fault(None, "The id is not in the expected form.", "编号格式不正确。"))
    if (edit.ward is None) is not (edit.entity in OF_THE_INSTALLATION):
        expected = ("no ward", "不应指定病区") if edit.ward is not None else ("a ward", "需指定病区")
        faults.append(Fault("ward", f"{edit.entity} is of {expected[0]}.", f"{expected[1]}。"))
    if edit.ward is not None and not re.fullmatch(ID, edit.ward):
        faults.append(Fault("ward", "The ward is not in the expected form.", "病区编号格式不正确。"))
    if edit.after is not None:
        faults += value_faults(edit.entity, edit.id, edit.after)
    return faults


def value_faults(entity: Entity, entity_id: str, value: Value) -> list[Fault]:
    """All that is wrong with a value of the entity."""
    reading = Reading(value)
    _READERS[entity](reading, entity_id)
    return reading.finish()


def _hospital(reading: Reading, _id: str) -> None:
    reading.text("name", 100)
    reading.text("name_en", 100, least=0)
    reading.free("marks")
    settings = reading.free("settings")
    zone = (settings or {}).get("timezone")
    if zone is not None and not _is_zone(zone):
        reading.fault("settings.timezone", "This time zone is not known.", "未知的时区。")


def _is_zone(name: object) -> bool:
    if not isinstance(name, str):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _ward(reading: Reading, _id: str) -> None:
    reading.text("name", 100)
    reading.text("name_en", 100, least=0)
    reading.free("marks")
    talk = (reading.free("settings") or {}).get("talk")
    if talk is not None:
        _talk(reading, talk)
    steps = [step for step in reading.items("escalation_ms", 3) if type(step) is int]
    if len(steps) != 3 or not 1_000 <= steps[0] <= steps[1] <= steps[2] <= 3_600_000:
        reading.fault(
            "escalation_ms",
            "escalation_ms must be three times from 1 s to 1 h, none before the last.",
            "“升级时间”需为三个由小到大的时间，1 秒至 1 小时。",
        )
    reading.integer("reminder_ms", 10_000, 3_600_000)
    reading.boolean("all_tender")
    reading.clock("night_from")
    reading.clock("night_to")


def _talk(outer: Reading, talk: object) -> None:
    if not isinstance(talk, dict):
        outer.fault("settings.talk", "settings.talk must be an object.", "通话设置格式不正确。")
        return
    reading = Reading(talk)
    if reading.given("limit_ms"):
        reading.integer("limit_ms", 10_000, 3_600_000)
    for field in ("video", "recording"):
        if reading.given(field):
            reading.boolean(field)
    for fault in reading.finish():
        outer.fault("settings.talk", fault.message, fault.message_zh)


def _room(reading: Reading, _id: str) -> None:
    reading.text("name", 60)
    reading.integer("order", 0, MAX_ORDER)


def _bed(reading: Reading, _id: str) -> None:
    reading.text("label", 20)
    reading.text("call_name", 40)
    reading.id("room")
    reading.integer("order", 0, MAX_ORDER)


def _group(reading: Reading, _id: str) -> None:
    reading.text("name", 60)
    reading.integer("order", 0, MAX_ORDER)
    reading.ids("stations", 16)
    for field in ("beds", "rooms", "staff"):
        reading.ids(field, 500)
    reading.ids("escalate_to", 16)


def _terminal(reading: Reading, _id: str) -> None:
    reading.id("ward")
    kind = reading.one_of("kind", KINDS)
    reading.id("profile")
    reading.text("name", 60)
    reading.text("name_en", 60, least=0)
    reading.optional("room", reading.id)
    reading.optional("bed", reading.id)
    reading.optional("serial", lambda field: reading.text(field, 64))
    reading.optional("mac", lambda field: reading.text(field, 17, pattern=_MAC))
    reading.boolean("supervised")
    reading.integer("order", 0, MAX_ORDER)
    if kind is not None:
        _place(reading, TerminalKind(kind))


def _place(reading: Reading, kind: TerminalKind) -> None:
    """A bedside hangs at a bed, a door or call point in a room; the others in the ward."""
    room, bed = reading.has("room"), reading.has("bed")
    if kind is TerminalKind.BEDSIDE and not (room and bed):
        reading.fault("bed", "A bedside has a room and a bed.", "床头屏需指定病房和床位。")
    elif kind in (TerminalKind.DOOR, TerminalKind.CALL_POINT) and not room:
        reading.fault("room", f"A {kind.value} has a room.", "该类型终端需指定病房。")
    elif kind is TerminalKind.DOOR and bed:
        reading.fault("bed", "A door has no bed.", "门口屏不能指定床位。")
    elif kind not in (TerminalKind.BEDSIDE, TerminalKind.DOOR, TerminalKind.CALL_POINT) and (room or bed):
        reading.fault("room", f"A {kind.value} has no room or bed.", "该类型终端不能指定病房或床位。")


def _staff(reading: Reading, _id: str) -> None:
    reading.text("number", 32, pattern=r"\S+")
    reading.text("name", 40)
    role = reading.one_of("role", [role.value for role in Role])
    reading.optional("title", lambda field: reading.text(field, 32))
    reading.boolean("active")
    reading.integer("order", 0, MAX_ORDER)
    reading.optional("ward", reading.id)
    if role is not None and (Role(role) in ADMINISTRATORS) is reading.has("ward"):
        reading.fault(
            "ward",
            "An administrator belongs to no ward, everybody else to one.",
            "管理员不属于任何病区，其他人员必须属于一个病区。",
        )


def _duty(reading: Reading, _id: str) -> None:
    reading.id("staff")
    reading.ids("beds", 500)
    since = reading.integer("since", 0, MAX_MS)
    if reading.has("until"):
        until = reading.integer("until", 0, MAX_MS)
        _in_order(reading, since, until, "until")
    else:
        reading.optional("until", reading.id)
    reading.optional("pda", reading.id)


def _hosting(reading: Reading, entity_id: str) -> None:
    if _HOSTING_OF_A_RULE.fullmatch(entity_id):
        reading.fault(None, "Ids that end in a date are for weekly hosting.", "编号不能以日期结尾。")
    reading.id("from_group")
    reading.ids("to", 8, least=1)
    since, until = reading.integer("from_ms", 0, MAX_MS), reading.integer("until_ms", 0, MAX_MS)
    _in_order(reading, since, until, "until_ms")
    if since is not None and until is not None and until - since > LONGEST_HOSTING_MS:
        reading.fault("until_ms", "A hosting lasts at most 366 days.", "托管最长 366 天。")


def _in_order(reading: Reading, since: int | None, until: int | None, field: str) -> None:
    if since is not None and until is not None and until <= since:
        reading.fault(field, f"{field} must be after the start.", f"“{field_zh(field)}”需晚于开始。")


def _hosting_rule(reading: Reading, entity_id: str) -> None:
    if len(entity_id) > MAX_RULE_ID_CHARS:
        reading.fault(
            None,
            f"The id has at most {MAX_RULE_ID_CHARS} characters.",
            f"编号最多 {MAX_RULE_ID_CHARS} 个字符。",
        )
    reading.id("from_group")
    reading.ids("to", 8, least=1)
    reading.weekdays("weekdays")
    reading.clock("from")
    reading.clock("until")
    first = reading.date("first")
    if reading.has("last"):
        last = reading.date("last")
        if first is not None and last is not None and last < first:
            reading.fault("last", "last must not be before first.", "“末日”不能早于首日。")
    else:
        reading.optional("last", reading.id)


def _call_type(reading: Reading, _id: str) -> None:
    reading.text("zh", 20)
    reading.text("en", 40)
    reading.one_of("priority", ("code", "urgent", "routine", "service"))
    reading.one_of("tone", ("high", "medium", "low"))
    reading.one_of("light", ("steady", "urgent", "code"))
    reading.one_of("clear", ("tender", "strict"))
    reading.boolean("may_talk")
    reading.words("placed_by", PLACING_KINDS, least=1)
    if reading.given("purposes"):
        _purposes(reading)


def _purposes(outer: Reading) -> None:
    seen: set[str] = set()
    for purpose in outer.items("purposes", 24):
        if not isinstance(purpose, dict):
            outer.fault("purposes", "A purpose is an object.", "用途格式不正确。")
            continue
        reading = Reading(purpose)
        name = reading.id("id")
        reading.text("zh", 20)
        reading.text("en", 40)
        for fault in reading.finish():
            outer.fault("purposes", f"A purpose: {fault.message}", f"用途：{fault.message_zh}")
        if name in seen:
            outer.fault("purposes", f"Two purposes are called {name}.", "用途有重复项。")
        seen.add(name or "")


def _permissions(reading: Reading, entity_id: str) -> None:
    if entity_id not in {role.value for role in Role}:
        reading.fault(None, "There is no such role.", "没有该角色。")
    reading.words("permissions", [permission.value for permission in Permission])


def _device_schedule(reading: Reading, _id: str) -> None:
    reading.id("ward")
    reading.optional("kind", lambda field: reading.one_of(field, KINDS))
    reading.optional("terminals", lambda field: reading.ids(field, 500, least=1))
    reading.clock("at")
    reading.weekdays("weekdays")
    do = reading.one_of("do", ("volume", "brightness", "screen_on", "screen_off", "restart"))
    if do in ("volume", "brightness"):
        reading.integer("value", 0, 100)
    elif reading.has("value"):
        reading.fault("value", f"{do} has no value.", "该动作没有数值。")
    else:
        reading.optional("value", reading.id)
    reading.boolean("active")


_READERS: Mapping[Entity, Callable[[Reading, str], None]] = {
    Entity.HOSPITAL: _hospital,
    Entity.WARD: _ward,
    Entity.ROOM: _room,
    Entity.BED: _bed,
    Entity.GROUP: _group,
    Entity.TERMINAL: _terminal,
    Entity.STAFF: _staff,
    Entity.DUTY: _duty,
    Entity.HOSTING: _hosting,
    Entity.HOSTING_RULE: _hosting_rule,
    Entity.CALL_TYPE: _call_type,
    Entity.PERMISSIONS: _permissions,
    Entity.DEVICE_SCHEDULE: _device_schedule,
}
