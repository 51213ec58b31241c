"""A small ward and facts in few words, for tests of the call rules; boards as the JSON of the vectors."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from ward_hub.calls.call_types import load_call_types
from ward_sync.calls import Board
from ward_sync.directory import Directory, parse_directory
from ward_sync.facts import Act, FactBody, HeardFact, Json, body_from_json, body_to_json, encode_body, fact_id
from ward_sync.presence import Presence, PresenceEntry

WARD = "thoracic"
# A Monday morning; vectors are readable as seconds after it.
T0 = 1_800_000_000_000

_CAMEL = {
    "order_at": "orderAt",
    "newest_at": "newestAt",
    "heard_at": "heardAt",
    "declined_by": "declinedBy",
    "rests_on": "restsOn",
    "class_": "class",
}


def s(seconds: float) -> int:
    """Return the instant so many seconds after the tests' start, in ms."""
    return T0 + round(seconds * 1000)


def ward_roots(**changes: Json) -> dict[str, Json]:
    """Return the directory's root maps of a ward of three rooms; `changes` replace roots or, dotted, entries.

    r01: b01, b02; r02: b03 (first-level), b04; r03: b05, in no group. Groups east (r01, station-main, n01 and
    n02) and west (r02, station-vice, n03). n01 has pda-01 for b01 and b02, n02 pda-02 for none, n03
    pda-03 for b03, n04 (head nurse) pda-04, off duty.
    """

    def terminal(name: str, kind: str, **more: Json) -> dict[str, Json]:
        return {"id": name, "kind": kind, "profile": kind, "state": "active", "supervised": True, **more}

    def bed(name: str, room: str, priority: str = "routine") -> dict[str, Json]:
        return {"id": name, "label": name[1:], "room": room, "priority": priority}

    terminals = [
        *(
            terminal(f"bed-{bed}", "bedside", room=room, bed=bed)
            for bed, room in (("b01", "r01"), ("b02", "r01"), ("b03", "r02"), ("b04", "r02"), ("b05", "r03"))
        ),
        *(terminal(f"door-{room}", "door", room=room) for room in ("r01", "r02", "r03")),
        terminal("station-main", "station"),
        terminal("station-vice", "station"),
        terminal("corridor-1", "corridor"),
        terminal("whiteboard", "whiteboard"),
        *(terminal(f"pda-0{number}", "pda", supervised=False) for number in (1, 2, 3, 4)),
        terminal("pda-09", "pda", state="revoked", supervised=False),
        terminal("bed-b09", "bedside", room="r01", bed="b09", state="planned"),
    ]
    roots: dict[str, Json] = {
        "ward": {
            "id": WARD,
            "name": "胸外科",
            "name_en": "Thoracic",
            "escalation_ms": [30_000, 60_000, 120_000],
            "reminder_ms": 180_000,
            "all_tender": False,
        },
        "rooms": {
            "r01": {"id": "r01", "name": "701", "order": 1, "beds": ["b01", "b02"]},
            "r02": {"id": "r02", "name": "702", "order": 2, "beds": ["b03", "b04"]},
            "r03": {"id": "r03", "name": "703", "order": 3, "beds": ["b05"]},
        },
        "beds": {
            entry["id"]: entry  # type: ignore[misc]
            for entry in (
                bed("b01", "r01"),
                bed("b02", "r01"),
                bed("b03", "r02", "first"),
                bed("b04", "r02"),
                bed("b05", "r03"),
            )
        },
        "terminals": {str(entry["id"]): entry for entry in terminals},
        "groups": {
            "east": {
                "id": "east",
                "name": "东",
                "order": 1,
                "stations": ["station-main"],
                "beds": ["b01", "b02"],
                "rooms": ["r01"],
                "staff": ["n01", "n02"],
                "escalate_to": ["station-vice"],
            },
            "west": {
                "id": "west",
                "name": "西",
                "order": 2,
                "stations": ["station-vice"],
                "beds": ["b03", "b04"],
                "rooms": ["r02"],
                "staff": ["n03"],
                "escalate_to": [],
            },
        },
        "staff": {
            "n01": {"id": "n01", "name": "甲", "role": "nurse"},
            "n02": {"id": "n02", "name": "乙", "role": "nurse"},
            "n03": {"id": "n03", "name": "丙", "role": "nurse"},
            "n04": {"id": "n04", "name": "丁", "role": "head_nurse"},
        },
        "duty": {
            "n01": {"staff": "n01", "pda": "pda-01", "beds": ["b01", "b02"], "since": T0 - 3_600_000},
            "n02": {"staff": "n02", "pda": "pda-02", "beds": [], "since": T0 - 3_600_000},
            "n03": {
                "staff": "n03",
                "pda": "pda-03",
                "beds": ["b03"],
                "since": T0 - 3_600_000,
                "until": T0 + 28_800_000,
            },
            "n04": {"staff": "n04", "pda": "pda-04", "beds": [], "since": T0 - 7_200_000, "until": T0 - 1},
        },
        "hosting": {},
        "call_types": load_call_types(),
    }
    for path, value in changes.items():
        place: dict[str, Any] = roots
        *outer, last = path.split("__")
        for key in outer:
            place = place[key]
        place[last] = value
    return roots


def ward(**changes: Json) -> Directory:
    """Return the ward of `ward_roots` as the fold reads it."""
    return parse_directory(ward_roots(**changes))


def body(act: str, terminal: str, at: int, **keys: Any) -> FactBody:
    """Return a body with the usual values filled in; the nonce follows from the rest."""
    keys = {"clock": "hub", "ward": WARD, **keys}
    if act == "cleared":
        keys = {"policy": "tender", "way": "remote", **keys}
    if act == "ended":
        keys = {"policy": "tender", "talk_ms": 5_000, **keys}
    for key in ("calls", "rests_on"):
        if key in keys:
            keys[key] = tuple(sorted(keys[key]))
    made = FactBody(act=Act(act), at=at, terminal=terminal, **{"nonce": "0" * 16, **keys})
    return made if "nonce" in keys else replace(made, nonce=fact_id(encode_body(made))[:16])


def heard(
    made: FactBody,
    heard_at: int | None = -1,
    seen_at: int | None = None,
    verified: bool = True,
    missed: bool = False,
) -> HeardFact:
    """Return the fact as held; heard by the hub and seen 50 ms after `at` unless said otherwise."""
    heard_at = made.at + 50 if heard_at == -1 else heard_at
    seen = seen_at if seen_at is not None else heard_at if heard_at is not None else made.at + 50
    return HeardFact(fact_id(encode_body(made)), made, heard_at, seen, verified, missed)


def press(terminal: str, at: int, **keys: Any) -> HeardFact:
    """Return a press of a bedside (patient call unless `type` says otherwise), or of the given source."""
    held = {key: keys.pop(key) for key in ("heard_at", "seen_at", "verified", "missed") if key in keys}
    if terminal.startswith("bed-"):
        bed = terminal.removeprefix("bed-")
        room = {"b01": "r01", "b02": "r01", "b03": "r02", "b04": "r02", "b05": "r03"}.get(bed, "r09")
        keys = {"source": f"bed:{bed}", "type": "patient", "room": room, **keys}
    if terminal.startswith("door-"):
        room = terminal.removeprefix("door-")
        keys = {"source": f"bathroom:{room}", "type": "bathroom", "room": room, **keys}
    return heard(body("placed", terminal, at, **keys), **held)


def act(name: str, terminal: str, at: int, *calls: HeardFact, **keys: Any) -> HeardFact:
    """Return an act on the calls, in their room."""
    held = {key: keys.pop(key) for key in ("heard_at", "seen_at", "verified", "missed") if key in keys}
    room = calls[0].body.room if calls else None
    named = keys.pop("calls", [call.id for call in calls])
    return heard(body(name, terminal, at, calls=named, **{"room": room, **keys}), **held)


def board_json(board: Board) -> dict[str, Json]:
    """Return the board as the browser's fold returns it."""
    rows = [{_CAMEL.get(key, key): value for key, value in asdict(row).items()} for row in board.rows]
    closed = {name: asdict(call) for name, call in board.closed.items()}
    troubles = [asdict(trouble) for trouble in board.troubles]
    return {"rows": _plain(rows), "troubles": _plain(troubles), "closed": _plain(closed)}


def fact_json(fact: HeardFact) -> dict[str, Json]:
    """Return a held fact as the vectors and the browser have it."""
    return {
        "id": fact.id,
        "body": body_to_json(fact.body),
        "heardAt": fact.heard_at,
        "seenAt": fact.seen_at,
        "verified": fact.verified,
        "missed": fact.missed,
    }


def fact_from_json(value: Mapping[str, Any]) -> HeardFact:
    """Return the held fact of a vector."""
    made = body_from_json(value["body"])
    return HeardFact(value["id"], made, value["heardAt"], value["seenAt"], value["verified"], value["missed"])


def presence_json(presence: Presence | None) -> Json:
    """Return presence as the vectors and the browser have it."""
    if presence is None:
        return None
    value: dict[str, Any] = _plain(asdict(presence))
    del value["scope"]
    if presence.scope is not None:
        value["scope"] = sorted(presence.scope)
    return value


def presence_from_json(value: Mapping[str, Any] | None) -> Presence | None:
    """Return the presence of a vector."""
    if value is None:
        return None
    return Presence(
        value["since"],
        {name: PresenceEntry(**entry) for name, entry in value["terminals"].items()},
        frozenset(value["scope"]) if "scope" in value else None,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
