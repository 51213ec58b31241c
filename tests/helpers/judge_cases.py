"""The cases of sync/vectors/judge.json: who may make which fact, allowed and refused side by side."""

from typing import Any

from ward_sync.facts import FactBody, body_to_json

from tests.helpers.calls import T0, body, ward_roots

CALL = "0" * 32
STRICT = "1" * 32
TYPES = {CALL: "patient", STRICT: "bathroom"}
EVERY_ACT = ("received", "acknowledged", "declined", "answered", "ended", "attended", "cleared", "cancelled")
# Who may do each act in room r01: the contract's table, once more by hand.
ALLOWED = {
    "bed-b01": "ended cancelled",
    "door-r01": "answered ended attended cleared cancelled",
    "station-main": "received acknowledged answered ended cleared cancelled",
    "pda-01": "acknowledged declined answered ended attended cleared cancelled",
    "whiteboard": "acknowledged ended cleared",
    "corridor-1": "",
    "point-r01": "cancelled",
}


def _roots() -> dict[str, Any]:
    """The ward with two call points: in the bathroom of r01 and at bed b01."""
    roots: dict[str, Any] = ward_roots()
    for name, bed in (("point-r01", None), ("point-b01", "b01")):
        point = {"id": name, "kind": "call_point", "profile": "call_point", "state": "active", "room": "r01"}
        roots["terminals"][name] = {**point, "supervised": True} | ({"bed": bed} if bed else {})
    return roots


def _placed(terminal: str, source: str, call_type: str, room: str | None, **more: Any) -> FactBody:
    return body("placed", terminal, T0, source=source, type=call_type, room=room, **more)


def _cases() -> list[tuple[str, str | None, FactBody]]:
    def cleared(terminal: str, room: str | None = "r01", **more: Any) -> FactBody:
        return body("cleared", terminal, T0, **{"calls": [CALL], "room": room, **more})

    table = [
        (
            f"{terminal} {act}",
            None if act in may.split() else "not_entitled",
            body(act, terminal, T0, calls=[CALL], room="r01"),
        )
        for terminal, may in ALLOWED.items()
        for act in EVERY_ACT
    ]
    return [
        *table,
        ("a bedside calls from its bed", None, _placed("bed-b01", "bed:b01", "patient", "r01")),
        ("not from another", "not_entitled", _placed("bed-b01", "bed:b02", "patient", "r01")),
        ("not in another room", "wrong_room", _placed("bed-b01", "bed:b01", "patient", "r02")),
        ("not the bathroom's", "not_entitled", _placed("bed-b01", "bathroom:r01", "bathroom", "r01")),
        (
            "no person at a bedside",
            "not_entitled",
            _placed("bed-b01", "bed:b01", "patient", "r01", staff="n01"),
        ),
        ("a door: its bathroom", None, _placed("door-r01", "bathroom:r01", "bathroom", "r01")),
        ("a door: its room's code", None, _placed("door-r01", "room:r01", "code", "r01", staff="n01")),
        ("a door: no other room", "wrong_room", _placed("door-r01", "room:r02", "code", "r02")),
        ("a source beside its room", "wrong_room", _placed("door-r01", "room:r02", "code", "r01")),
        ("a door is no patient", "not_entitled", _placed("door-r01", "bed:b01", "patient", "r01")),
        ("a call point: its bathroom", None, _placed("point-r01", "bathroom:r01", "bathroom", "r01")),
        ("a call point: its own bed", None, _placed("point-b01", "bed:b01", "drip_end", "r01")),
        ("and no other bed", "not_entitled", _placed("point-b01", "bed:b02", "drip_end", "r01")),
        ("nor any where it has none", "not_entitled", _placed("point-r01", "bed:b01", "drip_end", "r01")),
        ("nor what is the patient's", "not_entitled", _placed("point-b01", "bed:b01", "patient", "r01")),
        (
            "a call point: no other room",
            "wrong_room",
            _placed("point-r01", "bathroom:r02", "bathroom", "r02"),
        ),
        (
            "a station calls the other",
            None,
            _placed("station-main", "terminal:station-main", "station", None, to="station-vice"),
        ),
        ("a station: a code", None, _placed("station-main", "terminal:station-main", "code", None)),
        (
            "a station: only as itself",
            "not_entitled",
            _placed("station-main", "terminal:station-vice", "code", None),
        ),
        ("a PDA: help in a room", None, _placed("pda-01", "room:r02", "staff_assist", "r02")),
        ("a PDA: help at a bed", None, _placed("pda-01", "bed:b03", "staff_assist", "r02")),
        ("a PDA: the bed's own room", "wrong_room", _placed("pda-01", "bed:b03", "staff_assist", "r01")),
        ("a PDA: help where it is", None, _placed("pda-01", "terminal:pda-01", "staff_assist", None)),
        ("a PDA is no patient", "not_entitled", _placed("pda-01", "bed:b01", "patient", "r01")),
        (
            "a corridor screen places nothing",
            "not_entitled",
            _placed("corridor-1", "terminal:corridor-1", "code", None),
        ),
        (
            "an unlisted type is no reason to lose a call",
            None,
            _placed("bed-b01", "bed:b01", "balcony", "r01"),
        ),
        ("another ward", "wrong_ward", cleared("station-main", ward="cardiac")),
        ("an unknown terminal", "unknown_terminal", cleared("station-x")),
        (
            "a terminal that is only planned",
            "unknown_terminal",
            _placed("bed-b09", "bed:b09", "patient", "r01"),
        ),
        ("a revoked terminal", "revoked", cleared("pda-09")),
        ("a door clears in its room", None, cleared("door-r01")),
        ("and in no other", "wrong_room", cleared("door-r02")),
        ("a station clears everywhere", None, cleared("station-vice")),
        ("a bedside clears at the source", None, cleared("bed-b01", way="source")),
        ("and no other way", "not_entitled", cleared("bed-b01", way="bed")),
        ("and in its room", "wrong_room", cleared("bed-b03", way="source")),
        ("tender on a strict call", "policy", cleared("station-main", calls=[CALL, STRICT])),
        ("strict on a strict call", None, cleared("station-main", calls=[STRICT], policy="strict")),
        (
            "hanging up, tender on a strict call",
            "policy",
            body("ended", "station-main", T0, calls=[STRICT], room="r01"),
        ),
        ("tender on a call not yet known", None, cleared("station-main", calls=["2" * 32])),
        (
            "the bathroom, claimed tender, at its source",
            "policy",
            cleared("door-r01", calls=[STRICT], way="source"),
        ),
    ]


def judge_vectors() -> dict[str, Any]:
    """Return the file's value: `types` of the calls named, `all_tender` what the switch allows."""
    return {
        "roots": _roots(),
        "types": TYPES,
        "cases": [
            {"name": name, "body": body_to_json(made), "reason": reason} for name, reason, made in _cases()
        ],
        "all_tender": [
            {
                "name": "tender on a strict call, the ward's switch on",
                "body": body_to_json(body("cleared", "station-main", T0, calls=[CALL, STRICT], room="r01")),
                "reason": None,
            }
        ],
    }
