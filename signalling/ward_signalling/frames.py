"""The stateless frames of the presence document that carry signals and answer them. Rules SG16 and SG17."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ward_sync.canonical import Json

from ward_signalling.errors import Refusal, RemoteProtocolError
from ward_signalling.shapes import Shapeless, ascii_text, choice, connection_id, integer, terminal_id

MAX_SIGNALS: Final = 16
MAX_HOPS: Final = 2
MAX_NAMED: Final = 128
"""Terminals one frame may name: a broadcast has no more targets."""
MAX_VERSION: Final = 64
RELAY_REASONS: Final = (
    Refusal.MALFORMED,
    Refusal.UNKNOWN_TERMINAL,
    Refusal.REVOKED,
    Refusal.BAD_SIGNATURE,
    Refusal.WRONG_WARD,
    Refusal.NOT_ALLOWED,
    Refusal.TOO_MANY,
)


@dataclass(frozen=True, slots=True)
class SignalFrame:
    """Signals on their way; `hops`: neighbours they came through so far; `signals`: 1 to 16 wire forms."""

    hops: int
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnreachableFrame:
    """The hub has no socket of these terminals."""

    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedFrame:
    """A signal the hub did not forward; `to` is None where it could not be read."""

    reason: Refusal
    to: str | None


@dataclass(frozen=True, slots=True)
class NeighbourFrame:
    """The first frame each way on a new channel: who is there. `layer` 1 to 4."""

    session: str
    layer: int
    version: str


@dataclass(frozen=True, slots=True)
class BroadcastFrame:
    """What the hub's relay tells the station that speaks through it; `missed`: terminal and why."""

    talk: str
    reached: tuple[str, ...]
    missed: tuple[tuple[str, str], ...]


Frame: TypeAlias = SignalFrame | UnreachableFrame | RefusedFrame | NeighbourFrame | BroadcastFrame

_version = ascii_text(0, MAX_VERSION)
_reason = choice(RELAY_REASONS)
_word = ascii_text(1, MAX_VERSION)


def encode_frame(frame: Frame) -> str:
    """Return the frame's JSON text."""
    match frame:
        case SignalFrame():
            value: dict[str, object] = {"t": "signal", "hops": frame.hops, "signals": frame.signals}
        case UnreachableFrame():
            value = {"t": "unreachable", "to": frame.to}
        case RefusedFrame():
            value = {"t": "signal_refused", "reason": frame.reason, "to": frame.to}
        case NeighbourFrame():
            value = {
                "t": "neighbour",
                "session": frame.session,
                "layer": frame.layer,
                "version": frame.version,
            }
        case BroadcastFrame():
            value = {
                "t": "broadcast",
                "talk": frame.talk,
                "reached": frame.reached,
                "missed": [{"terminal": terminal, "reason": reason} for terminal, reason in frame.missed],
            }
    return json.dumps(value, separators=(",", ":"))


def parse_frame(payload: str) -> Frame:
    """Read a frame's JSON text (SG16, SG17). The signals in it are not read. Raises RemoteProtocolError."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise _malformed("expected a JSON object") from error
    if not isinstance(value, dict):
        raise _malformed("expected a JSON object")
    try:
        return _read(value)
    except Shapeless as error:
        raise _malformed(f"{str(value.get('t'))[:40]}: {error}") from error


def _read(value: Mapping[str, Json]) -> Frame:
    match value.get("t"):
        case "signal":
            _keys(value, "hops", "signals")
            hops = integer(0)(value["hops"])
            signals = _texts(value["signals"], MAX_SIGNALS)
            if hops > MAX_HOPS or not signals:
                raise Shapeless(f"expected 1 to {MAX_SIGNALS} signals and at most {MAX_HOPS} hops")
            return SignalFrame(hops, signals)
        case "unreachable":
            _keys(value, "to")
            return UnreachableFrame(_ids(value["to"]))
        case "signal_refused":
            _keys(value, "reason", "to")
            to = value["to"]
            return RefusedFrame(Refusal(_reason(value["reason"])), None if to is None else terminal_id(to))
        case "neighbour":
            _keys(value, "session", "layer", "version")
            layer = integer(1)(value["layer"])
            if layer > 4:
                raise Shapeless("layer is not 1 to 4")
            return NeighbourFrame(connection_id(value["session"]), layer, _version(value["version"]))
        case "broadcast":
            _keys(value, "talk", "reached", "missed")
            missed = value["missed"]
            if not isinstance(missed, list) or len(missed) > MAX_NAMED:
                raise Shapeless("missed is not a list")
            return BroadcastFrame(
                connection_id(value["talk"]), _ids(value["reached"]), tuple(_missed(item) for item in missed)
            )
        case _:
            raise Shapeless("unknown kind")


def _malformed(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(Refusal.MALFORMED, message)


def _missed(value: Json) -> tuple[str, str]:
    if not isinstance(value, dict):
        raise Shapeless("expected terminal and reason")
    if value.keys() != {"terminal", "reason"}:
        raise Shapeless("expected terminal and reason")
    return terminal_id(value["terminal"]), _word(value["reason"])


def _keys(value: Mapping[str, Json], *wanted: str) -> None:
    if value.keys() != {"t", *wanted}:
        raise Shapeless(f"expected the keys {', '.join(wanted)}, and no others")


def _ids(value: Json) -> tuple[str, ...]:
    return tuple(terminal_id(item) for item in _texts(value, MAX_NAMED))


def _texts(value: Json, most: int) -> tuple[str, ...]:
    items: Sequence[Json] = value if isinstance(value, list) else ()
    texts = tuple(_only_texts(items))
    if not isinstance(value, list) or len(texts) != len(items) or len(items) > most:
        raise Shapeless(f"expected a list of at most {most} texts")
    return texts


def _only_texts(items: Iterable[Json]) -> Iterable[str]:
    return (item for item in items if isinstance(item, str))
