"""Call facts as bytes: canonical body, id, wire form. Pure; rules CF1 to CF9 of sync/SPEC.md.

Who may make a fact is entitlement.py, what facts mean is calls.py; verifying a signature is the hub's.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ward_sync.canonical import (
    MAX_INTEGER,
    NotCanonical,
    TooLarge,
    decode_signed,
    encode_canonical,
    encode_signed,
    parse_canonical,
)
from ward_sync.canonical import SIGNATURE_BYTES as SIGNATURE_BYTES
from ward_sync.canonical import Json as Json

MAX_BODY_BYTES: Final = 4096
MAX_CALLS: Final = 64
# 64 calls and 32 supports with every other key at its longest stay below MAX_BODY_BYTES.
MAX_RESTS_ON: Final = 32

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")
_FACT_ID = re.compile(r"[0-9a-f]{32}")
_NONCE = re.compile(r"[0-9a-f]{16}")
_SOURCE = re.compile(r"(bed|bathroom|room|terminal):([a-z0-9][a-z0-9._-]{0,47})")


class Act(StrEnum):
    """What a fact says happened (design: calls are facts, not flags)."""

    PLACED = "placed"
    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"
    ANSWERED = "answered"
    ENDED = "ended"
    ATTENDED = "attended"
    CLEARED = "cleared"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why the hub refuses a fact: the closed list of the wire (CF10)."""

    MALFORMED = "malformed"
    UNKNOWN_TERMINAL = "unknown_terminal"
    REVOKED = "revoked"
    BAD_SIGNATURE = "bad_signature"
    WRONG_WARD = "wrong_ward"
    WRONG_ROOM = "wrong_room"
    NOT_ENTITLED = "not_entitled"
    POLICY = "policy"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"


class FactError(ValueError):
    """Bytes that are no fact. `reason` is MALFORMED or TOO_LARGE."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FactBody:
    """The signed part of a fact; times in ms since the epoch. Absent keys are None, `calls` is sorted."""

    act: Act
    at: int
    clock: str
    nonce: str
    terminal: str
    ward: str
    room: str | None = None
    calls: tuple[str, ...] = ()
    source: str | None = None
    type: str | None = None
    purpose: str | None = None
    to: str | None = None
    staff: str | None = None
    policy: str | None = None
    way: str | None = None
    talk_ms: int | None = None
    rests_on: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class HeardFact:
    """A fact as a terminal or hub holds it.

    `heard_at`: when the first hub took it (ms), None while none has; `seen_at`: when it was first seen here
    (local ms); `verified`: signature and entitlement held; `missed`: the hub took it as a missed call.
    """

    id: str
    body: FactBody
    heard_at: int | None
    seen_at: int
    verified: bool
    missed: bool = False


@dataclass(frozen=True, slots=True)
class WireFact:
    """A fact as it came: the raw r‖s signature, the body's exact bytes, the body and its id."""

    signature: bytes
    data: bytes
    body: FactBody
    id: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which keys an act must have and may have beside those every fact has."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()


_EVERY: Final = frozenset({"act", "at", "calls", "clock", "nonce", "terminal", "ward"})
_ANY: Final = frozenset({"room", "staff"})
_PLAIN: Final = _Shape(frozenset())
_SHAPES: Final[Mapping[Act, _Shape]] = {
    Act.PLACED: _Shape(frozenset({"source", "type"}), frozenset({"purpose", "to"})),
    Act.RECEIVED: _PLAIN,
    Act.ACKNOWLEDGED: _PLAIN,
    Act.DECLINED: _PLAIN,
    Act.ANSWERED: _PLAIN,
    Act.ENDED: _Shape(frozenset({"policy", "talk_ms"})),
    Act.ATTENDED: _PLAIN,
    Act.CLEARED: _Shape(frozenset({"policy", "way"}), frozenset({"rests_on"})),
    Act.CANCELLED: _PLAIN,
}
_CLOCKS: Final = frozenset({"hub", "own"})
_POLICIES: Final = frozenset({"tender", "strict"})
_WAYS: Final = frozenset({"source", "door", "bed", "remote", "talked"})


def encode_body(body: FactBody) -> bytes:
    """Return the canonical bytes of a body (CF1). Raises FactError when it is none (as `parse_body`)."""
    data = encode_canonical(_to_json(body))
    parse_body(data)
    return data


def parse_body(data: bytes) -> FactBody:
    """Read a body's bytes; they must be exactly its canonical form (CF1 to CF5).

    Raises FactError: TOO_LARGE above 4096 bytes, else MALFORMED.
    """
    _check_size(data)
    try:
        return _from_json(parse_canonical(data))
    except NotCanonical as error:
        raise FactError(Reason.MALFORMED, str(error)) from error


def fact_id(data: bytes) -> str:
    """Return the id of a body's bytes: hex of the first 16 bytes of SHA-256 (CF6)."""
    return hashlib.sha256(data).digest()[:16].hex()


def encode_wire(signature: bytes, data: bytes) -> str:
    """Return signature ‖ body in standard base64 (CF7). The signature is raw r‖s, 64 bytes."""
    try:
        return encode_signed(signature, data)
    except NotCanonical as error:
        raise FactError(Reason.MALFORMED, str(error)) from error


def decode_wire(wire: str) -> WireFact:
    """Read a wire fact (CF7). Raises FactError; the signature is not verified here."""
    try:
        signature, data = decode_signed(wire, MAX_BODY_BYTES)
    except TooLarge as error:
        raise FactError(Reason.TOO_LARGE, str(error)) from error
    except NotCanonical as error:
        raise FactError(Reason.MALFORMED, str(error)) from error
    return WireFact(signature, data, parse_body(data), fact_id(data))


def signature_to_der(raw: bytes) -> bytes:
    """Return the DER form of a raw r‖s P-256 signature (WebCrypto signs raw, `cryptography` wants DER).

    Raises FactError(BAD_SIGNATURE) when it has not 64 bytes.
    """
    if len(raw) != SIGNATURE_BYTES:
        raise FactError(Reason.BAD_SIGNATURE, f"signature has {len(raw)} bytes, expected {SIGNATURE_BYTES}")
    numbers = b"".join(_der_integer(part) for part in (raw[:32], raw[32:]))
    return b"\x30" + bytes([len(numbers)]) + numbers


def signature_from_der(der: bytes) -> bytes:
    """Return the raw r‖s form of a DER P-256 signature. Raises FactError(BAD_SIGNATURE)."""
    numbers: list[bytes] = []
    if len(der) >= 2 and der[0] == 0x30 and der[1] == len(der) - 2:
        rest = der[2:]
        while len(rest) >= 2 and rest[0] == 0x02 and len(rest) >= 2 + rest[1]:
            numbers.append(rest[2 : 2 + rest[1]].lstrip(b"\x00"))
            rest = rest[2 + rest[1] :]
        if not rest and len(numbers) == 2 and all(len(number) <= 32 for number in numbers):
            return b"".join(number.rjust(32, b"\x00") for number in numbers)
    raise FactError(Reason.BAD_SIGNATURE, "signature is not a DER pair of 256-bit integers")


def source_of(source: str) -> tuple[str, str]:
    """Split a source as "bed:b01" into its kind and id."""
    kind, _, name = source.partition(":")
    return kind, name


def _der_integer(number: bytes) -> bytes:
    number = number.lstrip(b"\x00") or b"\x00"
    if number[0] & 0x80:
        number = b"\x00" + number
    return b"\x02" + bytes([len(number)]) + number


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BODY_BYTES:
        raise FactError(Reason.TOO_LARGE, f"body has {len(data)} bytes, at most {MAX_BODY_BYTES}")


def _to_json(body: FactBody) -> dict[str, Json]:
    value: dict[str, Json] = {}
    for key in FactBody.__slots__:
        item = getattr(body, key)
        if item is not None:
            value[key] = list(item) if isinstance(item, tuple) else item
    return value


def body_to_json(body: FactBody) -> dict[str, Json]:
    """Return the body as the JSON object it is on the wire."""
    return _to_json(body)


def body_from_json(value: Json) -> FactBody:
    """Return the body a JSON object describes. Raises FactError(MALFORMED) (CF2 to CF5)."""
    return _from_json(value)


def _from_json(value: Json) -> FactBody:
    if not isinstance(value, dict):
        raise FactError(Reason.MALFORMED, "body is not an object")
    name = value.get("act")
    if not isinstance(name, str) or name not in Act.__members__.values():
        raise FactError(Reason.MALFORMED, f"act {name!r} is unknown")
    act = Act(name)
    shape = _SHAPES[act]
    missing = (_EVERY | shape.required) - value.keys()
    unknown = value.keys() - _EVERY - _ANY - shape.required - shape.optional
    if missing or unknown:
        raise FactError(Reason.MALFORMED, f"{act}: missing {sorted(missing)}, not allowed {sorted(unknown)}")
    body = FactBody(
        act=act,
        at=_integer(value, "at"),
        clock=_choice(value, "clock", _CLOCKS),
        nonce=_match(value, "nonce", _NONCE),
        terminal=_match(value, "terminal", _ID),
        ward=_match(value, "ward", _ID),
        room=_match(value, "room", _ID) if "room" in value else None,
        calls=_fact_ids(value, "calls", MAX_CALLS),
        source=_match(value, "source", _SOURCE) if "source" in value else None,
        type=_match(value, "type", _ID) if "type" in value else None,
        purpose=_match(value, "purpose", _ID) if "purpose" in value else None,
        to=_match(value, "to", _ID) if "to" in value else None,
        staff=_match(value, "staff", _ID) if "staff" in value else None,
        policy=_choice(value, "policy", _POLICIES) if "policy" in value else None,
        way=_choice(value, "way", _WAYS) if "way" in value else None,
        talk_ms=_integer(value, "talk_ms") if "talk_ms" in value else None,
        rests_on=_fact_ids(value, "rests_on", MAX_RESTS_ON) if "rests_on" in value else None,
    )
    if (act is Act.PLACED) != (not body.calls):
        raise FactError(Reason.MALFORMED, f"{act} names {len(body.calls)} calls")
    if body.rests_on == ():
        raise FactError(Reason.MALFORMED, "rests_on is empty")
    if body.to is not None and body.type != "station":
        raise FactError(Reason.MALFORMED, "only a station call is to someone")
    if body.source is not None and source_of(body.source)[0] != "terminal" and body.room is None:
        raise FactError(Reason.MALFORMED, f"source {body.source} without its room")
    return body


def _integer(value: Mapping[str, Json], key: str) -> int:
    item = value[key]
    if type(item) is not int or not 0 <= item <= MAX_INTEGER:
        raise FactError(Reason.MALFORMED, f"{key} is not an integer from 0 to 2^53-1")
    return item


def _match(value: Mapping[str, Json], key: str, pattern: re.Pattern[str]) -> str:
    item = value[key]
    if not isinstance(item, str) or not pattern.fullmatch(item):
        raise FactError(Reason.MALFORMED, f"{key} does not match {pattern.pattern}")
    return item


def _choice(value: Mapping[str, Json], key: str, choices: frozenset[str]) -> str:
    item = value[key]
    if not isinstance(item, str) or item not in choices:
        raise FactError(Reason.MALFORMED, f"{key} is none of {sorted(choices)}")
    return item


def _fact_ids(value: Mapping[str, Json], key: str, at_most: int) -> tuple[str, ...]:
    items = value[key]
    if not isinstance(items, list) or len(items) > at_most:
        raise FactError(Reason.MALFORMED, f"{key} is not a list of at most {at_most} ids")
    ids = [item for item in items if isinstance(item, str) and _FACT_ID.fullmatch(item)]
    if len(ids) != len(items) or sorted(set(ids)) != ids:
        raise FactError(Reason.MALFORMED, f"{key} is not sorted, unique and of 32 hex digits each")
    return tuple(ids)
