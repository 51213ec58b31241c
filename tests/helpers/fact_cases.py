"""The cases of sync/vectors/facts.json: bodies with their bytes and ids, and bytes that are none."""

import base64
from typing import Any

from ward_sync.facts import FactBody, body_to_json, encode_body, encode_wire, fact_id

from tests.helpers.calls import T0, act, body, press, s

SIGNATURE = bytes(range(64))
GOOD = (
    '{"act":"received","at":1,"calls":["00000000000000000000000000000000"],"clock":"hub",'
    '"nonce":"0000000000000000","terminal":"station-main","ward":"thoracic"}'
)
_PLACED = (
    '{"act":"placed","at":1,"calls":[],"clock":"hub","nonce":"0000000000000000","room":"r01",'
    '"source":"bed:b01","terminal":"bed-b01","type":"patient","ward":"thoracic"}'
)
_IDS = [f"{number:032x}" for number in range(65)]


def _bodies() -> list[tuple[str, FactBody]]:
    call = press("bed-b01", T0)
    return [
        ("a press", press("bed-b01", T0, purpose="water").body),
        ("a press with an own clock", press("bed-b46", 0, clock="own", room="r26").body),
        ("a bathroom", press("door-r01", T0).body),
        (
            "a station call",
            body(
                "placed",
                "station-main",
                T0,
                source="terminal:station-main",
                type="station",
                to="station-vice",
            ),
        ),
        ("a receipt", act("received", "station-main", s(1), call).body),
        ("taken by a person", act("acknowledged", "pda-01", s(2), call, staff="n01").body),
        ("hung up", act("ended", "bed-b01", s(30), call, talk_ms=0).body),
        (
            "a strict clear",
            act(
                "cleared", "pda-01", s(9), call, policy="strict", way="bed", rests_on=[_IDS[3], _IDS[2]]
            ).body,
        ),
        ("the largest time", body("cancelled", "bed-b01", 2**53 - 1, calls=_IDS[:1], room="r01")),
        ("64 calls, 32 supports, long ids", _largest()),
    ]


def _largest() -> FactBody:
    long = "a" * 48
    return body(
        "cleared",
        long,
        2**53 - 1,
        ward=long,
        room=long,
        staff=long,
        calls=_IDS[:64],
        rests_on=_IDS[:32],
        policy="strict",
        way="source",
    )


def _malformed() -> list[tuple[str, str, str]]:
    """Name, text, reason."""

    def bad(name: str, old: str, new: str, text: str = GOOD) -> tuple[str, str, str]:
        assert old in text
        return name, text.replace(old, new), "malformed"

    ids = '"00000000000000000000000000000000"'
    at = '"at":1,'
    return [
        ("nothing", "", "malformed"),
        ("no JSON", "{", "malformed"),
        ("a list", "[]", "malformed"),
        bad("a blank", '"at":1', '"at": 1'),
        ("a blank at the end", GOOD + " ", "malformed"),
        ("a byte order mark", "\ufeff" + GOOD, "malformed"),
        bad("keys out of order", '{"act":"received","at":1,', '{"at":1,"act":"received",'),
        bad("a key twice", at, '"at":1,"at":1,'),
        bad("an unknown key", at, '"at":1,"bt":1,'),
        bad("a talk on a receipt", '"station-main",', '"station-main","talk_ms":1,'),
        bad("a key missing", at, ""),
        bad("an unknown act", "received", "removed"),
        bad("a float", at, '"at":1.0,'),
        bad("an exponent", at, '"at":1e3,'),
        bad("minus nothing", at, '"at":-0,'),
        bad("a negative time", at, '"at":-1,'),
        bad("a leading zero", at, '"at":01,'),
        bad("a number browsers do not hold", at, '"at":9007199254740992,'),
        bad("a number longer than any", at, f'"at":{"9" * 3000},'),
        bad("a bool as time", at, '"at":true,'),
        bad("null", at, '"at":null,'),
        bad("NaN", at, '"at":NaN,'),
        bad("time as text", at, '"at":"1",'),
        bad("an unknown clock", '"hub"', '"gps"'),
        bad("a short nonce", '"nonce":"0', '"nonce":"'),
        bad("a nonce in capitals", '"nonce":"0', '"nonce":"A'),
        bad("an id with a capital", "station-main", "Station-main"),
        bad("an id with a line's end", "station-main", "station-main\\n"),
        bad("an id beyond ASCII", "station-main", "st\\u00e4tion"),
        bad("an id in UTF-8", "station-main", "st\u00e4tion"),
        bad("an escape that need not be", "station-main", "\\u0073tation-main"),
        bad("an empty id", "station-main", ""),
        bad("an id of 49", "station-main", "a" * 49),
        bad("no calls", ids, ""),
        bad("a call twice", ids, f"{ids},{ids}"),
        bad("calls unsorted", ids, '"00000000000000000000000000000001",' + ids),
        bad("65 calls", ids, ",".join(f'"{name}"' for name in _IDS)),
        bad("a call of 31 digits", ids, '"' + "0" * 31 + '"'),
        bad("calls as text", f"[{ids}]", ids),
        bad("a press that names calls", "[]", f"[{ids}]", _PLACED),
        bad("a press without source", '"source":"bed:b01",', "", _PLACED),
        bad("a press without type", '"type":"patient",', "", _PLACED),
        bad("a bed without its room", '"room":"r01",', "", _PLACED),
        bad("a source of no kind", '"bed:b01"', '"roof:b01"', _PLACED),
        bad("a source without name", '"bed:b01"', '"bed:"', _PLACED),
        bad("a patient call to someone", '"type"', '"to":"station-main","type"', _PLACED),
        bad("a clear without policy and way", "received", "cleared"),
        (
            "a clear in an unknown way",
            GOOD.replace("received", "cleared")
            .replace('"terminal"', '"policy":"tender","terminal"')
            .replace('"thoracic"', '"thoracic","way":"magic"'),
            "malformed",
        ),
        (
            "a clear that rests on nothing",
            GOOD.replace("received", "cleared")
            .replace('"terminal"', '"policy":"strict","rests_on":[],"terminal"')
            .replace('"thoracic"', '"thoracic","way":"bed"'),
            "malformed",
        ),
        (
            "hung up without a duration",
            GOOD.replace("received", "ended").replace('"terminal"', '"policy":"strict","terminal"'),
            "malformed",
        ),
        ("deep", "[" * 2000 + "]" * 2000, "malformed"),
        ("over 4,096 bytes", GOOD + " " * 4096, "too_large"),
    ]


def _malformed_wire() -> list[tuple[str, str, str]]:
    good = encode_wire(SIGNATURE, GOOD.replace("main", "main2").encode())
    assert good.endswith("==")
    return [
        ("no base64", "!" + good[1:], "malformed"),
        ("padding missing", good.rstrip("="), "malformed"),
        ("the other alphabet", good[:-4] + "-_==", "malformed"),
        ("a line's end", good + "\n", "malformed"),
        ("a blank inside", good[:8] + " " + good[8:], "malformed"),
        ("bits left over", base64.b64encode(SIGNATURE + b"{").decode()[:-3] + "z==", "malformed"),
        ("a signature alone", base64.b64encode(SIGNATURE).decode(), "malformed"),
        ("too short for a signature", base64.b64encode(SIGNATURE[:63]).decode(), "malformed"),
        ("nothing", "", "malformed"),
        ("too long", "A" * 5600, "too_large"),
    ]


def facts_vectors() -> dict[str, Any]:
    """Return the file's value; `canonical` is the body's bytes as text, `signature` hex."""
    bodies = []
    for name, made in _bodies():
        data = encode_body(made)
        bodies.append(
            {
                "name": name,
                "body": body_to_json(made),
                "canonical": data.decode("ascii"),
                "id": fact_id(data),
                "wire": encode_wire(SIGNATURE, data),
            }
        )
    return {
        "signature": SIGNATURE.hex(),
        "bodies": bodies,
        "malformed": [{"name": n, "text": t, "reason": r} for n, t, r in _malformed()],
        "malformed_wire": [{"name": n, "wire": w, "reason": r} for n, w, r in _malformed_wire()],
    }
