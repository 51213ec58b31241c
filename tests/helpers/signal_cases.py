"""The cases of signalling/vectors/signals.json: bodies with their bytes, and bytes that are none."""

from __future__ import annotations

import base64
from typing import Any

from ward_signalling.messages import encode_body, encode_signal, signal_from_json
from ward_sync.canonical import Json

WARD = "thoracic"
T0 = 1_800_000_000_000
SIGNATURE = bytes(range(64))
SESSION = "5e55105e55105e55"
CONNECTION = "c000000000000001"
TALK = "7a1c000000000001"
FINGERPRINT = "sha-256 " + ":".join(f"{byte:02X}" for byte in range(0xA0, 0xC0))
OTHER_FINGERPRINT = "sha-256 " + ":".join(f"{byte:02X}" for byte in range(0x10, 0x30))
CALL = "00000000000000000000000000000001"
LATER_CALL = "00000000000000000000000000000002"
CANDIDATE = "candidate:1 1 UDP 2122252543 192.0.2.7 40001 typ host"


def sdp(*fingerprints: str) -> str:
    """A short description with these `a=fingerprint` lines."""
    lines = [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    ]
    lines += [f"a=fingerprint:{one}" for one in fingerprints]
    return "".join(f"{line}\r\n" for line in [*lines, "a=setup:actpass"])


def body(kind: str, **more: Json) -> dict[str, Json]:
    """A body from station-main to bed-b01; `more` adds and replaces keys (`from_` stands for from)."""
    return {
        "kind": kind,
        "from": "station-main",
        "to": "bed-b01",
        "ward": WARD,
        "session": SESSION,
        "seq": 1,
        "at": T0,
        **{key.rstrip("_"): item for key, item in more.items()},
    }


def offer(**more: Json) -> dict[str, Json]:
    made: dict[str, Json] = {
        "connection": CONNECTION,
        "type": "offer",
        "sdp": sdp(FINGERPRINT),
        "fingerprint": FINGERPRINT,
        **more,
    }
    return body("description", **made)


def candidate(**more: Json) -> dict[str, Json]:
    return body("candidate", **{"connection": CONNECTION, "candidate": CANDIDATE, "mid": "0", **more})


def _bodies() -> list[tuple[str, dict[str, Json]]]:
    long = "a" * 48
    largest = "a=fingerprint:" + FINGERPRINT + "\r\n"
    largest += ("a=candidate:" + "x" * 26 + "\r\n") * ((20_000 - len(largest)) // 40)
    ids: list[Json] = [f"{number:032x}" for number in range(64)]
    return [
        ("an offer", offer()),
        ("an answer", offer(type="answer", from_="bed-b01", to="station-main", seq=2)),
        ("the largest description", offer(sdp=largest, from_=long, to="b" * 48, ward=long, seq=2**53 - 1)),
        ("a candidate", candidate(seq=2)),
        ("the end of candidates", candidate(seq=3, candidate="", mid="")),
        ("the longest candidate", candidate(candidate="x" * 512, mid="m" * 32)),
        ("a connection given up", body("close", connection=CONNECTION, reason="fingerprint")),
        (
            "an invitation to talk",
            body("invite", talk=TALK, purpose="talk", calls=[CALL, LATER_CALL], video=1),
        ),
        ("an invitation without a call", body("invite", talk=TALK, purpose="view", calls=[], video=1)),
        ("an invitation about 64 calls", body("invite", talk=TALK, purpose="talk", calls=ids, video=0)),
        (
            "a broadcast through the hub",
            body(
                "invite",
                to="hub",
                talk=TALK,
                purpose="broadcast",
                calls=[],
                video=0,
                targets=["bed-b01", "bed-b02"],
            ),
        ),
        (
            "a broadcast to 128",
            body(
                "invite",
                to="hub",
                talk=TALK,
                purpose="broadcast",
                calls=[],
                video=0,
                targets=[f"bed-{number:03d}" for number in range(128)],
            ),
        ),
        (
            "an invitation of the relay",
            body("invite", from_="hub", talk=TALK, purpose="broadcast", calls=[], video=0),
        ),
        ("yes", body("accept", from_="bed-b01", to="station-main", talk=TALK, video=0)),
        ("privacy", body("busy", talk=TALK, reason="privacy")),
        ("talking to another", body("busy", talk=TALK, reason="talking", by="station-vice")),
        ("muted", body("mute", talk=TALK, muted=1)),
        ("held", body("hold", talk=TALK, held=1)),
        ("resumed", body("hold", talk=TALK, held=0)),
        ("over to the vice station", body("transfer", talk=TALK, station="station-vice", calls=[CALL])),
        ("no sound yet, at the beginning of time", body("heard", talk=TALK, ms=0, at=0)),
        ("much sound", body("heard", talk=TALK, ms=2**53 - 1)),
        ("recording", body("recording", talk=TALK, on=1)),
        ("hung up", body("bye", talk=TALK, reason="hung_up")),
    ]


def _malformed() -> list[tuple[str, str]]:
    """Name and text."""
    good = encode_body(signal_from_json(body("mute", talk=TALK, muted=1))).decode("ascii")
    described = encode_body(signal_from_json(offer())).decode("ascii")
    trickled = encode_body(signal_from_json(candidate())).decode("ascii")
    invited = encode_body(
        signal_from_json(body("invite", talk=TALK, purpose="talk", calls=[CALL, LATER_CALL], video=0))
    ).decode("ascii")
    relayed = encode_body(
        signal_from_json(
            body(
                "invite",
                to="hub",
                talk=TALK,
                purpose="talk",
                calls=[],
                video=0,
                targets=["bed-b01", "bed-b02"],
            )
        )
    ).decode("ascii")
    said_bye = encode_body(signal_from_json(body("bye", talk=TALK, reason="lost"))).decode("ascii")
    was_busy = encode_body(signal_from_json(body("busy", talk=TALK, reason="talking"))).decode("ascii")

    def bad(name: str, old: str, new: str, text: str = good) -> tuple[str, str]:
        assert old in text, (name, text)
        return name, text.replace(old, new, 1)

    return [
        ("nothing", ""),
        ("no JSON", "{"),
        ("a list", "[]"),
        ("an empty object", "{}"),
        ("deep", "[" * 5_000 + "]" * 5_000),
        ("a blank at the end", good + " "),
        bad("a blank", '"seq":1', '"seq": 1'),
        bad(
            "keys out of order", f'{{"at":{T0},"from":"station-main",', f'{{"from":"station-main","at":{T0},'
        ),
        bad("a key twice", '"seq":1,', '"seq":1,"seq":1,'),
        bad("an unknown key", '"seq":1,', '"seq":1,"ser":1,'),
        bad("a key of another kind", '"seq":1,', '"reason":"lost","seq":1,'),
        bad("a key missing", '"seq":1,', ""),
        bad("no kind", '"kind":"mute",', ""),
        bad("an unknown kind", '"mute"', '"shout"'),
        bad("a kind that is a number", '"kind":"mute"', '"kind":1'),
        bad("null", '"seq":1', '"seq":null'),
        bad("a float", '"seq":1', '"seq":1.0'),
        bad("a bool as flag", '"muted":1', '"muted":true'),
        bad("a flag of 2", '"muted":1', '"muted":2'),
        bad("sequence 0", '"seq":1', '"seq":0'),
        bad("a negative time", f'"at":{T0}', '"at":-1'),
        bad("a number browsers do not hold", f'"at":{T0}', '"at":9007199254740992'),
        bad("a short session", f'"session":"{SESSION}"', f'"session":"{SESSION[1:]}"'),
        bad(
            "a session in capitals",
            f'"session":"{SESSION}"',
            f'"session":"{SESSION.upper().replace("5", "E")}"',
        ),
        bad("a long talk", f'"{TALK}"', f'"{TALK}0"'),
        bad("a talk that is a number", f'"{TALK}"', "7"),
        bad("an id with a capital", '"to":"bed-b01"', '"to":"Bed-b01"'),
        bad("an id of 49", '"to":"bed-b01"', f'"to":"{"a" * 49}"'),
        bad("an empty id", '"to":"bed-b01"', '"to":""'),
        bad("an id with a line's end", '"to":"bed-b01"', '"to":"bed-b01\\n"'),
        bad("an escape that need not be", '"to":"bed-b01"', '"to":"\\u0062ed-b01"'),
        bad("to oneself", '"to":"bed-b01"', '"to":"station-main"'),
        bad("a description that is neither", '"offer"', '"pranswer"', described),
        bad("an empty SDP", described[described.index('"sdp":') :].split(',"seq"')[0], '"sdp":""', described),
        bad("an SDP beyond ASCII", '"sdp":"v=0', '"sdp":"v=\\u00e4', described),
        bad("an SDP with a NUL", '"sdp":"v=0', '"sdp":"v=\\u0000', described),
        bad(
            "an SDP of 20,001",
            '"sdp":"v=0',
            '"sdp":"' + "x" * (20_001 - len(sdp(FINGERPRINT)) + 3),
            described,
        ),
        bad("a fingerprint in small letters", f'"{FINGERPRINT}"', f'"{FINGERPRINT.lower()}"', described),
        bad("a fingerprint of another hash", '"fingerprint":"sha-256', '"fingerprint":"sha-384', described),
        bad("a fingerprint too short", FINGERPRINT[-3:] + '"', '"', described),
        bad("a candidate of 513", CANDIDATE, "x" * 513, trickled),
        bad("a candidate of two lines", CANDIDATE, CANDIDATE + "\\r\\n", trickled),
        bad("a mid of 33", '"mid":"0"', f'"mid":"{"0" * 33}"', trickled),
        bad("a mid that is a number", '"mid":"0"', '"mid":0', trickled),
        bad("calls unsorted", f'"{CALL}","{LATER_CALL}"', f'"{LATER_CALL}","{CALL}"', invited),
        bad("a call twice", f'"{CALL}","{LATER_CALL}"', f'"{CALL}","{CALL}"', invited),
        bad("a call of 31 digits", f'"{CALL}"', f'"{CALL[1:]}"', invited),
        bad("a call that is a number", f'"{CALL}"', "1", invited),
        bad("calls as text", f'["{CALL}","{LATER_CALL}"]', f'"{CALL}"', invited),
        bad(
            "65 calls",
            f'"{CALL}","{LATER_CALL}"',
            ",".join(f'"{number:032x}"' for number in range(65)),
            invited,
        ),
        bad("an unknown purpose", '"purpose":"talk"', '"purpose":"spy"', invited),
        bad("targets to a terminal", '"to":"hub"', '"to":"bed-b01"', relayed),
        bad("to the hub without targets", '"targets":["bed-b01","bed-b02"],', "", relayed),
        bad("no target", '"targets":["bed-b01","bed-b02"]', '"targets":[]', relayed),
        bad("targets unsorted", '"bed-b01","bed-b02"', '"bed-b02","bed-b01"', relayed),
        bad("targets with a capital", '"bed-b01","bed-b02"', '"Bed-b01","bed-b02"', relayed),
        bad(
            "129 targets",
            '"bed-b01","bed-b02"',
            ",".join(f'"bed-{number:03d}"' for number in range(129)),
            relayed,
        ),
        bad("an unknown reason to leave", '"reason":"lost"', '"reason":"bored"', said_bye),
        bad("a reason of busy to leave", '"reason":"lost"', '"reason":"talking"', said_bye),
        bad("a reason to leave as busy", '"reason":"talking"', '"reason":"lost"', was_busy),
        ("over 24,576 bytes", good + " " * 24_576),
    ]


def _malformed_wire() -> list[tuple[str, str]]:
    data = encode_body(signal_from_json(body("mute", talk=TALK, muted=1, at=T0 // 100)))
    good = encode_signal(SIGNATURE, data)
    assert good.endswith("=")
    return [
        ("no base64", "!" + good[1:]),
        ("padding missing", good.rstrip("=")),
        ("the other alphabet", good[:-4] + "-_=="),
        ("a line's end", good + "\n"),
        ("a blank inside", good[:8] + " " + good[8:]),
        ("bits left over", base64.b64encode(SIGNATURE + b"{").decode()[:-3] + "z=="),
        ("a signature alone", base64.b64encode(SIGNATURE).decode()),
        ("too short for a signature", base64.b64encode(SIGNATURE[:63]).decode()),
        ("no body of a signal", base64.b64encode(SIGNATURE + b"{}").decode()),
        ("nothing", ""),
        ("too long", "A" * 32_860),
    ]


def signal_vectors() -> dict[str, Any]:
    """Return the file's value; `canonical` is the body's bytes as text, `signature` hex."""
    bodies = []
    for name, made in _bodies():
        data = encode_body(signal_from_json(made))
        bodies.append(
            {
                "name": name,
                "body": made,
                "canonical": data.decode("ascii"),
                "wire": encode_signal(SIGNATURE, data),
            }
        )
    return {
        "signature": SIGNATURE.hex(),
        "bodies": bodies,
        "malformed": [{"name": n, "text": t, "reason": "malformed"} for n, t in _malformed()],
        "malformed_wire": [{"name": n, "wire": w, "reason": "malformed"} for n, w in _malformed_wire()],
    }
