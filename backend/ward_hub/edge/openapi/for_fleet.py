"""Operations of the back office on devices: terminals, releases and roll-outs, live view, call points."""

from __future__ import annotations

from ward_hub.edge.openapi.for_office import office
from ward_hub.edge.openapi.operation import Operation
from ward_hub.edge.openapi.shapes import (
    DOINGS,
    HEX16,
    ID,
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
from ward_hub.office.port import Permission

_FLEET = ("fleet.control", "fleet.release", "fleet.view")

_TERMINALS = (
    office(
        "GET",
        "terminals",
        "The terminals and how they are (DEV-01, DEV-03).",
        Permission.WARD_READ,
        listed(ref("TerminalLine")),
        query=every(ward=ID),
    ),
    office(
        "POST",
        "terminals/{id}/enrol",
        "A one-time code that binds a device to this place, also instead of another one.",
        Permission.TERMINALS_WRITE,
        record(every(code=STRING, url=STRING, expires_at=INTEGER)),
        "not_able",
    ),
    office(
        "POST",
        "terminals/{id}/revoke",
        "Its device is out from now on.",
        Permission.TERMINALS_WRITE,
        NOTHING,
        body=record(every(reason=text(200))),
    ),
    office(
        "POST",
        "fleet/commands",
        "Tell terminals to do something (DEV-02).",
        Permission.FLEET_CONTROL,
        ref("FleetCommand"),
        "invalid",
        "not_found",
        body=record(
            every(targets=ref("Targets"), do=one_of(*DOINGS, "identify"), value=maybe(whole(0, 100)))
        ),
    ),
    office(
        "GET",
        "fleet/commands/{id}",
        "How each terminal took it.",
        Permission.FLEET_CONTROL,
        ref("FleetCommand"),
    ),
    office(
        "GET",
        "device-schedules",
        "What devices do by the clock.",
        ("ward.read", *_FLEET),
        listed(ref("DeviceSchedule")),
    ),
)

_RELEASES = (
    office("GET", "releases", "Releases of the app the hub holds.", _FLEET, listed(ref("Release"))),
    office(
        "POST",
        "releases",
        "Add a release, a zip of at most 50 MiB; for those of all wards (DEV-07).",
        Permission.FLEET_RELEASE,
        ref("Release"),
        "release_unfit",
        "malformed",
        body={"type": "string", "format": "binary"},
        query=every(note=text(200, 0)),
        takes="application/zip",
    ),
    office(
        "DELETE",
        "releases/{build}",
        "Remove one that nothing uses.",
        Permission.FLEET_RELEASE,
        NOTHING,
        "still_used",
    ),
    office("GET", "rollouts", "Roll-outs, newest first.", _FLEET, listed(ref("RollOut"))),
    office(
        "POST",
        "rollouts",
        "Begin a roll-out, stage by stage.",
        Permission.FLEET_RELEASE,
        ref("RollOut"),
        "invalid",
        "changed_meanwhile",
        "not_found",
        body=record(
            every(
                build=HEX16,
                stages=listed(ref("Stage"), 1, 50),
                advance_after_s=maybe(whole(0, 7 * 24 * 3600)),
            )
        ),
    ),
    office(
        "POST",
        "rollouts/{id}/{event}",
        "Advance, halt, resume or roll it back.",
        Permission.FLEET_RELEASE,
        ref("RollOut"),
        "changed_meanwhile",
    ),
)

_LIVE = (
    office(
        "POST",
        "live/{terminal}",
        "Ask to see a terminal's screen; it says so there, and the audit trail keeps the reason (DEV-05).",
        Permission.FLEET_VIEW,
        record(every(session=STRING)),
        "not_connected",
        "not_able",
        "still_used",
        body=record(every(reason=text(200))),
    ),
    office(
        "GET",
        "live/{session}/events",
        "The picture, for the one who asked.",
        Permission.FLEET_VIEW,
        None,
        "still_used",
        gives={200: {"text/event-stream": STRING}},
    ),
    office("DELETE", "live/{session}", "Look no longer.", Permission.FLEET_VIEW, NOTHING),
)

_CALL_POINTS = (
    office(
        "GET",
        "call-points",
        "The call points and how they are.",
        Permission.WARD_READ,
        listed(ref("CallPointLine")),
        query=every(ward=ID),
    ),
    office(
        "POST",
        "call-points/{id}/key",
        "A new key for its device, shown this once.",
        Permission.TERMINALS_WRITE,
        record(every(key=STRING)),
        "not_able",
    ),
)

OPERATIONS: tuple[Operation, ...] = (*_TERMINALS, *_RELEASES, *_LIVE, *_CALL_POINTS)
