"""Operations of terminals, call points and push: what stands outside the back office."""

from __future__ import annotations

from ward_signalling.messages import Purpose

from ward_hub.edge.openapi.operation import Door, Operation, Schema
from ward_hub.edge.openapi.shapes import (
    ID,
    INSTANT,
    INTEGER,
    NOTHING,
    STRING,
    every,
    listed,
    maybe,
    one_of,
    record,
    ref,
    text,
    whole,
)

EVERYBODY = ("everybody",)
_TRIES = ("sign_in_refused", "sign_in_locked", "sign_in_elsewhere", "too_many_tries", "terminal_unknown")
_STARTING = "starting"
_CALLS = record(every(calls=listed(ref("Call"))))
_SOUND: Schema = {"type": "string", "contentMediaType": "audio/webm"}
_CSV: Schema = {"type": "string", "contentMediaType": "text/csv"}
_IDS: Schema = {"type": "string", "maxLength": 4096, "description": "ids parted by commas"}
_HOSTING = record(every(from_group=ID, to=listed(ID, 1), until_ms=INSTANT))

_ENROLMENT = (
    Operation(
        "POST",
        "/api/enrol",
        "Bind a device's key to a terminal's place, by a one-time code.",
        Door.OPEN,
        EVERYBODY,
        ref("Enrolled"),
        ("code_invalid", "key_invalid", "too_many_tries", "terminal_unknown"),
        record(every(code=text(64), public_key=text(128))),
    ),
    Operation(
        "POST",
        "/api/challenge",
        "Ask for something to sign.",
        Door.OPEN,
        EVERYBODY,
        record(every(challenge=STRING)),
        (_STARTING,),
        record(every(terminal=text(48))),
    ),
    Operation(
        "POST",
        "/api/token",
        "Prove the key; the answer's token lets the terminal in.",
        Door.OPEN,
        EVERYBODY,
        ref("Token"),
        ("challenge_invalid", "signature_invalid", "terminal_unknown", "too_many_tries", _STARTING),
        record(every(terminal=text(48), challenge=text(128), signature=text(128))),
    ),
)

_STAFF = (
    Operation(
        "POST",
        "/api/staff/sign-in",
        "A person signs in at the terminal.",
        Door.TERMINAL,
        ("station", "whiteboard", "pda"),
        ref("SignedIn"),
        (*_TRIES, _STARTING),
        record(every(number=text(32), password=text(128))),
    ),
    Operation(
        "POST",
        "/api/staff/pin",
        "A person signs in by PIN or badge; at a shared screen for 2 min (USR-01).",
        Door.TERMINAL,
        ("station", "whiteboard", "pda"),
        ref("SignedIn"),
        ("pin_refused", *_TRIES, _STARTING),
        {"anyOf": [record(every(number=text(32), pin=text(16))), record(every(badge=text(64)))]},
    ),
    Operation(
        "POST",
        "/api/staff/session",
        "When the session of the person at this terminal ends.",
        Door.TERMINAL,
        ("person at a terminal",),
        record(every(staff=STRING, expires_at=INTEGER)),
        ("forbidden",),
    ),
    Operation(
        "POST",
        "/api/staff/password",
        "The person at this terminal sets a new password.",
        Door.TERMINAL,
        ("person at a terminal",),
        NOTHING,
        ("signed_out", "password_weak", "password_used", *_TRIES, _STARTING),
        record(every(old=text(128), new=text(128))),
    ),
    Operation(
        "POST",
        "/api/staff/sign-out",
        "Whoever is signed in at this terminal is so no longer.",
        Door.TERMINAL,
        ("every terminal",),
        NOTHING,
        ("terminal_unknown",),
    ),
)

_WARD = (
    Operation(
        "GET",
        "/api/wards/{ward}/calls",
        "The call journal (CALL-06).",
        Door.TERMINAL,
        ("station of the ward", "pda of the ward"),
        _CALLS,
        ("forbidden",),
        query={
            "from!": INSTANT,
            "to!": INSTANT,
            "bed": ID,
            "type": ID,
            "format": one_of("json", "csv"),
            "lang": one_of("zh", "en"),
        },
        gives={200: {"application/json": _CALLS, "text/csv": _CSV}},
    ),
    Operation(
        "GET",
        "/api/wards/{ward}/recordings",
        "Recorded talks that stand under no call of the journal.",
        Door.TERMINAL,
        ("station of the ward", "pda of the ward"),
        listed(ref("Recording")),
        ("forbidden",),
        query={"from!": INSTANT, "to!": INSTANT},
    ),
    Operation(
        "PUT",
        "/api/wards/{ward}/recordings/{talk}",
        "Store a recorded talk.",
        Door.TERMINAL,
        ("station of the ward", "pda of the ward"),
        record(every(talk=STRING)),
        ("forbidden", "recording_off", "recording_differs", "malformed"),
        {"type": "string", "format": "binary"},
        {
            "calls!": _IDS,
            "purpose!": one_of(*Purpose),
            "started_at!": INSTANT,
            "ended_at!": INSTANT,
            "with!": _IDS,
        },
        gives={201: {"application/json": record(every(talk=STRING))}},
        takes="audio/webm",
    ),
    Operation(
        "GET",
        "/api/wards/{ward}/recordings/{talk}",
        "Hear a recorded talk; a line in the audit trail says who did.",
        Door.TERMINAL,
        ("nurse, head nurse or doctor at a terminal of the ward",),
        refusals=("forbidden", "malformed"),
        gives={200: {"audio/webm": _SOUND}, 206: {"audio/webm": _SOUND}},
    ),
    Operation(
        "POST",
        "/api/wards/{ward}/hosting",
        "A station hands its calls over for a while (CALL-07).",
        Door.TERMINAL,
        ("station of the ward",),
        record(every(id=maybe(INTEGER), revision=INTEGER, hosting=STRING)),
        ("forbidden", "invalid", "changed_meanwhile"),
        _HOSTING,
    ),
    Operation(
        "DELETE",
        "/api/wards/{ward}/hosting/{id}",
        "A station takes its calls back.",
        Door.TERMINAL,
        ("station of the ward",),
        ref("Applied"),
        ("forbidden", "invalid", "changed_meanwhile"),
    ),
)

_DEVICE_HEADERS: dict[str, Schema] = {
    "X-Wardline-Time": {"type": "string", "pattern": "^(0|[1-9][0-9]{11,14})$"},
    "X-Wardline-Nonce": {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,64}$"},
    "X-Wardline-Signature": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}

_CALL_POINTS = (
    Operation(
        "POST",
        "/api/call-points/{id}/events",
        "A call point says what happened; signed with its own key (docs/call-points.md).",
        Door.DEVICE,
        ("that call point's device",),
        record(every(state=STRING, calls=listed(STRING), time=INTEGER)),
        ("replayed", "forbidden", "too_many_tries"),
        record(
            every(
                event=one_of("pressed", "cancelled", "fault", "ok", "alive"),
                nonce={"type": "string", "pattern": "^[A-Za-z0-9_-]{16,64}$"},
            ),
            every(type=ID, at=whole(1, 2**53 - 1)),
        ),
        headers={f"{name}!": schema for name, schema in _DEVICE_HEADERS.items()},
    ),
    Operation(
        "GET",
        "/api/call-points/{id}/challenge",
        "A nonce for a device without a clock.",
        Door.OPEN,
        EVERYBODY,
        record(every(nonce=STRING, expires_in_ms=INTEGER, time=INTEGER)),
        ("device_refused", "malformed"),
    ),
)

_PUSH = (
    Operation(
        "GET",
        "/api/push/key",
        "The public key that pushes are signed with (RFC 8292).",
        Door.TERMINAL,
        ("pda",),
        record(every(key=maybe(STRING))),
        ("forbidden",),
    ),
    Operation(
        "PUT",
        "/api/push/subscription",
        "Where this PDA's browser is reached.",
        Door.TERMINAL,
        ("pda",),
        NOTHING,
        ("forbidden", "endpoint_refused"),
        record(every(endpoint=text(1024), p256dh=text(96), auth=text(32), language=one_of("zh", "en"))),
    ),
    Operation(
        "DELETE",
        "/api/push/subscription",
        "This PDA wants no pushes any more.",
        Door.TERMINAL,
        ("pda",),
        NOTHING,
        ("forbidden",),
    ),
    Operation(
        "POST",
        "/api/push/seen/{id}",
        "A push arrived: its one-time id, which stood in the encrypted push, is the proof.",
        Door.OPEN,
        ("whoever holds the one-time id",),
        refusals=("too_many_tries",),
        gives={204: {}},
    ),
    Operation(
        "POST",
        "/push/m/{id}",
        "The hub's own push service takes a message (RFC 8030). Its clients come by WebSocket at /push/ws.",
        Door.OPEN,
        ("the hub, by its VAPID signature",),
        body={"type": "string", "format": "binary", "maxLength": 4096},
        headers={"TTL!": whole(0, 2**31 - 1)},
        # RFC 8030 knows no bodies of refusals.
        gives={201: {}, 400: {}, 403: {}, 404: {}},
        takes="application/octet-stream",
    ),
)

ITSELF = Operation("GET", "/api/openapi.json", "This description.", Door.OPEN, EVERYBODY, {"type": "object"})

OPERATIONS: tuple[Operation, ...] = (ITSELF, *_ENROLMENT, *_STAFF, *_WARD, *_CALL_POINTS, *_PUSH)
