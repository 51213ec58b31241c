"""The cases of allowed.json, inbox.json and relay.json in signalling/vectors: who may meet, what is taken."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ward_signalling.messages import encode_body, encode_signal, signal_from_json
from ward_sync.canonical import Json
from ward_sync.facts import signature_from_der

from tests.helpers.signal_cases import (
    FINGERPRINT,
    OTHER_FINGERPRINT,
    T0,
    TALK,
    WARD,
    body,
    candidate,
    offer,
    sdp,
)

LATER_SESSION = "5e55105e55105e56"
OTHER_CONNECTION = "c000000000000002"
_KINDS = ("bedside", "door", "station", "corridor", "whiteboard", "pda", "call_point")
# Written out, not computed: kinds of two terminals of one room → (mesh, talk, kind that dials).
_BOTH = {
    ("bedside", "door"): (True, True, "door"),
    ("bedside", "station"): (True, True, "station"),
    ("bedside", "pda"): (False, True, None),
    ("door", "station"): (True, True, "station"),
    ("door", "corridor"): (True, False, "door"),
    ("door", "whiteboard"): (True, False, "door"),
    ("door", "pda"): (False, True, None),
    ("station", "station"): (True, True, "station"),
    ("station", "corridor"): (True, False, "station"),
    ("station", "whiteboard"): (True, False, "station"),
    ("station", "pda"): (True, True, "station"),
}


def entry(
    name: str, kind: str, room: str | None = None, state: str = "active", **more: Json
) -> dict[str, Json]:
    """An entry of the directory's `terminals`."""
    value: dict[str, Json] = {"id": name, "kind": kind, "state": state, **more}
    return value if room is None else {**value, "room": room}


def _pair(
    name: str, a: dict[str, Json], b: dict[str, Json], mesh: bool, talk: bool, dials: Json = None
) -> dict[str, Any]:
    return {"name": name, "a": a, "b": b, "allowed": mesh or talk, "mesh": mesh, "talk": talk, "dials": dials}


def _pairs() -> list[dict[str, Any]]:
    pairs = []
    for index, one in enumerate(_KINDS):
        for other in _KINDS[index:]:
            mesh, talk, dialler = _BOTH.get((one, other)) or _BOTH.get((other, one)) or (False, False, None)
            in_room = ("bedside", "door", "call_point")
            a = entry(f"a-{one}", one, "r01" if one in in_room else None)
            b = entry(f"b-{other}", other, "r01" if other in in_room else None)
            dials = a["id"] if dialler == one else b["id"] if dialler else None
            pairs.append(_pair(f"{one} and {other}", a, b, mesh, talk, dials))
    bed, door, station = (
        entry("bed-b01", "bedside", "r01"),
        entry("door-r01", "door", "r01"),
        entry("station-main", "station"),
    )
    elsewhere = entry("bed-b03", "bedside", "r02")
    pairs += [
        _pair("a bed and the door of another room", elsewhere, door, False, False),
        _pair("a bed and a station, wherever", elsewhere, station, True, True, "station-main"),
        _pair("a bed and a door without rooms", entry("x", "bedside"), entry("y", "door"), False, False),
        _pair("two stations: the smaller id dials", entry("station-vice", "station"), station, True, True,
              "station-main"),
        _pair("a terminal and itself", station, station, False, False),
        _pair("a revoked bed", {**bed, "state": "revoked"}, station, False, False),
        _pair("a station that is only planned", bed, {**station, "state": "planned"}, False, False),
        _pair("a kind nobody knows", bed, entry("robot-1", "robot", "r01"), False, False),
    ]  # fmt: skip
    return pairs


def _hub() -> list[dict[str, Any]]:
    def case(name: str, terminal: dict[str, Json], relay_key: str | None, may: bool) -> dict[str, Any]:
        return {"name": name, "terminal": terminal, "relay_key": relay_key, "allowed": may}

    may = ("bedside", "door", "station", "corridor")
    cases = [case(f"a {kind}", entry(f"a-{kind}", kind, "r01"), "key", kind in may) for kind in _KINDS]
    return [
        *cases,
        case("a ward without a relay", entry("a-station", "station"), None, False),
        case("a revoked station", entry("a-station", "station", state="revoked"), "key", False),
        case("a terminal that calls itself hub", entry("hub", "station"), "key", False),
    ]


def _ward() -> list[dict[str, Json]]:
    return [
        *(
            entry(f"bed-{bed}", "bedside", room, bed=bed)
            for bed, room in (("b01", "r01"), ("b02", "r01"), ("b03", "r02"))
        ),
        entry("door-r01", "door", "r01"),
        entry("door-r02", "door", "r02"),
        entry("point-r01", "call_point", "r01"),
        entry("station-main", "station"),
        entry("station-vice", "station"),
        entry("station-old", "station", state="revoked"),
        entry("corridor-1", "corridor"),
        entry("whiteboard", "whiteboard"),
        entry("pda-01", "pda"),
        entry("pda-02", "pda", state="planned"),
    ]


def allowed_vectors() -> dict[str, Any]:
    """Return the file's value; the expectations are written here, not computed."""
    beds, doors = ["bed-b01", "bed-b02", "bed-b03"], ["door-r01", "door-r02"]
    stations = ["station-main", "station-vice"]
    plans: dict[str, list[str]] = {
        "bed-b01": ["door-r01", *stations],
        "door-r01": ["bed-b01", "bed-b02", "corridor-1", *stations, "whiteboard"],
        "door-r02": ["bed-b03", "corridor-1", *stations, "whiteboard"],
        "station-main": [*beds, "corridor-1", *doors, "pda-01", "station-vice", "whiteboard"],
        "corridor-1": [*doors, *stations],
        "whiteboard": [*doors, *stations],
        "pda-01": stations,
        "pda-02": [],
        "station-old": [],
        "point-r01": [],
        "nobody": [],
    }
    return {
        "pairs": _pairs(),
        "hub": _hub(),
        "terminals": {str(terminal["id"]): terminal for terminal in _ward()},
        "plans": [{"name": f"of {name}", "self": name, "planned": ids} for name, ids in plans.items()],
    }


def _step(signal: dict[str, Json], verdict: str | None = None, now: int = T0) -> dict[str, Any]:
    return {"now": now, "signal": signal, "verdict": verdict}


def _heard(seq: int, **more: Json) -> dict[str, Json]:
    return body("heard", **{"talk": TALK, "ms": 0, "seq": seq, **more})


def inbox_vectors() -> dict[str, Any]:
    """Return the file's value: sequences of signals at bed-b01, with their verdicts."""
    later: dict[str, Json] = {"session": LATER_SESSION, "at": T0 + 1}
    ahead = T0 + 86_400_000
    two = OTHER_FINGERPRINT
    cases: dict[str, list[dict[str, Any]]] = {
        "one after the other": [_step(offer()), _step(candidate(seq=2)), _step(_heard(3))],
        "gaps are no harm": [_step(_heard(4)), _step(_heard(9)), _step(_heard(10, at=T0 - 5))],
        "the same again": [_step(offer()), _step(offer(), "replay")],
        "an earlier one": [_step(_heard(2)), _step(_heard(1), "replay"), _step(_heard(3))],
        "each sender counts for itself": [_step(_heard(2)), _step(_heard(1, from_="door-r01"))],
        "not for me": [_step(_heard(1, to="bed-b02"), "not_for_me"), _step(_heard(1))],
        "of another ward": [_step(_heard(1, ward="cardiac"), "wrong_ward"), _step(_heard(1))],
        "not for me, and of another ward": [_step(_heard(1, to="bed-b02", ward="cardiac"), "not_for_me")],
        "a new session begins anew": [
            _step(_heard(7)),
            _step(_heard(1, **later)),
            _step(_heard(8), "old_session"),
            _step(_heard(9, at=T0 + 99_000), "old_session"),
            _step(_heard(2, **later)),
        ],
        "an older session": [_step(_heard(1, **later), now=T0 + 1), _step(_heard(1), "old_session", T0 + 1)],
        "a session of the same instant": [_step(_heard(1)), _step(_heard(1, session=LATER_SESSION))],
        "older than now, but not than the session's first": [
            _step(_heard(1), now=T0 + 5_000),
            _step(_heard(2, at=T0 + 5_000), now=T0 + 5_000),
            _step(_heard(1, session=LATER_SESSION, at=T0 + 2_000), now=T0 + 6_000),
        ],
        "a clock that ran ahead shuts nobody out": [
            _step(_heard(1, at=ahead)),
            _step(_heard(1, **later), now=T0 + 1),
            _step(_heard(2, at=ahead + 1), "old_session", T0 + 2),
        ],
        "a refused signal starts no session": [
            _step(_heard(1)),
            _step(offer(**later, sdp=sdp(two)), "fingerprint"),
            _step(_heard(2)),
        ],
        "a foreign fingerprint in the SDP": [
            _step(offer(sdp=sdp(two)), "fingerprint"),
            _step(offer(sdp=sdp(FINGERPRINT, two)), "fingerprint"),
            _step(offer(sdp=sdp()), "fingerprint"),
            _step(offer(sdp=sdp(FINGERPRINT.lower())), "fingerprint"),
            _step(offer(sdp=sdp(FINGERPRINT) + f"A=FINGERPRINT:{two}\r\n"), "fingerprint"),
            _step(offer(sdp=sdp(FINGERPRINT) + f"a=fingerprint: {FINGERPRINT}\n"), "fingerprint"),
            _step(offer(sdp=sdp(FINGERPRINT, FINGERPRINT))),
        ],
        "a second fingerprint in a session": [
            _step(offer()),
            _step(offer(seq=2, sdp=sdp(two), fingerprint=two), "fingerprint"),
            _step(offer(seq=3, connection=OTHER_CONNECTION, sdp=sdp(two), fingerprint=two), "fingerprint"),
            _step(offer(seq=4, type="answer")),
        ],
        "another fingerprint with another session": [
            _step(offer()),
            _step(offer(**later, sdp=sdp(two), fingerprint=two)),
        ],
        "the 65th candidate": [
            _step(offer()),
            *(_step(candidate(seq=2 + number)) for number in range(64)),
            _step(candidate(seq=66), "too_many"),
            _step(candidate(seq=66, candidate=""), "too_many"),
            _step(candidate(seq=66, connection=OTHER_CONNECTION)),
            _step(_heard(67)),
        ],
        "an ICE restart has candidates of its own": [
            _step(offer()),
            *(_step(candidate(seq=2 + number)) for number in range(64)),
            _step(candidate(seq=66), "too_many"),
            _step(offer(seq=66)),
            *(_step(candidate(seq=67 + number)) for number in range(64)),
            _step(candidate(seq=131), "too_many"),
        ],
        "candidates before their description": [
            *(_step(candidate(seq=1 + number)) for number in range(64)),
            _step(candidate(seq=65), "too_many"),
        ],
    }
    return {
        "self": "bed-b01",
        "ward": WARD,
        "cases": [{"name": name, "steps": steps} for name, steps in cases.items()],
    }


def key_of(scalar: int) -> ec.EllipticCurvePrivateKey:
    """A key that is the same each time."""
    return ec.derive_private_key(scalar, ec.SECP256R1())


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    """base64url of the raw point, as the directory holds it."""
    raw = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def signed(value: dict[str, Json], key: ec.EllipticCurvePrivateKey) -> str:
    """The wire form of a body signed by a key, the same each time (RFC 6979)."""
    data = encode_body(signal_from_json(value))
    der = key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return encode_signal(signature_from_der(der), data)


def relay_vectors() -> dict[str, Any]:
    """Return the file's value: signed signals, and whether a relay passes them on."""
    terminals = {str(terminal["id"]): terminal for terminal in _ward()}
    keys = {name: key_of(1_000 + index) for index, name in enumerate(terminals)}
    hub = key_of(999)
    for name, terminal in terminals.items():
        if terminal["state"] == "active" and name != "corridor-1":
            terminal["key"] = public_key(keys[name])
    roots = {"ward": {"id": WARD, "relay_key": public_key(hub)}, "terminals": terminals}

    def case(
        name: str, verdict: str | None, sender: str, to: str, by: str = "", **more: Json
    ) -> dict[str, Any]:
        key = hub if sender == "hub" and not by else keys[by or sender]
        return {"name": name, "wire": signed(_heard(1, from_=sender, to=to, **more), key), "verdict": verdict}

    tampered = signed(_heard(1, from_="bed-b01", to="station-main"), keys["bed-b01"])
    other = signed(_heard(2, from_="bed-b01", to="station-main"), keys["bed-b01"])
    spliced = base64.b64encode(base64.b64decode(other)[:64] + base64.b64decode(tampered)[64:]).decode()
    return {
        "ward": WARD,
        "roots": roots,
        "cases": [
            case("a bed to a station", None, "bed-b01", "station-main"),
            case("a station to a bed", None, "station-vice", "bed-b03"),
            case("the relay to a bed", None, "hub", "bed-b01"),
            case("a station to the relay", None, "station-main", "hub"),
            case("a door to its bed", None, "door-r01", "bed-b02"),
            case("another ward", "wrong_ward", "bed-b01", "station-main", ward="cardiac"),
            case("from nobody", "unknown_terminal", "bed-b09", "station-main", by="bed-b01"),
            case("to nobody", "unknown_terminal", "bed-b01", "station-x"),
            case("from one that is only planned", "unknown_terminal", "pda-02", "station-main"),
            case("from a revoked one", "revoked", "station-old", "bed-b01"),
            case("to a revoked one", "revoked", "bed-b01", "station-old"),
            case("a bed to a bed", "not_allowed", "bed-b01", "bed-b02"),
            case("a bed to the door of another room", "not_allowed", "bed-b03", "door-r01"),
            case("a PDA to the relay", "not_allowed", "pda-01", "hub"),
            case("by another key", "bad_signature", "bed-b01", "station-main", by="bed-b02"),
            case("by a key the directory does not have", "bad_signature", "corridor-1", "station-main"),
            case("the relay by a terminal's key", "bad_signature", "hub", "bed-b01", by="station-main"),
            {"name": "the signature of another body", "wire": spliced, "verdict": "bad_signature"},
        ],
    }
