"""Operations of ward hubs (docs/ward-hub.md)."""

from __future__ import annotations

from ward_hub.edge.openapi.operation import Door, Operation
from ward_hub.edge.openapi.shapes import INTEGER, OBJECT, STRING, STRINGS, every, record, text

_INSTALLATION = every(installation=STRING, generation=INTEGER)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/api/ward-hubs/enrol",
        "Bind a ward hub's key to its name, by a one-time code.",
        Door.OPEN,
        ("everybody",),
        record(every(hub=STRING, wards=STRINGS, **_INSTALLATION)),
        ("code_invalid", "key_invalid", "too_many_tries"),
        record(every(code=text(64), public_key=text(128))),
    ),
    Operation(
        "POST",
        "/api/ward-hubs/challenge",
        "Ask for something to sign.",
        Door.OPEN,
        ("everybody",),
        record(every(challenge=STRING)),
        (),
        record(every(hub=text(48))),
    ),
    Operation(
        "POST",
        "/api/ward-hubs/token",
        "Prove the key; the answer's token opens the wards' documents and the mirror, and nothing else.",
        Door.OPEN,
        ("everybody",),
        record(every(token=STRING, expires_at=INTEGER, now=INTEGER, **_INSTALLATION)),
        ("challenge_invalid", "signature_invalid", "terminal_unknown", "too_many_tries"),
        record(every(hub=text(48), challenge=text(128), signature=text(128))),
    ),
    Operation(
        "GET",
        "/api/ward-hubs/mirror",
        "What a ward hub needs to serve its wards alone: rows by table, who lies where, the PIN secret.",
        Door.TERMINAL,
        ("ward hub, for its wards",),
        record(
            every(
                wards=STRINGS,
                revision=STRING,
                tables=OBJECT,
                view=OBJECT,
                pin_secret=STRING,
                **_INSTALLATION,
            )
        ),
        query={"after": STRING},
        gives={204: {}},
    ),
)
