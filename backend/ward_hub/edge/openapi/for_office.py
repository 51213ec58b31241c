"""Operations of the back office: sign-in, configuration, people, journal and audit trail."""

from __future__ import annotations

from collections.abc import Mapping

from ward_hub.documents.port import Json
from ward_hub.edge.openapi.for_terminals import EVERYBODY
from ward_hub.edge.openapi.operation import Door, Operation, Schema
from ward_hub.edge.openapi.shapes import (
    BOOLEAN,
    ID,
    INSTANT,
    INTEGER,
    NOTHING,
    OBJECT,
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
from ward_hub.office.export import MEDIA_TYPES
from ward_hub.office.port import Permission

SIGNED_IN = ("everybody in the back office",)
_FILE: Schema = {"type": "string", "format": "binary"}
_FORM = every(format=one_of("json", "csv", "xlsx"), lang=one_of("zh", "en"))
_PASSWORD_FAULTS = ("password_weak", "password_used")
_EDITS = ("invalid", "changed_meanwhile", "still_used")
_TRIES = ("sign_in_refused", "sign_in_locked", "too_many_tries")


def office(
    method: str,
    path: str,
    summary: str,
    who: Permission | tuple[str, ...],
    answer: Schema | None = None,
    *refusals: str,
    body: Schema | None = None,
    query: Mapping[str, Schema] | None = None,
    gives: Mapping[int, Mapping[str, Schema]] | None = None,
    takes: str = "application/json",
) -> Operation:
    """An operation under /api/office that needs a session. `who`: a permission, or words."""
    return Operation(
        method,
        f"/api/office/{path}",
        summary,
        Door.OFFICE,
        (who.value,) if isinstance(who, Permission) else who,
        answer,
        refusals,
        body,
        query or {},
        gives=gives or {},
        takes=takes,
    )


def _listing(answer: Schema) -> dict[int, dict[str, Schema]]:
    """The answer as JSON, or as a file."""
    files: dict[str, Schema] = {media.partition(";")[0]: _FILE for media in MEDIA_TYPES.values()}
    return {200: {"application/json": answer, **files}}


_JOURNAL = record(every(calls=listed(ref("Call")), more=BOOLEAN))
_AUDIT = record(every(lines=listed(ref("AuditLine")), more=BOOLEAN))
_SECRET: Json = {"type": ["string", "null"], "minLength": 1, "maxLength": 128}

_SESSIONS = (
    Operation(
        "GET",
        "/api/office/sign-in-ways",
        "Which ways in there are.",
        Door.OPEN,
        EVERYBODY,
        record(every(password=BOOLEAN, oidc=maybe(STRING))),
    ),
    Operation(
        "POST",
        "/api/office/sign-in",
        "Sign in; the answer sets the cookie.",
        Door.OPEN,
        EVERYBODY,
        ref("Me"),
        ("forbidden", "sign_in_elsewhere", *_TRIES),
        record(every(number=text(32), password=text(128))),
        office_header=True,
    ),
    Operation(
        "POST",
        "/api/office/sign-out",
        "End the session of the cookie, if there is one.",
        Door.OPEN,
        EVERYBODY,
        NOTHING,
        ("forbidden",),
        office_header=True,
    ),
    Operation(
        "GET",
        "/api/office/oidc/start",
        "Off to the hospital's single sign-on; where one is set up.",
        Door.OPEN,
        EVERYBODY,
        refusals=("too_many_tries", "not_found"),
        gives={303: {}},
    ),
    Operation(
        "GET",
        "/api/office/oidc/callback",
        "Back from the single sign-on; refusals are told by the page this leads to.",
        Door.OPEN,
        EVERYBODY,
        refusals=("too_many_tries", "not_found"),
        query=every(code=text(2048), state=text(128), error=text(128)),
        gives={303: {}},
    ),
    office("GET", "me", "Who is signed in; also those who must set a password first.", SIGNED_IN, ref("Me")),
    office(
        "POST",
        "password",
        "Set one's own password.",
        SIGNED_IN,
        NOTHING,
        *_PASSWORD_FAULTS,
        *_TRIES,
        body=record(every(old=text(128), new=text(128))),
    ),
    office(
        "GET",
        "sessions",
        "One's own sessions; with staff.write everybody's.",
        SIGNED_IN,
        record(every(sessions=listed(ref("Session")))),
    ),
    office("DELETE", "sessions/{id}", "End a session of the list.", SIGNED_IN, NOTHING),
    office("GET", "system", "The hub itself.", SIGNED_IN, ref("SystemInfo")),
)

_CONFIGURATION = (
    office("GET", "wards", "The wards in one's sight.", SIGNED_IN, listed(ref("WardTitle"))),
    office("GET", "wards/{ward}", "A ward's configuration.", Permission.WARD_READ, ref("WardConfig")),
    office("GET", "hospital", "The hospital.", Permission.WARD_READ, ref("Hospital")),
    office("GET", "staff", "Everybody.", Permission.STAFF_WRITE, listed(ref("Person"))),
    office(
        "GET",
        "permissions",
        "What roles may.",
        ("permissions.write", "staff.write"),
        ref("Permissions"),
    ),
    office(
        "POST",
        "changes",
        "Change the configuration, all edits or none.",
        ("the permission each entity needs",),
        ref("Applied"),
        *_EDITS,
        body=record(every(note=text(500, 0), edits=listed(ref("Edit"), 1, 500))),
    ),
    office(
        "GET",
        "changes",
        "What was changed, newest first.",
        Permission.WARD_READ,
        record(every(changes=listed(ref("Change")), more=BOOLEAN)),
        query=every(ward=ID, before=whole(1, 2**31 - 1), limit=whole(1, 200)),
    ),
    office(
        "POST",
        "changes/{id}/undo",
        "Take a change back.",
        ("the permission each entity needs",),
        ref("Applied"),
        *_EDITS,
        "not_undoable",
    ),
    office(
        "POST",
        "import/{kind}",
        "Import a CSV or XLSX table, whole or not at all.",
        ("the permission each entity needs",),
        ref("Imported"),
        *_EDITS,
        "malformed",
        body=_FILE,
        query=every(ward=ID, dry=one_of("0", "1")),
        takes="application/octet-stream",
    ),
    office(
        "GET",
        "import/{kind}/template",
        "An empty table to fill in.",
        SIGNED_IN,
        None,
        "malformed",
        gives={200: {MEDIA_TYPES["xlsx"]: _FILE}},
    ),
    office(
        "POST",
        "hosting/now",
        "Hand a group's calls over from now on (CALL-07).",
        Permission.HOSTING_WRITE,
        record(every(id=maybe(INTEGER), revision=INTEGER, hosting=STRING)),
        *_EDITS,
        body=record(every(ward=ID, from_group=ID, to=listed(ID, 1), until_ms=INSTANT)),
    ),
)

_PEOPLE = (
    office(
        "POST",
        "staff/{id}/password",
        "Set a person's password; not one's own.",
        Permission.STAFF_WRITE,
        NOTHING,
        *_PASSWORD_FAULTS,
        body=record(every(password=text(128))),
    ),
    office(
        "POST",
        "staff/{id}/pin",
        "Set or take away a person's PIN, badge or both.",
        Permission.STAFF_WRITE,
        NOTHING,
        "invalid",
        body={
            "type": "object",
            "properties": {"pin": _SECRET, "badge": _SECRET},
            "additionalProperties": False,
            "minProperties": 1,
        },
    ),
    office("POST", "staff/{id}/unlock", "Forget failed tries.", Permission.STAFF_WRITE, NOTHING),
)

_RECORDS = (
    office(
        "GET",
        "journal",
        "The call journal; as a file with journal.export (CALL-06).",
        Permission.JOURNAL_READ,
        query=every(ward=ID, to=INSTANT, bed=ID, type=ID) | {"from": INSTANT} | _FORM,
        gives=_listing(_JOURNAL),
    ),
    office(
        "GET",
        "audit",
        "The audit trail; as a file with audit.export (OPS-04).",
        Permission.AUDIT_READ,
        query=every(
            to=INSTANT,
            staff=ID,
            action=STRING,
            ward=ID,
            text=text(100, 0),
            before=INSTANT,
            limit=whole(1, 500),
        )
        | {"from": INSTANT}
        | _FORM,
        gives=_listing(_AUDIT),
    ),
)

_FEED_LIMIT = whole(1, 10**18 - 1)

_FEED = (
    office(
        "GET",
        "feed/messages",
        "Messages that could not be taken.",
        Permission.FEED_READ,
        record(every(messages=listed(ref("FeedMessage")), more=BOOLEAN)),
        query=every(state=one_of("refused", "replayed", "discarded"), before=_FEED_LIMIT, limit=_FEED_LIMIT),
    ),
    office(
        "GET",
        "feed/messages/{id}",
        "One of them with its text; a line in the audit trail says who read it.",
        ("feed.repair", "feed.read of those who care for patients"),
        ref("FeedMessageWhole"),
    ),
    office(
        "POST",
        "feed/messages/{id}/replay",
        "Send it again, as it came (null) or mended.",
        Permission.FEED_REPAIR,
        record(every(state=one_of("refused", "replayed", "discarded"), reason=maybe(STRING))),
        "invalid",
        "changed_meanwhile",
        body=record(every(text=maybe(text(2**20, 0)))),
    ),
    office(
        "POST",
        "feed/messages/{id}/discard",
        "Put it aside.",
        Permission.FEED_REPAIR,
        record(every(state=one_of("discarded"))),
        "changed_meanwhile",
        body=record({}, every(reason=text(500, 0))),
    ),
    office(
        "GET", "feed/mapping", "How the hospital's words are read.", Permission.FEED_READ, ref("FeedMapping")
    ),
    office(
        "POST",
        "feed/mapping",
        "Read them otherwise from now on, or as an older version did; for those of all wards.",
        Permission.FEED_REPAIR,
        record(every(version=INTEGER)),
        "invalid",
        "changed_meanwhile",
        "not_found",
        body={
            "anyOf": [
                record(every(version=INTEGER, mapping=maybe(OBJECT))),
                record(every(version=INTEGER, restore=INTEGER)),
            ]
        },
    ),
)

OPERATIONS: tuple[Operation, ...] = (*_SESSIONS, *_CONFIGURATION, *_PEOPLE, *_RECORDS, *_FEED)
