"""Fleet control over HTTP: who may what, and in which words the hub refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from ward_hub.directory.fixture import WARD
from ward_hub.edge.errors import WardError
from ward_hub.edge.office_fleet import office_fleet_routes
from ward_hub.edge.office_live import office_live_routes
from ward_hub.edge.office_releases import office_release_routes
from ward_hub.fleet import releases as shelf
from ward_hub.fleet.schedules import write
from ward_hub.identity.enrolment import enrol
from ward_hub.identity.errors import IdentityRefused
from ward_hub.office.port import OfficePrincipal

from tests.backend.fleet.apps import BASE, NEW, release_zip
from tests.backend.fleet.fleet_hub import ADMIN, ENGINEER, NOBODY, STRANGER, FleetHub, fleet_hub, fleet_ward
from tests.backend.fleet.test_wishes import NIGHT
from tests.backend.ward import Device
from tests.helpers.hub import settle

PEOPLE = {"admin": ADMIN, "engineer": ENGINEER, "stranger": STRANGER, "nobody": NOBODY}


class Door:
    """Says who asks by a header of theirs."""

    async def who(self, request: Request) -> OfficePrincipal:
        name = request.headers.get("x-who")
        if name not in PEOPLE:
            raise WardError("signed_out")
        return PEOPLE[name]


class Office:
    def __init__(self, hub: FleetHub, public_url: str = "") -> None:
        self.hub = hub
        door = Door()
        routes = [
            *office_fleet_routes(door, hub.fleet, hub.audit, public_url, hub.clock),
            *office_release_routes(door, hub.fleet, hub.audit, hub.clock),
            *office_live_routes(door, hub.fleet.live, hub.current, hub.clock),
        ]
        transport = httpx.ASGITransport(Starlette(routes=routes))
        self.client = httpx.AsyncClient(transport=transport, base_url="https://ward.example")

    async def ask(self, who: str, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        if body is not None:
            options["content"] = body if isinstance(body, bytes) else json.dumps(body)
        return await self.client.request(method, f"/api/office{path}", headers={"x-who": who}, **options)

    async def refused(self, who: str, method: str, path: str, body: Any = None, **options: Any) -> str:
        """The code of the refusal."""
        answer = await self.ask(who, method, path, body, **options)
        assert answer.status_code >= 400, answer.text
        code: str = answer.json()["error"]["code"]
        return code

    async def taken(self, who: str, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = await self.ask(who, method, path, body, **options)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with fleet_ward(tmp_path) as database:
        made = Office(await fleet_hub(database, tmp_path))
        yield made
        await made.client.aclose()


def command(do: str = "identify", value: int | None = None, **targets: Any) -> dict[str, Any]:
    return {
        "targets": {"ward": None, "kind": None, "terminals": None} | targets,
        "do": do,
        "value": value,
    }


def rollout(*stages: list[str], build: str = NEW, after: int | None = None) -> dict[str, Any]:
    names = [{"name": f"{len(stage)} screens", "terminals": stage} for stage in stages]
    return {"build": build, "stages": names, "advance_after_s": after}


ROUTES = [
    ("GET", "/terminals", None),
    ("POST", "/terminals/bed-b01/enrol", None),
    ("POST", "/terminals/bed-b01/revoke", {"reason": "lost"}),
    ("POST", "/fleet/commands", command(terminals=["bed-b01"])),
    ("GET", "/fleet/commands/0000000000000001", None),
    ("GET", "/device-schedules", None),
    ("GET", "/releases", None),
    ("POST", "/releases", b"zip"),
    ("DELETE", f"/releases/{NEW}", None),
    ("GET", "/rollouts", None),
    ("POST", "/rollouts", rollout(["bed-b01"])),
    ("POST", "/rollouts/1/halt", None),
    ("POST", "/live/bed-b01", {"reason": "x"}),
    ("GET", "/live/0000000000000001/events", None),
    ("DELETE", "/live/0000000000000001", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_nobody_who_is_not_signed_in_gets_anything(
    office: Office, method: str, path: str, body: Any
) -> None:
    assert await office.refused("", method, path, body) == "signed_out"


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_who_holds_no_permission_of_the_fleet_only_reads(
    office: Office, method: str, path: str, body: Any
) -> None:
    answer = await office.ask("nobody", method, path, body)
    reads = path in ("/terminals", "/device-schedules")
    hidden = path.startswith("/live/0")
    assert answer.status_code == (200 if reads else 404 if hidden else 403)


async def test_an_engineer_sees_and_commands_their_own_ward_only(office: Office) -> None:
    assert len(await office.taken("engineer", "GET", "/terminals")) == 98
    assert len(await office.taken("engineer", "GET", f"/terminals?ward={WARD}")) == 98
    assert await office.taken("stranger", "GET", "/terminals") == []
    assert await office.refused("stranger", "GET", f"/terminals?ward={WARD}") == "forbidden"
    given = await office.taken("engineer", "POST", "/fleet/commands", command(terminals=["bed-b01"]))
    assert given["results"] == [{"terminal": "bed-b01", "outcome": "not_connected"}]
    path = f"/fleet/commands/{given['id']}"
    assert await office.taken("engineer", "GET", path) == given
    assert await office.refused("stranger", "GET", path) == "not_found"
    for body in (command(terminals=["bed-b01"]), command(ward=WARD), command()):
        assert await office.refused("stranger", "POST", "/fleet/commands", body) == "forbidden"
    assert await office.refused("engineer", "POST", "/fleet/commands", command()) == "forbidden"
    assert ("fleet_command", "refused", "identify") in office.hub.audit.said()
    for path in ("/terminals/bed-b01/enrol", "/terminals/bed-b01/revoke", "/live/bed-b01"):
        assert await office.refused("stranger", "POST", path, {"reason": "x"}) == "not_found"
    assert office.hub.documents.take() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed"),
        (b"[]", "malformed"),
        ({"do": "identify"}, "malformed"),
        (command() | {"more": 1}, "malformed"),
        (command() | {"do": 5}, "malformed"),
        (command() | {"value": "5"}, "malformed"),
        (command() | {"value": True}, "malformed"),
        (command(kind="toaster"), "malformed"),
        (command(terminals=[]), "malformed"),
        (command("explode"), "invalid"),
        (command("update"), "invalid"),
        (command("volume", 101), "invalid"),
        (command("restart", 1), "invalid"),
        (command(terminals=["no-such"]), "not_found"),
        (command(ward="no-such"), "not_found"),
        (b'{"targets": "' + b"x" * 600_000 + b'"}', "too_large"),
    ],
)
async def test_a_command_of_another_form_is_refused(office: Office, body: Any, code: str) -> None:
    assert await office.refused("admin", "POST", "/fleet/commands", body) == code


async def test_a_ward_is_made_silent_at_once(office: Office) -> None:
    """DEV-02."""
    office.hub.connect("bed-b01", "bed-b02")
    await office.hub.report("bed-b02", can=[])
    given = await office.taken(
        "engineer", "POST", "/fleet/commands", command("volume", 10, ward=WARD, kind="bedside")
    )
    outcomes = {one["terminal"]: one["outcome"] for one in given["results"]}
    assert len(outcomes) == 46
    assert (outcomes["bed-b01"], outcomes["bed-b02"]) == ("waiting", "not_able")
    assert office.hub.documents.wish("bed-b01")["volume"] == 10


async def test_a_device_is_invited_replaced_and_sent_away(office: Office) -> None:
    hub, first, second = office.hub, Device(), Device()
    made = await office.taken("engineer", "POST", "/terminals/bed-b01/enrol")
    assert made["url"] == f"https://ward.example/t/bedside/bed-b01/#enrol={made['code']}"
    terminal = await enrol(hub.database, made["code"], first.point, hub.now)
    await hub.changed()
    replaced = await office.taken("engineer", "POST", "/terminals/bed-b01/enrol")
    assert hub.current.terminals["bed-b01"].public_key == terminal.public_key  # until it is used
    await enrol(hub.database, replaced["code"], second.point, hub.now)
    left_over = await office.taken("engineer", "POST", "/terminals/bed-b01/enrol")
    await office.taken("engineer", "POST", "/terminals/bed-b01/revoke", {"reason": "遗失"})
    assert hub.current.terminals["bed-b01"].state == "revoked"
    with pytest.raises(IdentityRefused):
        await enrol(hub.database, left_over["code"], Device().point, hub.now)
    again = await office.taken("engineer", "POST", "/terminals/bed-b01/enrol")
    with pytest.raises(IdentityRefused):  # a key of before cannot come back
        await enrol(hub.database, again["code"], first.point, hub.now)
    assert [(entry.action, entry.detail.get("replaces")) for entry in hub.audit.entries][:4] == [
        ("enrol_code", True), ("enrol_code", True), ("enrol_code", True), ("revoke", None),
    ]  # fmt: skip
    assert all(made["code"] not in str(entry) for entry in hub.audit.entries)


async def test_the_address_is_the_hospitals_where_it_is_set(tmp_path: Path) -> None:
    async with fleet_ward(tmp_path) as database:
        office = Office(await fleet_hub(database, tmp_path), "https://ward.hospital.example/")
        made = await office.taken("admin", "POST", "/terminals/pda-01/enrol")
        assert made["url"].startswith("https://ward.hospital.example/t/pda/pda-01/#enrol=")
        await office.client.aclose()


async def test_revoking_needs_a_reason_and_a_terminal(office: Office) -> None:
    path = "/terminals/bed-b01/revoke"
    for body in ({}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "x", "more": "y"}):
        assert await office.refused("admin", "POST", path, body) == "malformed"
    assert await office.refused("admin", "POST", "/terminals/no-such/revoke", {"reason": "x"}) == "not_found"
    office.hub.audit.broken = True
    with pytest.raises(OSError, match="trail"):
        await office.ask("admin", "POST", path, {"reason": "x"})
    await office.hub.changed()
    assert office.hub.current.terminals["bed-b01"].state == "active"


async def test_schedules_are_shown_to_their_ward(office: Office) -> None:
    async with office.hub.database.session.begin() as session:
        await write(session, None, "night", NIGHT)
    await office.hub.changed()
    await office.hub.second()
    assert await office.taken("engineer", "GET", "/device-schedules") == [
        {"id": "night", **NIGHT, "weekdays": [1, 7]}
    ]
    assert await office.taken("stranger", "GET", "/device-schedules") == []


async def test_a_release_comes_is_rolled_out_and_goes(office: Office) -> None:
    """DEV-07."""
    hub = office.hub
    hub.connect("bed-b01", "bed-b02")
    await hub.report("bed-b01")
    added = await office.taken("admin", "POST", "/releases?note=夜间修正", release_zip())
    assert (added["build"], added["note"], added["base"]) == (NEW, "夜间修正", False)
    releases = await office.taken("engineer", "GET", "/releases")
    assert [(one["build"], one["base"], one["running"]) for one in releases] == [
        (BASE, True, 1),
        (NEW, False, 0),
    ]
    started = await office.taken("admin", "POST", "/rollouts", rollout(["bed-b01"], ["bed-b02"]))
    assert (started["state"], started["stage"], started["from_build"]) == ("running", 0, BASE)
    assert await office.refused("admin", "POST", "/rollouts", rollout(["bed-b03"])) == "changed_meanwhile"
    assert await office.refused("admin", "DELETE", f"/releases/{NEW}") == "still_used"
    assert await office.refused("admin", "DELETE", f"/releases/{BASE}") == "still_used"
    await hub.report("bed-b01", build=NEW)
    await hub.second()
    [shown] = await office.taken("engineer", "GET", "/rollouts")
    assert shown["stages"][0] == {
        "name": "1 screens", "terminals": ["bed-b01"], "updated": 1, "failed": [], "waiting": [],
    }  # fmt: skip
    [hidden] = await office.taken("stranger", "GET", "/rollouts")
    assert hidden["stages"][0]["terminals"] == []
    await office.taken("admin", "POST", "/rollouts/1/advance")
    halted = await office.taken("admin", "POST", "/rollouts/1/halt")
    assert (halted["state"], halted["stage"], halted["reason"]) == ("halted", 1, None)
    assert await office.refused("admin", "POST", "/rollouts/1/advance") == "changed_meanwhile"
    assert (await office.taken("admin", "POST", "/rollouts/1/resume"))["state"] == "running"
    assert (await office.taken("admin", "POST", "/rollouts/1/rollback"))["state"] == "rolled_back"
    assert await office.refused("admin", "DELETE", f"/releases/{NEW}") == "still_used"  # bed-b01 runs it yet
    await hub.report("bed-b01", build=BASE)
    await office.taken("admin", "DELETE", f"/releases/{NEW}")
    assert await office.refused("admin", "DELETE", f"/releases/{NEW}") == "not_found"
    assert [do for action, _, do in hub.audit.said() if action == "roll_out"] == [
        "start", "advance", "halt", "resume", "rollback",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (rollout(), "malformed"),
        (rollout([]), "malformed"),
        (rollout(["bed-b01"], build="x"), "malformed"),
        (rollout(["bed-b01"], after=-1), "malformed"),
        (rollout(["bed-b01"]) | {"advance_after_s": True}, "malformed"),
        (rollout(["bed-b01"]) | {"stages": [{"name": "", "terminals": ["bed-b01"]}]}, "malformed"),
        (rollout(["bed-b01"]) | {"stages": ["bed-b01"]}, "malformed"),
        (rollout(["bed-b01"]) | {"more": 1}, "malformed"),
        (rollout(["bed-b01"], build="f" * 16), "not_found"),
        (rollout(["no-such"], build=BASE), "not_found"),
        (rollout(["bed-b01"], ["bed-b01"], build=BASE), "invalid"),
    ],
)
async def test_a_roll_out_of_another_form_is_refused(office: Office, body: Any, code: str) -> None:
    assert await office.refused("admin", "POST", "/rollouts", body) == code
    assert await office.taken("admin", "GET", "/rollouts") == []


async def test_an_unknown_roll_out_or_act_is_not_found(office: Office) -> None:
    for path in ("/rollouts/1/halt", "/rollouts/x/halt", "/rollouts/-1/halt", "/rollouts/99999999999/halt"):
        assert await office.refused("admin", "POST", path) == "not_found"
    await office.taken("admin", "POST", "/rollouts", rollout(["bed-b01"], build=BASE))
    for event in ("finish", "explode"):
        assert await office.refused("admin", "POST", f"/rollouts/1/{event}") == "not_found"


async def test_a_release_is_the_whole_houses(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    one_ward = replace(ADMIN, ward="cardiac")
    monkeypatch.setitem(PEOPLE, "one_ward", one_ward)
    assert await office.refused("one_ward", "POST", "/releases", release_zip()) == "forbidden"
    assert await office.refused("one_ward", "DELETE", f"/releases/{BASE}") == "forbidden"
    body = rollout(["bed-b01"], build=BASE)
    assert await office.refused("one_ward", "POST", "/rollouts", body) == "forbidden"
    await office.taken("admin", "POST", "/rollouts", body)
    for event in ("advance", "halt", "rollback"):
        assert await office.refused("one_ward", "POST", f"/rollouts/1/{event}") == "forbidden"
    assert ("roll_out", "refused", "rollback") in office.hub.audit.said()


async def test_an_upload_that_is_no_release_is_refused_and_noted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await office.refused("admin", "POST", "/releases", b"no zip") == "release_unfit"
    assert office.hub.audit.said() == [("release", "refused", "add")]
    for query in ("?note=" + "x" * 201, "?other=1", "?note=a&note=b", "?note=%00"):
        assert await office.refused("admin", "POST", f"/releases{query}", b"x") == "malformed"
    monkeypatch.setattr(shelf, "MAX_ZIP_BYTES", 100)
    assert await office.refused("admin", "POST", "/releases", release_zip()) == "too_large"


async def test_a_screen_is_looked_at_by_who_asked_only(office: Office) -> None:
    """DEV-05."""
    hub = office.hub
    assert await office.refused("engineer", "POST", "/live/bed-b01", {"reason": "x"}) == "not_connected"
    hub.connect("bed-b01")
    for body in ({}, {"reason": ""}, {"reason": "x" * 201}):
        assert await office.refused("engineer", "POST", "/live/bed-b01", body) == "malformed"
    session = (await office.taken("engineer", "POST", "/live/bed-b01", {"reason": "黑屏"}))["session"]
    assert await office.refused("admin", "POST", "/live/bed-b01", {"reason": "x"}) == "still_used"
    events = f"/live/{session}/events"
    for other in ("admin", "stranger", "nobody"):
        assert await office.refused(other, "GET", events) == "not_found"
        assert await office.refused(other, "DELETE", f"/live/{session}") == "not_found"
    watching = asyncio.ensure_future(office.ask("engineer", "GET", events))
    event = {"type": 2, "timestamp": 1.5, "data": "一"}
    await hub.say("bed-b01", {"t": "live", "id": session, "seq": 0, "events": [event]})
    await settle()
    assert await office.refused("engineer", "GET", events) == "still_used"
    await office.taken("engineer", "DELETE", f"/live/{session}")
    answer = await watching
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, last = answer.text.strip().split("\n\n")
    assert json.loads(first.removeprefix("data: ")) == {"seq": 0, "events": [event]}
    assert last == 'event: end\ndata: {"reason": "stopped"}'
    assert await office.refused("engineer", "GET", events) == "not_found"
    assert [entry.detail["do"] for entry in hub.audit.entries] == ["start", "end"]


async def test_a_viewer_who_goes_away_ends_the_view(office: Office) -> None:
    hub = office.hub
    hub.connect("bed-b01")
    session = (await office.taken("engineer", "POST", "/live/bed-b01", {"reason": "黑屏"}))["session"]
    watching = asyncio.ensure_future(office.ask("engineer", "GET", f"/live/{session}/events"))
    found = hub.fleet.live.of(session, ENGINEER)
    assert found is not None
    await settle()
    assert found.watched
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert len(hub.fleet.live) == 0
    assert hub.documents.take()[-1][1]["do"] == "stop"
    await hub.second()
    assert [entry.detail["do"] for entry in hub.audit.entries] == ["start", "end"]
