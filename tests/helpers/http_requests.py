"""One well-formed request for every operation of the HTTP interface, at things that are there or that nobody
misses: whoever may is let through the door, and nothing that other tests stand on is changed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.helpers.filled_ward import WARD
from tests.helpers.hub_process import PASSWORD
from tests.helpers.ward_hub_here import now_ms

HOUR_MS = 3_600_000
SOME = "0" * 16
"""A talk, build, session or command that is not there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `path` filled in, `body` as JSON where it is no bytes."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes | None:
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()


def requests(ward: str = WARD) -> dict[tuple[str, str], Asked]:
    """By method and path of the description. `ward`: the one that is asked about."""
    now = now_ms()
    span = {"from": str(now - HOUR_MS), "to": str(now + HOUR_MS)}
    hosting = {"from_group": "east", "to": ["no-such-station"], "until_ms": now + HOUR_MS}
    recording = {
        "calls": "",
        "purpose": "talk",
        "started_at": str(now - 1000),
        "ended_at": str(now),
        "with": "bed-b01",
    }
    room = {"entity": "room", "ward": ward, "id": "no-such-room", "before": {"name": "x", "order": 1}}
    found = [
        Asked("GET", "/api/openapi.json"),
        Asked("POST", "/api/enrol", {"code": "no-such-code", "public_key": "x"}),
        Asked("POST", "/api/challenge", {"terminal": "bed-b01"}),
        Asked("POST", "/api/token", {"terminal": "bed-b01", "challenge": "x", "signature": "x"}),
        Asked("POST", "/api/staff/sign-in", {"number": "n005", "password": PASSWORD}),
        Asked("POST", "/api/staff/pin", {"badge": "NOBODYS-BADGE"}),
        Asked("POST", "/api/staff/session"),
        Asked("POST", "/api/staff/password", {"old": PASSWORD, "new": "weak"}),
        Asked("POST", "/api/staff/sign-out"),
        Asked("GET", f"/api/wards/{ward}/calls", query=span),
        Asked("GET", f"/api/wards/{ward}/recordings", query=span),
        Asked("PUT", f"/api/wards/{ward}/recordings/{SOME}", b"no sound", recording),
        Asked("GET", f"/api/wards/{ward}/recordings/{SOME}"),
        Asked("POST", f"/api/wards/{ward}/hosting", hosting),
        Asked("DELETE", f"/api/wards/{ward}/hosting/no-such-hosting"),
        Asked("POST", "/api/call-points/bath-r01/events", {"event": "alive", "nonce": SOME}),
        Asked("GET", "/api/call-points/bath-r01/challenge"),
        Asked("POST", "/api/ward-hubs/enrol", {"code": "no-such-code", "public_key": "x"}),
        Asked("POST", "/api/ward-hubs/challenge", {"hub": "hub:box"}),
        Asked("POST", "/api/ward-hubs/token", {"hub": "hub:box", "challenge": "x", "signature": "x"}),
        Asked("GET", "/api/ward-hubs/mirror"),
        Asked("GET", "/api/push/key"),
        Asked(
            "PUT",
            "/api/push/subscription",
            {"endpoint": "https://elsewhere.example/x", "p256dh": "x", "auth": "x", "language": "zh"},
        ),
        Asked("DELETE", "/api/push/subscription"),
        Asked("POST", f"/api/push/seen/{SOME}{SOME}"),
        Asked("POST", f"/push/m/{SOME}", b"x", headers={"ttl": "60"}),
        *_office(ward, span, hosting, room),
    ]
    return {(one.method, _described(one.path, ward)): one for one in found}


def _office(ward: str, span: dict[str, str], hosting: dict[str, Any], room: dict[str, Any]) -> list[Asked]:
    def asked(method: str, path: str, body: Any = None, **query: str) -> Asked:
        headers = {} if method == "GET" else {"x-wardline-office": "1"}
        return Asked(method, f"/api/office/{path}", body, query, headers)

    return [
        asked("GET", "sign-in-ways"),
        asked("POST", "sign-in", {"number": f"x{secrets.token_hex(4)}", "password": "x"}),
        asked("POST", "sign-out"),
        asked("GET", "oidc/start"),
        asked("GET", "oidc/callback"),
        asked("GET", "me"),
        asked("POST", "password", {"old": PASSWORD, "new": "weak"}),
        asked("GET", "sessions"),
        asked("DELETE", f"sessions/{SOME}"),
        asked("GET", "system"),
        asked("GET", "wards"),
        asked("GET", f"wards/{ward}"),
        asked("GET", "hospital"),
        asked("GET", "staff"),
        asked("GET", "permissions"),
        asked("POST", "changes", {"note": "", "edits": [{**room, "after": None}]}),
        asked("GET", "changes", ward=ward),
        asked("POST", "changes/999999/undo"),
        asked("POST", "import/beds", b"no table", ward=ward, dry="1"),
        asked("GET", "import/beds/template"),
        asked("POST", "hosting/now", {"ward": ward, **hosting}),
        asked("POST", "staff/n020/password", {"password": "weak"}),
        asked("POST", "staff/n020/pin", {"pin": "111111"}),
        asked("POST", "staff/n020/unlock"),
        asked("GET", "journal", ward=ward, **span),
        asked("GET", "audit", limit="5"),
        asked("GET", "feed/messages"),
        asked("GET", "feed/messages/999999"),
        asked("POST", "feed/messages/999999/replay", {"text": None}),
        asked("POST", "feed/messages/999999/discard", {}),
        asked("GET", "feed/mapping"),
        asked("POST", "feed/mapping", {"version": 999_999, "mapping": None}),
        asked("GET", "terminals", ward=ward),
        asked("POST", "terminals/no-such-terminal/enrol"),
        asked("POST", "terminals/no-such-terminal/revoke", {"reason": "trial"}),
        asked(
            "POST",
            "fleet/commands",
            {
                "targets": {"ward": None, "kind": None, "terminals": ["bed-b46"]},
                "do": "identify",
                "value": None,
            },
        ),
        asked("GET", f"fleet/commands/{SOME}"),
        asked("GET", "device-schedules"),
        asked("GET", "releases"),
        asked("POST", "releases", b"no zip", note="trial"),
        asked("DELETE", f"releases/{SOME}"),
        asked("GET", "rollouts"),
        asked(
            "POST",
            "rollouts",
            {
                "build": SOME,
                "stages": [{"name": "one", "terminals": ["bed-b46"]}],
                "advance_after_s": None,
            },
        ),
        asked("POST", "rollouts/999999/halt"),
        asked("POST", "live/bed-b46", {"reason": "trial"}),
        asked("GET", f"live/{SOME}/events"),
        asked("DELETE", f"live/{SOME}"),
        asked("GET", "call-points", ward=ward),
        asked("POST", "call-points/no-such-point/key"),
    ]


_NAMES = (
    (f"recordings/{SOME}", "recordings/{talk}"),
    ("hosting/no-such-hosting", "hosting/{id}"),
    ("call-points/bath-r01", "call-points/{id}"),
    ("call-points/no-such-point", "call-points/{id}"),
    (f"seen/{SOME}{SOME}", "seen/{id}"),
    (f"push/m/{SOME}", "push/m/{id}"),
    (f"sessions/{SOME}", "sessions/{id}"),
    ("changes/999999", "changes/{id}"),
    ("import/beds", "import/{kind}"),
    ("staff/n020", "staff/{id}"),
    ("messages/999999", "messages/{id}"),
    ("terminals/no-such-terminal", "terminals/{id}"),
    (f"commands/{SOME}", "commands/{id}"),
    (f"releases/{SOME}", "releases/{build}"),
    ("rollouts/999999/halt", "rollouts/{id}/{event}"),
    ("live/bed-b46", "live/{terminal}"),
    (f"live/{SOME}", "live/{session}"),
)


def _described(path: str, ward: str) -> str:
    """The path as the description has it."""
    for filled, named in (*_NAMES, (f"wards/{ward}", "wards/{ward}")):
        path = path.replace(filled, named)
    return path
