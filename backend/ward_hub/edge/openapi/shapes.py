"""Building blocks of the shapes in the HTTP interface: small schemas, and the fields of configured things."""

from __future__ import annotations

from collections.abc import Mapping

from ward_hub.directory.model import Role, TerminalKind
from ward_hub.documents import names
from ward_hub.documents.port import Json
from ward_hub.edge.openapi.operation import Schema
from ward_hub.office.port import Permission


def ref(name: str) -> Schema:
    """One of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with exactly these fields."""
    properties: dict[str, Json] = {**fields, **(optional or {})}
    return {
        "type": "object",
        "properties": properties,
        "required": list(fields),
        "additionalProperties": False,
    }


def listed(items: Schema, least: int = 0, most: int | None = None) -> Schema:
    value: Schema = {"type": "array", "items": items}
    if least:
        value["minItems"] = least
    if most is not None:
        value["maxItems"] = most
    return value


def text(most: int, least: int = 1) -> Schema:
    """A text of `least` to `most` characters, without NUL and lone surrogates."""
    return {"type": "string", "minLength": least, "maxLength": most, "pattern": r"^[^\u0000]*$"}


def one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def every(**fields: Schema) -> dict[str, Schema]:
    return fields


STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
NOTHING = record({})
"""The empty object."""
INSTANT = whole(0, 10**15 - 1)
ID: Schema = {"type": "string", "pattern": f"^{names.ID}$"}
HEX16: Schema = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
HEX32: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
KIND = one_of(*TerminalKind)
ROLE = one_of(*Role)
PERMISSION = one_of(*Permission)
STRINGS = listed(STRING)
DOINGS = ("restart", "volume", "brightness", "screen_on", "screen_off")

TITLE_FIELDS = every(id=STRING, name=STRING, name_en=STRING)
HOSPITAL_FIELDS = every(name=STRING, name_en=STRING, settings=OBJECT, marks=OBJECT)
ROOM_FIELDS = every(name=STRING, order=INTEGER)
BED_FIELDS = every(label=STRING, call_name=STRING, room=STRING, order=INTEGER)
GROUP_FIELDS = every(
    name=STRING,
    order=INTEGER,
    stations=STRINGS,
    beds=STRINGS,
    rooms=STRINGS,
    staff=STRINGS,
    escalate_to=STRINGS,
)
TERMINAL_FIELDS = every(
    ward=STRING,
    kind=KIND,
    profile=STRING,
    name=STRING,
    name_en=STRING,
    room=maybe(STRING),
    bed=maybe(STRING),
    serial=maybe(STRING),
    mac=maybe(STRING),
    supervised=BOOLEAN,
    order=INTEGER,
)
STAFF_FIELDS = every(
    ward=maybe(STRING),
    number=STRING,
    name=STRING,
    role=ROLE,
    title=maybe(STRING),
    active=BOOLEAN,
    order=INTEGER,
)
DUTY_FIELDS = every(staff=STRING, beds=STRINGS, since=INTEGER, until=maybe(INTEGER), pda=maybe(STRING))
HOSTING_FIELDS = every(from_group=STRING, to=STRINGS, from_ms=INTEGER, until_ms=INTEGER)
HOSTING_RULE_FIELDS = every(
    from_group=STRING,
    to=STRINGS,
    weekdays=listed(INTEGER),
    first=STRING,
    last=maybe(STRING),
    until=STRING,
) | {"from": STRING}
CALL_TYPE_FIELDS = every(
    zh=STRING,
    en=STRING,
    priority=one_of("code", "urgent", "routine", "service"),
    tone=one_of("high", "medium", "low"),
    light=one_of("steady", "urgent", "code"),
    clear=one_of("tender", "strict"),
    may_talk=BOOLEAN,
    placed_by=STRINGS,
)
PURPOSES_FIELDS = every(purposes=listed(record(every(id=STRING, zh=STRING, en=STRING))))
SCHEDULE_FIELDS = every(
    ward=STRING,
    kind=maybe(KIND),
    terminals=maybe(STRINGS),
    at=STRING,
    weekdays=listed(INTEGER),
    do=one_of(*DOINGS),
    value=maybe(INTEGER),
    active=BOOLEAN,
)
FLAGS_FIELDS = every(
    has_password=BOOLEAN,
    has_pin=BOOLEAN,
    has_badge=BOOLEAN,
    pin_locked=BOOLEAN,
    locked_until=maybe(INTEGER),
    password_at=maybe(INTEGER),
)
FEED_MESSAGE_FIELDS = every(
    id=INTEGER,
    received_at=INTEGER,
    control_id=maybe(STRING),
    type=maybe(STRING),
    reason=STRING,
    where=maybe(STRING),
    state=one_of("refused", "replayed", "discarded"),
    repaired_by=maybe(STRING),
    repaired_at=maybe(INTEGER),
)
