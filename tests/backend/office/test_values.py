"""What each entity's value may hold: one that is right, and everything that is wrong with others, at once."""

from __future__ import annotations

from typing import Any

import pytest
from ward_hub.office.faults import FIELDS_ZH
from ward_hub.office.port import Edit, Entity
from ward_hub.office.values import edit_faults, value_faults

from tests.backend.office.ward import HOSTING, OWN_TYPE, RULE
from tests.backend.ward import NOW

WARD_VALUE: dict[str, Any] = {
    "name": "病区",
    "name_en": "",
    "settings": {"talk": {"limit_ms": 60_000, "video": True}, "theme": "dark"},
    "marks": {},
    "escalation_ms": [30_000, 60_000, 120_000],
    "reminder_ms": 180_000,
    "all_tender": False,
    "night_from": "21:00",
    "night_to": "06:00",
}
TERMINAL: dict[str, Any] = {
    "ward": "w",
    "kind": "bedside",
    "profile": "bedside-7",
    "name": "1床",
    "name_en": "",
    "room": "r1",
    "bed": "b1",
    "serial": None,
    "mac": "AA:bb:00:11:22:33",
    "supervised": True,
    "order": 0,
}
STAFF: dict[str, Any] = {
    "ward": "w",
    "number": "n1",
    "name": "甲",
    "role": "nurse",
    "title": None,
    "active": True,
    "order": 0,
}
SCHEDULE: dict[str, Any] = {
    "ward": "w",
    "kind": "bedside",
    "terminals": None,
    "at": "21:00",
    "weekdays": [7, 1],
    "do": "volume",
    "value": 20,
    "active": True,
}
VALUES: dict[Entity, dict[str, Any]] = {
    Entity.HOSPITAL: {"name": "医院", "name_en": "", "settings": {"timezone": "Asia/Shanghai"}, "marks": {}},
    Entity.WARD: WARD_VALUE,
    Entity.ROOM: {"name": "701", "order": 1},
    Entity.BED: {"label": "+3", "call_name": "加3床", "room": "r1", "order": 1},
    Entity.GROUP: {
        "name": "东区", "order": 0, "stations": ["s1"], "beds": [], "rooms": [], "staff": [],
        "escalate_to": [],
    },
    Entity.TERMINAL: TERMINAL,
    Entity.STAFF: STAFF,
    Entity.DUTY: {"staff": "n1", "beds": ["b1"], "since": NOW, "until": None, "pda": None},
    Entity.HOSTING: HOSTING,
    Entity.HOSTING_RULE: RULE,
    Entity.CALL_TYPE: {**OWN_TYPE, "purposes": [{"id": "a", "zh": "甲", "en": "A"}]},
    Entity.PERMISSIONS: {"permissions": ["ward.read"]},
    Entity.DEVICE_SCHEDULE: SCHEDULE,
}  # fmt: skip
IDS = {Entity.PERMISSIONS: "nurse"}


def faults_of(entity: Entity, value: dict[str, Any], entity_id: str | None = None) -> list[str | None]:
    found = value_faults(entity, entity_id or IDS.get(entity, "x1"), value)
    assert all(fault.message and fault.message_zh for fault in found)
    return [fault.field for fault in found]


@pytest.mark.parametrize("entity", list(Entity))
def test_a_right_value_is_right_and_each_field_is_needed_and_of_its_type(entity: Entity) -> None:
    value = VALUES[entity]
    assert faults_of(entity, value) == []
    for field in value:
        assert field in FIELDS_ZH
        if field != "purposes":
            without = {name: item for name, item in value.items() if name != field}
            assert field in faults_of(entity, without), f"{field} left out"
        odds: tuple[Any, ...] = (1.5, {"x": [None]}, "\n", "x" * 600, [[]])
        for odd in odds:
            free = field in ("settings", "marks") and isinstance(odd, dict)
            assert free or faults_of(entity, {**value, field: odd}), f"{field} {odd!r}"
    assert None in faults_of(entity, {**value, "more": 1})
    assert len(faults_of(entity, {})) >= len([field for field in value if field != "purposes"])


@pytest.mark.parametrize(
    ("entity", "changed", "field"),
    [
        (Entity.HOSPITAL, {"settings": {"timezone": "Mars/Olympus"}}, "settings.timezone"),
        (Entity.HOSPITAL, {"settings": {"timezone": "/etc/passwd"}}, "settings.timezone"),
        (Entity.HOSPITAL, {"settings": {"x": "y" * 17_000}}, "settings"),
        (Entity.WARD, {"escalation_ms": [30_000, 20_000, 120_000]}, "escalation_ms"),
        (Entity.WARD, {"escalation_ms": [True, 20_000, 120_000]}, "escalation_ms"),
        (Entity.WARD, {"escalation_ms": [30_000, 60_000]}, "escalation_ms"),
        (Entity.WARD, {"night_from": "24:00"}, "night_from"),
        (Entity.WARD, {"settings": {"talk": {"limit_ms": 1}}}, "settings.talk"),
        (Entity.WARD, {"settings": {"talk": {"more": 1}}}, "settings.talk"),
        (Entity.WARD, {"settings": {"talk": 1}}, "settings.talk"),
        (Entity.WARD, {"all_tender": 1}, "all_tender"),
        (Entity.ROOM, {"name": " 701"}, "name"),
        (Entity.ROOM, {"name": "70\u200b1"}, "name"),
        (Entity.ROOM, {"order": True}, "order"),
        (Entity.BED, {"room": "R 1"}, "room"),
        (Entity.GROUP, {"stations": ["s1", "s1"]}, "stations"),
        (Entity.TERMINAL, {"bed": None}, "bed"),
        (Entity.TERMINAL, {"kind": "station"}, "room"),
        (Entity.TERMINAL, {"kind": "door"}, "bed"),
        (Entity.TERMINAL, {"kind": "call_point", "room": None, "bed": None}, "room"),
        (Entity.TERMINAL, {"mac": "aabbcc001122"}, "mac"),
        (Entity.STAFF, {"ward": None}, "ward"),
        (Entity.STAFF, {"role": "audit_admin"}, "ward"),
        (Entity.STAFF, {"number": "n 1"}, "number"),
        (Entity.DUTY, {"until": NOW}, "until"),
        (Entity.HOSTING, {"until_ms": HOSTING["from_ms"]}, "until_ms"),
        (Entity.HOSTING, {"until_ms": NOW + 367 * 86_400_000}, "until_ms"),
        (Entity.HOSTING, {"to": []}, "to"),
        (Entity.HOSTING_RULE, {"weekdays": [0]}, "weekdays"),
        (Entity.HOSTING_RULE, {"weekdays": [1, 1]}, "weekdays"),
        (Entity.HOSTING_RULE, {"last": "2026-12-31"}, "last"),
        (Entity.HOSTING_RULE, {"first": "2027-02-30"}, "first"),
        (Entity.CALL_TYPE, {"placed_by": ["corridor"]}, "placed_by"),
        (Entity.CALL_TYPE, {"placed_by": []}, "placed_by"),
        (Entity.CALL_TYPE, {"purposes": [{"id": "a", "zh": "甲", "en": "A"}] * 2}, "purposes"),
        (Entity.CALL_TYPE, {"purposes": [{"id": "a"}]}, "purposes"),
        (Entity.PERMISSIONS, {"permissions": ["ward.own"]}, "permissions"),
        (Entity.DEVICE_SCHEDULE, {"value": 101}, "value"),
        (Entity.DEVICE_SCHEDULE, {"do": "restart"}, "value"),
        (Entity.DEVICE_SCHEDULE, {"terminals": []}, "terminals"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(entity: Entity, changed: dict[str, Any], field: str) -> None:
    assert field in faults_of(entity, {**VALUES[entity], **changed})


def test_settings_may_be_of_any_kind_but_not_of_any_depth() -> None:
    deep: Any = 1
    for _ in range(9):
        deep = {"in": deep}
    assert faults_of(Entity.HOSPITAL, {**VALUES[Entity.HOSPITAL], "marks": deep["in"]}) == []
    assert faults_of(Entity.HOSPITAL, {**VALUES[Entity.HOSPITAL], "marks": deep}) == ["marks"]
    for _ in range(5000):
        deep = {"in": deep}
    assert faults_of(Entity.HOSPITAL, {**VALUES[Entity.HOSPITAL], "marks": deep}) == ["marks"]


def test_ids_are_of_the_ward_or_of_the_installation() -> None:
    def messages(entity: Entity, ward: str | None, entity_id: str) -> int:
        return len(edit_faults(Edit(entity, ward, entity_id, None, VALUES[entity])))

    assert messages(Entity.ROOM, "w", "r1") == 0
    assert messages(Entity.ROOM, None, "r1") == 1
    assert messages(Entity.ROOM, "W\0", "r1") == 1
    assert messages(Entity.STAFF, "w", "n1") == 1
    assert messages(Entity.ROOM, "w", "R 1") == 1
    assert messages(Entity.HOSTING, "w", "night.20270101") == 1
    assert messages(Entity.HOSTING_RULE, "w", "x" * 40) == 1
    assert messages(Entity.PERMISSIONS, None, "cook") == 1
    assert edit_faults(Edit(Entity.PERMISSIONS, None, "cook", VALUES[Entity.PERMISSIONS], None)) == []
