"""The shapes that stand in the HTTP interface: of parameters, bodies and answers. JSON Schema 2020-12.

The back office's are the same as pwa/src/screens/back_office/types.ts. Times are ms since the epoch. What a
hospital sets freely (settings, marks, mappings, details of the audit trail) is any object.
"""

from __future__ import annotations

from collections.abc import Mapping

from ward_hub.edge.errors import ERRORS
from ward_hub.edge.openapi.operation import Schema
from ward_hub.edge.openapi.shapes import (
    BED_FIELDS,
    BOOLEAN,
    CALL_TYPE_FIELDS,
    DOINGS,
    DUTY_FIELDS,
    FEED_MESSAGE_FIELDS,
    FLAGS_FIELDS,
    GROUP_FIELDS,
    HEX16,
    HOSPITAL_FIELDS,
    HOSTING_FIELDS,
    HOSTING_RULE_FIELDS,
    ID,
    INTEGER,
    KIND,
    OBJECT,
    PERMISSION,
    PURPOSES_FIELDS,
    ROLE,
    ROOM_FIELDS,
    SCHEDULE_FIELDS,
    STAFF_FIELDS,
    STRING,
    STRINGS,
    TERMINAL_FIELDS,
    TITLE_FIELDS,
    every,
    listed,
    maybe,
    one_of,
    record,
    ref,
    text,
)
from ward_hub.office.port import Entity


def _held(fields: Mapping[str, Schema], more: Mapping[str, Schema] | None = None) -> Schema:
    return record({"id": STRING, **fields}, more)


SCHEMAS: Mapping[str, Schema] = {
    "Refusal": record(
        every(
            error=record(
                every(code=one_of(*sorted(ERRORS)), message=STRING, message_zh=STRING),
                every(problems=listed(ref("Problem"), 1)),
            )
        )
    ),
    "Problem": record(every(index=INTEGER, field=maybe(STRING), message=STRING, message_zh=STRING)),
    "Enrolled": record(
        every(
            terminal=STRING,
            kind=KIND,
            profile=STRING,
            name=STRING,
            ward=STRING,
            installation=STRING,
            generation=INTEGER,
        ),
        every(room=STRING, bed=STRING),
    ),
    "Token": record(
        every(
            token=STRING,
            expires_at=INTEGER,
            now=INTEGER,
            installation=STRING,
            generation=INTEGER,
            terminal=OBJECT,
            ice_servers=listed(OBJECT),
        )
    ),
    "SignedIn": record(
        every(
            token=STRING,
            expires_at=INTEGER,
            staff=record(every(id=STRING, name=STRING, role=ROLE)),
            password_due=BOOLEAN,
        )
    ),
    "Call": record(
        every(
            id=STRING,
            ward=STRING,
            room=maybe(STRING),
            bed=maybe(STRING),
            source=STRING,
            type=STRING,
            purpose=maybe(STRING),
            at=INTEGER,
            approx=BOOLEAN,
            heard_at=maybe(INTEGER),
            received_at=maybe(INTEGER),
            acknowledged_at=maybe(INTEGER),
            acknowledged_by=maybe(STRING),
            attended_at=maybe(INTEGER),
            attended_by=maybe(STRING),
            talk_ms=maybe(INTEGER),
            closed_at=maybe(INTEGER),
            closed_by=maybe(STRING),
            closed_how=maybe(STRING),
            way=maybe(STRING),
            waited_ms=maybe(INTEGER),
            missed=BOOLEAN,
            staff_unverified=STRINGS,
            recordings=STRINGS,
        )
    ),
    "Recording": record(
        every(
            talk=STRING,
            purpose=STRING,
            started_at=INTEGER,
            ended_at=INTEGER,
            terminal=STRING,
            staff=maybe(STRING),
        )
        | {"with": STRINGS}
    ),
    "Me": record(
        every(
            staff=record(every(id=STRING, number=STRING, name=STRING, role=ROLE, ward=maybe(STRING))),
            permissions=listed(PERMISSION),
            wards=listed(record(TITLE_FIELDS)),
            expires_at=INTEGER,
            idle_ms=INTEGER,
            password_due=BOOLEAN,
            version=STRING,
        )
    ),
    "Session": record(
        every(
            id=STRING,
            staff=STRING,
            staff_name=maybe(STRING),
            role=ROLE,
            way=STRING,
            address=maybe(STRING),
            started_at=INTEGER,
            seen_at=INTEGER,
            expires_at=INTEGER,
            current=BOOLEAN,
        )
    ),
    "WardTitle": record(TITLE_FIELDS),
    "Hospital": record(HOSPITAL_FIELDS),
    "WardConfig": record(
        every(
            revision=INTEGER,
            id=STRING,
            ward=record(
                HOSPITAL_FIELDS
                | every(
                    escalation_ms=listed(INTEGER, 3, 3),
                    reminder_ms=INTEGER,
                    all_tender=BOOLEAN,
                    night_from=STRING,
                    night_to=STRING,
                )
            ),
            rooms=listed(_held(ROOM_FIELDS)),
            beds=listed(_held(BED_FIELDS)),
            groups=listed(_held(GROUP_FIELDS)),
            terminals=listed(_held(TERMINAL_FIELDS | every(state=one_of("planned", "active", "revoked")))),
            staff=listed(_held(STAFF_FIELDS)),
            duty=listed(_held(DUTY_FIELDS)),
            hosting=listed(_held(HOSTING_FIELDS)),
            hosting_rules=listed(_held(HOSTING_RULE_FIELDS)),
            call_types=listed(
                _held(
                    CALL_TYPE_FIELDS | every(shipped=maybe(record(CALL_TYPE_FIELDS, PURPOSES_FIELDS))),
                    PURPOSES_FIELDS,
                )
            ),
            occupied=STRINGS,
            profiles={
                "type": "object",
                "additionalProperties": listed(record(every(id=STRING, name=STRING))),
            },
        )
    ),
    "Person": _held(STAFF_FIELDS, FLAGS_FIELDS),
    "Permissions": record(
        every(
            roles={
                "type": "object",
                "additionalProperties": record(
                    every(permissions=listed(PERMISSION), shipped=listed(PERMISSION))
                ),
            },
            fixed=listed(PERMISSION),
        )
    ),
    "Edit": record(
        every(
            entity=one_of(*Entity),
            ward=maybe(text(500, 0)),
            id=text(500, 0),
            before=maybe(OBJECT),
            after=maybe(OBJECT),
        )
    ),
    "Applied": record(every(id=maybe(INTEGER), revision=INTEGER)),
    "Change": record(
        every(
            id=INTEGER,
            at=INTEGER,
            staff=STRING,
            staff_name=maybe(STRING),
            ward=maybe(STRING),
            note=STRING,
            undoes=maybe(INTEGER),
            undone_by=maybe(INTEGER),
            edits=listed(ref("Edit")),
        )
    ),
    "Imported": record(
        every(
            rows=INTEGER,
            errors=listed(
                record(every(row=INTEGER, column=maybe(STRING), message=STRING, message_zh=STRING))
            ),
            edits=listed(ref("Edit")),
            change=maybe(INTEGER),
        )
    ),
    "AuditLine": record(
        every(
            seq=INTEGER,
            at=INTEGER,
            action=STRING,
            result=one_of("ok", "refused", "failed"),
            staff=maybe(STRING),
            staff_name=maybe(STRING),
            terminal=maybe(STRING),
            ward=maybe(STRING),
            subject=maybe(STRING),
            address=maybe(STRING),
            detail=OBJECT,
        )
    ),
    "TerminalLine": record(
        every(
            id=STRING,
            ward=STRING,
            kind=KIND,
            profile=STRING,
            name=STRING,
            name_en=STRING,
            room=maybe(STRING),
            bed=maybe(STRING),
            state=one_of("planned", "active", "revoked"),
            seen=one_of("never", "online", "delayed", "offline"),
            last_heard_at=maybe(INTEGER),
            address=maybe(STRING),
            mac=maybe(STRING),
            serial=maybe(STRING),
            model=maybe(STRING),
            browser=maybe(STRING),
            version=maybe(STRING),
            build=maybe(STRING),
            wanted_build=maybe(STRING),
            offset_ms=maybe(INTEGER),
            rtt_ms=maybe(INTEGER),
            layer=maybe(INTEGER),
            sound=maybe(one_of("ok", "blocked", "muted")),
            screen=maybe(one_of("on", "off")),
            volume=maybe(INTEGER),
            brightness=maybe(INTEGER),
            can=STRINGS,
            hung=INTEGER,
            reachable=maybe(BOOLEAN),
        )
    ),
    "Targets": record(every(ward=maybe(ID), kind=maybe(KIND), terminals=maybe(listed(ID, 1)))),
    "FleetCommand": record(
        every(
            id=STRING,
            at=INTEGER,
            staff=STRING,
            do=one_of(*DOINGS, "identify"),
            value=maybe(INTEGER),
            results=listed(
                record(
                    every(
                        terminal=STRING,
                        outcome=one_of(
                            "waiting", "done", "not_connected", "not_able", "in_call", "failed", "no_answer"
                        ),
                    )
                )
            ),
        )
    ),
    "DeviceSchedule": _held(SCHEDULE_FIELDS),
    "Release": record(
        every(
            build=STRING,
            version=STRING,
            added_at=INTEGER,
            added_by=STRING,
            bytes=INTEGER,
            note=STRING,
            running=INTEGER,
            base=BOOLEAN,
        )
    ),
    "Stage": record(every(name=text(64), terminals=listed(ID, 1))),
    "RollOut": record(
        every(
            id=INTEGER,
            build=STRING,
            from_build=STRING,
            state=one_of("running", "halted", "done", "rolled_back"),
            reason=maybe(STRING),
            stage=INTEGER,
            stages=listed(
                record(
                    every(name=STRING, terminals=STRINGS, updated=INTEGER, failed=STRINGS, waiting=STRINGS)
                )
            ),
            advance_after_s=maybe(INTEGER),
            started_at=INTEGER,
            staff=STRING,
        )
    ),
    "FeedMessage": record(FEED_MESSAGE_FIELDS),
    "FeedMessageWhole": record(FEED_MESSAGE_FIELDS | every(text=maybe(STRING))),
    "FeedMapping": record(
        every(
            version=INTEGER,
            mapping=OBJECT,
            shipped=OBJECT,
            versions=listed(record(every(id=INTEGER, at=INTEGER, staff=STRING))),
        )
    ),
    "CallPointLine": record(
        every(
            id=STRING,
            ward=STRING,
            name=STRING,
            room=maybe(STRING),
            bed=maybe(STRING),
            has_key=BOOLEAN,
            last_heard_at=maybe(INTEGER),
            line=one_of("ok", "open", "unknown"),
            refused=INTEGER,
        )
    ),
    "SystemInfo": record(
        every(
            version=STRING,
            now=INTEGER,
            started_at=INTEGER,
            certificate=maybe(
                record(every(subject=STRING, issuer=STRING, not_after=INTEGER, days_left=INTEGER))
            ),
            sessions=INTEGER,
            feed=record(every(connected=INTEGER, last_message_at=maybe(INTEGER), refused=INTEGER)),
            push=record(every(others=BOOLEAN, subscribed=INTEGER, connected=INTEGER)),
        )
    ),
}

PATH_SCHEMAS: Mapping[str, Schema] = {
    "ward": ID,
    "terminal": ID,
    "id": text(64),
    "talk": HEX16,
    "session": HEX16,
    "build": HEX16,
    "kind": one_of("beds", "staff", "terminals"),
    "event": one_of("advance", "halt", "resume", "rollback"),
}
"""By the name a path calls it."""
