"""Signals as values and as bytes. Pure; rules SG1 to SG7 of signalling/SPEC.md.

Who may send which is allowed.py, whether one is new is inbox.py; verifying a signature is the hub's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

from ward_sync.canonical import (
    Json,
    NotCanonical,
    decode_signed,
    encode_canonical,
    encode_signed,
    parse_canonical,
)

from ward_signalling.errors import LocalProtocolError, Refusal, RemoteProtocolError
from ward_signalling.shapes import (
    Shapeless,
    ascii_text,
    choice,
    connection_id,
    fact_ids,
    fingerprint,
    flag,
    integer,
    terminal_id,
    terminal_ids,
)

MAX_BODY_BYTES: Final = 24_576
"""An offer of 20,000 characters, each line's end escaped, with the longest ids beside it."""
MAX_SDP: Final = 20_000
MAX_CANDIDATE: Final = 512
MAX_MID: Final = 32
MAX_CALLS: Final = 64
MAX_TARGETS: Final = 128
HUB_PARTY: Final = "hub"
"""The hub's media relay, as a party of signals."""


class Purpose(StrEnum):
    """What a talk is for. `view`: the camera only, without sound."""

    TALK = "talk"
    VIEW = "view"
    BROADCAST = "broadcast"


class BusyReason(StrEnum):
    TALKING = "talking"
    PRIVACY = "privacy"
    FULL = "full"
    NOT_ALLOWED = "not_allowed"
    CALL = "call"


class ByeReason(StrEnum):
    HUNG_UP = "hung_up"
    LOST = "lost"
    LIMIT = "limit"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    NO_CODEC = "no_codec"
    NO_MEDIA = "no_media"
    FINGERPRINT = "fingerprint"
    CALL = "call"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What every signal says.

    `sender` and `to` are terminals, or `hub`; `session`: 16 hex digits, new at each start of the sender's
    page; `seq` grows by one a signal from this session to `to`; `at` in ms.
    """

    kind: ClassVar[str]

    sender: str
    to: str
    ward: str
    session: str
    seq: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Description(Header):
    """Of the connection `connection` (16 hex digits, chosen by who dials). `type`: offer or answer;
    `fingerprint`: that of every `a=fingerprint` in the SDP, "sha-256 AB:CD:…"."""

    kind = "description"

    connection: str
    type: str
    sdp: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Header):
    """An ICE candidate of a connection; an empty one ends them."""

    kind = "candidate"

    connection: str
    candidate: str
    mid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Header):
    """The whole connection is given up."""

    kind = "close"

    connection: str
    reason: ByeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite(Header):
    """Asks for a talk (16 hex digits, chosen here) about these calls. `targets`: terminals that the hub's
    relay is to invite, None unless `to` is the hub. Flags are 0 or 1."""

    kind = "invite"

    talk: str
    purpose: Purpose
    calls: tuple[str, ...]
    video: int
    targets: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(Header):
    kind = "accept"

    talk: str
    video: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy(Header):
    """No; `by`: who is being talked to."""

    kind = "busy"

    talk: str
    reason: BusyReason
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute(Header):
    kind = "mute"

    talk: str
    muted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Header):
    kind = "hold"

    talk: str
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Header):
    """The talk goes over to `station`."""

    kind = "transfer"

    talk: str
    station: str
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Header):
    """`ms` of sound measured here so far; each second while the talk is open: its sign of life."""

    kind = "heard"

    talk: str
    ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(Header):
    kind = "recording"

    talk: str
    on: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye(Header):
    kind = "bye"

    talk: str
    reason: ByeReason


ConnectionSignal: TypeAlias = Description | Candidate | Close
TalkSignal: TypeAlias = Invite | Accept | Busy | Mute | Hold | Transfer | Heard | Recording | Bye
Signal: TypeAlias = ConnectionSignal | TalkSignal


@dataclass(frozen=True, slots=True)
class WireSignal:
    """A signal as it came: the raw r‖s signature, the body's exact bytes, and what they say."""

    signature: bytes
    data: bytes
    signal: Signal


_Read: TypeAlias = Callable[[Json], object]
_COMMON: Final[Mapping[str, _Read]] = {
    "from": terminal_id,
    "to": terminal_id,
    "ward": terminal_id,
    "session": connection_id,
    "seq": integer(1),
    "at": integer(0),
}
_FIELDS: Final[Mapping[type[Signal], Mapping[str, _Read]]] = {
    Description: {
        "connection": connection_id,
        "type": choice(("offer", "answer")),
        "sdp": ascii_text(1, MAX_SDP, line_ends=True),
        "fingerprint": fingerprint,
    },
    Candidate: {
        "connection": connection_id,
        "candidate": ascii_text(0, MAX_CANDIDATE),
        "mid": ascii_text(0, MAX_MID),
    },
    Close: {"connection": connection_id, "reason": choice(ByeReason)},
    Invite: {
        "talk": connection_id,
        "purpose": choice(Purpose),
        "calls": fact_ids(MAX_CALLS),
        "video": flag,
        "targets": terminal_ids(MAX_TARGETS),
    },
    Accept: {"talk": connection_id, "video": flag},
    Busy: {"talk": connection_id, "reason": choice(BusyReason), "by": terminal_id},
    Mute: {"talk": connection_id, "muted": flag},
    Hold: {"talk": connection_id, "held": flag},
    Transfer: {"talk": connection_id, "station": terminal_id, "calls": fact_ids(MAX_CALLS)},
    Heard: {"talk": connection_id, "ms": integer(0)},
    Recording: {"talk": connection_id, "on": flag},
    Bye: {"talk": connection_id, "reason": choice(ByeReason)},
}
_OPTIONAL: Final = frozenset({"targets", "by"})
_KINDS: Final[Mapping[str, type[Signal]]] = {made.kind: made for made in _FIELDS}


def encode_body(signal: Signal) -> bytes:
    """Return the canonical bytes of a signal, which its sender signs (SG1).

    Raises LocalProtocolError when it is none that a receiver would take.
    """
    data = encode_canonical(signal_to_json(signal))
    try:
        parse_body(data)
    except RemoteProtocolError as error:
        raise LocalProtocolError(str(error)) from error
    return data


def parse_body(data: bytes) -> Signal:
    """Read a body's bytes, which must be its canonical form (SG1 to SG6). Raises RemoteProtocolError."""
    if len(data) > MAX_BODY_BYTES:
        raise _malformed(f"body has {len(data)} bytes, at most {MAX_BODY_BYTES}")
    try:
        return signal_from_json(parse_canonical(data))
    except NotCanonical as error:
        raise _malformed(str(error)) from error


def encode_signal(signature: bytes, data: bytes) -> str:
    """Return the wire form of a signed body (SG7). Raises LocalProtocolError for a signature that is none."""
    try:
        return encode_signed(signature, data)
    except NotCanonical as error:
        raise LocalProtocolError(str(error)) from error


def parse_signal(wire: str) -> WireSignal:
    """Read a wire signal (SG1 to SG7). Raises RemoteProtocolError; the signature is not verified here."""
    try:
        signature, data = decode_signed(wire, MAX_BODY_BYTES)
    except NotCanonical as error:
        raise _malformed(str(error)) from error
    return WireSignal(signature, data, parse_body(data))


def signal_to_json(signal: Signal) -> dict[str, Json]:
    """Return the signal as the JSON object it is on the wire."""
    value: dict[str, Json] = {"kind": signal.kind}
    for field in fields(signal):
        item = getattr(signal, field.name)
        if item is not None:
            value["from" if field.name == "sender" else field.name] = (
                list(item) if isinstance(item, tuple) else item
            )
    return value


def signal_from_json(value: Mapping[str, Json]) -> Signal:
    """Return the signal a JSON object describes (SG2 to SG6). Raises RemoteProtocolError."""
    kind = value.get("kind")
    made = _KINDS.get(kind) if isinstance(kind, str) else None
    if made is None:
        raise _malformed(f"kind {str(kind)[:40]!r} is unknown")
    readers = {**_COMMON, **_FIELDS[made]}
    missing = readers.keys() - value.keys() - _OPTIONAL
    unknown = value.keys() - readers.keys() - {"kind"}
    if missing or unknown:
        raise _malformed(f"{kind}: missing {sorted(missing)}, not allowed {sorted(unknown)[:8]}")
    read: dict[str, object] = {}
    for key, reader in readers.items():
        if key in value:
            try:
                read["sender" if key == "from" else key] = reader(value[key])
            except Shapeless as error:
                raise _malformed(f"{key} {error}") from error
    signal = made(**read)  # type: ignore[arg-type]  # each value was read for its field above
    if signal.sender == signal.to:
        raise _malformed("a signal is to another")
    if isinstance(signal, Invite) and (signal.targets is not None) != (signal.to == HUB_PARTY):
        raise _malformed("targets are named to the hub, and to nobody else")
    return signal


def _malformed(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(Refusal.MALFORMED, message)
