"""The configuration over HTTP: what is shown, changes with their refusals, imports, and hosting by a key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import CallGroup
from ward_hub.directory.store import store_group
from ward_hub.edge.errors import WardError
from ward_hub.edge.not_found import answer_http_exception
from ward_hub.edge.office_config import OfficeConfig, office_config_routes
from ward_hub.edge.office_hosting import OfficeHosting, office_hosting_routes
from ward_hub.office.entities.call_types import CallTypeAdapter
from ward_hub.office.importing import Importing
from ward_hub.office.port import Edit, Entity, OfficePrincipal, Permission

from tests.backend.office.ward import HOSTING, HOUR, RULE, Office, office_of, officer
from tests.backend.ward import NOW


@dataclass
class Door:
    """Whoever the test says is signed in."""

    signed_in: OfficePrincipal | None = field(default_factory=officer)

    async def who(self, request: Request) -> OfficePrincipal:
        if self.signed_in is None:
            raise WardError("signed_out")
        return self.signed_in


class Tokens:
    """A token is the terminal's id, with the person after a slash."""

    def authenticate(self, token: str) -> Principal:
        terminal, _, staff = token.partition("/")
        if not terminal:
            raise AccessRefused("expired")
        return Principal(terminal, "station", WARD, None, None, staff or None, "nurse", NOW + HOUR)

    def access(self, principal: Principal, document: str) -> Access:
        return Access()


class Hub:
    def __init__(self, office: Office) -> None:
        self.office = office
        self.door = Door()
        ids = count(1)
        shipped = CallTypeAdapter(office.call_types).shipped
        importing = Importing(office.database, office.changes)
        config = OfficeConfig(
            office.database,
            self.door,
            office.changes,
            importing,
            shipped,
            lambda ward: office.occupied,
            self._flags,
            self._permissions,
            lambda: office.now,
        )
        hosting = OfficeHosting(
            office.database,
            self.door,
            Tokens(),
            office.current,
            office.changes,
            lambda: f"h-{next(ids):04d}",
            lambda: office.now,
        )
        app = Starlette(
            routes=[*office_config_routes(config), *office_hosting_routes(hosting)],
            exception_handlers={HTTPException: answer_http_exception},
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")

    async def _flags(self, session: AsyncSession) -> Mapping[str, Mapping[str, Any]]:
        return {"n001": {"has_password": True}}

    async def _permissions(self, session: AsyncSession) -> Mapping[str, Any]:
        return {"roles": {}, "fixed": []}

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.client.get(f"/api/office/{path}")
        assert answer.status_code == status, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()

    async def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        answer = await self.client.post(f"/api/office/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def change(self, *edits: Edit, status: int = 200) -> Any:
        as_json = [
            {"entity": e.entity, "ward": e.ward, "id": e.id, "before": e.before, "after": e.after}
            for e in edits
        ]
        return await self.post("changes", {"note": "n", "edits": as_json}, status)

    async def host(
        self, token: str, body: Any, status: int = 200, ward: str = WARD, method: str = "POST", then: str = ""
    ) -> Any:
        answer = await self.client.request(
            method,
            f"/api/wards/{ward}/hosting{then}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with office_of(tmp_path) as office:
        await office.projector.poll()
        made = Hub(office)
        yield made
        await made.client.aclose()


async def test_a_ward_is_shown_whole(hub: Hub) -> None:
    office = hub.office
    office.occupied = {"b01", "b99"}
    override = await office.edit(Entity.CALL_TYPE, "patient", zh="呼叫护士")
    await office.apply(
        override,
        Edit(Entity.HOSTING, WARD, "h1", None, HOSTING),
        Edit(Entity.HOSTING_RULE, WARD, "night", None, RULE),
    )
    config = await hub.get(f"wards/{WARD}")
    assert set(config) == {
        "revision", "id", "ward", "rooms", "beds", "groups", "terminals", "staff", "duty", "hosting",
        "hosting_rules", "call_types", "occupied", "profiles",
    }  # fmt: skip
    assert (len(config["beds"]), len(config["rooms"]), len(config["terminals"])) == (46, 26, 98)
    assert config["beds"][0] == {"id": "b01", "label": "1", "call_name": "1床", "room": "r01", "order": 1}
    assert config["groups"][0]["stations"] == ["station-main", "station-vice"]
    assert config["terminals"][0]["state"] == "planned"
    assert "public_key" not in config["terminals"][0]
    assert config["duty"][0]["id"] == "turn-000"
    assert config["hosting"] == [{"id": "h1", **HOSTING}]
    assert config["hosting_rules"] == [{"id": "night", **RULE}]
    assert config["call_types"][0]["zh"] == "呼叫护士"
    assert config["call_types"][0]["shipped"]["zh"] == "呼叫"
    assert config["occupied"] == ["b01"]
    assert {"id": "bedside-7", "name": "床头屏 7 寸"}.keys() == config["profiles"]["bedside"][0].keys()
    edit = {"entity": "room", "ward": WARD, "id": "r01", "before": {"name": "701", "order": 1}}
    made = await hub.post("changes", {"note": "", "edits": [{**edit, "after": {"name": "A", "order": 1}}]})
    assert (await hub.get(f"wards/{WARD}"))["revision"] == made["revision"]
    await hub.get("wards/none", 404)
    await hub.get("wards/%00", 404)


async def test_who_sees_what(hub: Hub) -> None:
    hub.door.signed_in = officer(Permission.WARD_READ, ward="other")
    assert await hub.get("wards") == []
    await hub.get(f"wards/{WARD}", 403)
    await hub.get(f"changes?ward={WARD}", 403)
    await hub.get("staff", 403)
    await hub.get("permissions", 403)
    hub.door.signed_in = officer(Permission.STAFF_WRITE)
    people = await hub.get("staff")
    assert {"d001", "h001", "n024", "e001"} <= {one["id"] for one in people}
    assert next(one for one in people if one["id"] == "n001")["has_password"] is True
    assert await hub.get("permissions") == {"roles": {}, "fixed": []}
    await hub.get(f"wards/{WARD}", 403)
    hub.door.signed_in = None
    for path in (
        "wards",
        f"wards/{WARD}",
        "staff",
        "permissions",
        "hospital",
        "changes",
        "import/beds/template",
    ):
        await hub.get(path, 401)
    await hub.post("changes", {"note": "", "edits": []}, 401)
    await hub.post("import/staff", None, 401)
    await hub.post("hosting/now", {}, 401)


async def test_changes_are_made_listed_and_undone(hub: Hub) -> None:
    first = await hub.change(await hub.office.edit(Entity.ROOM, "r01", name="A"))
    second = await hub.change(await hub.office.edit(Entity.ROOM, "r02", name="B"))
    assert second["revision"] > first["revision"]
    listed = await hub.get(f"changes?ward={WARD}&limit=1")
    assert (listed["more"], [one["id"] for one in listed["changes"]]) == (True, [second["id"]])
    older = await hub.get(f"changes?before={second['id']}")
    assert set(older["changes"][0]) == {
        "id", "at", "staff", "staff_name", "ward", "note", "undoes", "undone_by", "edits",
    }  # fmt: skip
    undone = await hub.post(f"changes/{first['id']}/undo")
    assert undone["id"] > second["id"]
    refused = await hub.post(f"changes/{first['id']}/undo", None, 409)
    assert refused["error"]["code"] == "not_undoable"
    await hub.post("changes/999/undo", None, 404)
    await hub.post("changes/x/undo", None, 404)


async def test_refusals_name_edit_and_field(hub: Hub) -> None:
    refused = await hub.change(
        await hub.office.edit(Entity.ROOM, "r01", name="A"),
        await hub.office.edit(Entity.ROOM, "r02", name=""),
        status=422,
    )
    assert refused["error"]["code"] == "invalid"
    assert [(one["index"], one["field"]) for one in refused["error"]["problems"]] == [(1, "name")]
    stale = Edit(Entity.ROOM, WARD, "r01", {"name": "?", "order": 1}, {"name": "A", "order": 1})
    assert (await hub.change(stale, status=409))["error"]["code"] == "changed_meanwhile"


GOOD: dict[str, Any] = {"entity": "room", "ward": WARD, "id": "r1", "before": None, "after": {}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"note": "", "edits": []},
        {"note": 1, "edits": [GOOD]},
        {"note": "", "edits": [GOOD] * 501},
        {"note": "", "edits": ["x"]},
        {"note": "", "edits": [{**GOOD, "entity": "nurse"}]},
        {"note": "", "edits": [{**GOOD, "entity": ["room"]}]},
        {"note": "", "edits": [{**GOOD, "ward": 1}]},
        {"note": "", "edits": [{**GOOD, "id": None}]},
        {"note": "", "edits": [{**GOOD, "after": None}]},
        {"note": "", "edits": [{**GOOD, "after": []}]},
        {"note": "", "edits": [{**GOOD, "more": 1}]},
        {"note": "", "edits": [{**GOOD, "ward": "x" * 501}]},
    ],
)
async def test_changes_out_of_form_are_malformed(hub: Hub, body: Any) -> None:
    assert (await hub.post("changes", body, 400))["error"]["code"] == "malformed"


@pytest.mark.parametrize(
    "path", ["changes?limit=0", "changes?limit=201", "changes?x=1", "changes?limit=1&limit=2"]
)
async def test_parameters_out_of_form_are_malformed(hub: Hub, path: str) -> None:
    assert (await hub.get(path, 400))["error"]["code"] == "malformed"


async def test_imports_over_http(hub: Hub) -> None:
    text = "病房,床号\n750,50\n750,51\n"
    answer = await hub.client.post(f"/api/office/import/beds?ward={WARD}&dry=1", content=text.encode())
    assert answer.status_code == 200
    body = answer.json()
    assert (body["rows"], body["errors"], body["change"], len(body["edits"])) == (2, [], None, 3)
    taken = (await hub.client.post(f"/api/office/import/beds?ward={WARD}", content=text.encode())).json()
    assert taken["change"] is not None
    assert "b47" in (await hub.office.model()).wards[WARD].beds
    bad = await hub.client.post(f"/api/office/import/beds?ward={WARD}", content=b"\xff\xff\xff")
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "malformed")
    large = await hub.client.post(
        f"/api/office/import/beds?ward={WARD}", content=b"x" * (2 * 1024 * 1024 + 1)
    )
    assert large.status_code == 413
    assert (await hub.client.post("/api/office/import/beds", content=text)).status_code == 400
    assert (await hub.client.post("/api/office/import/beds?ward=none", content=text)).status_code == 404
    assert (await hub.client.post("/api/office/import/cats?ward=none", content=text)).status_code == 404
    hub.door.signed_in = officer(Permission.WARD_WRITE, ward="other")
    assert (await hub.client.post(f"/api/office/import/beds?ward={WARD}", content=text)).status_code == 403
    template = await hub.client.get("/api/office/import/beds/template")
    assert template.content.startswith(b"PK")
    assert "attachment" in template.headers["content-disposition"]


async def test_the_office_hosts_at_once(hub: Hub) -> None:
    """CALL-07, ad hoc."""
    body = {"ward": WARD, "from_group": "east", "to": ["station-vice"], "until_ms": NOW + HOUR}
    made = await hub.post("hosting/now", body)
    held = (await hub.office.model()).wards[WARD].hosting[made["hosting"]]
    assert (held.from_ms, held.until_ms, held.to) == (NOW, NOW + HOUR, ("station-vice",))
    for wrong in ({"until_ms": NOW}, {"until_ms": NOW + 8 * 24 * HOUR}, {"to": ["bed-b01"]}, {"to": "x"}):
        assert (await hub.post("hosting/now", {**body, **wrong}, 422))["error"]["code"] == "invalid"
    await hub.post("hosting/now", {**body, "more": 1}, 400)
    await hub.post("hosting/now", {**body, "ward": None}, 400)
    hub.door.signed_in = officer(Permission.WARD_READ)
    await hub.post("hosting/now", body, 403)


async def test_a_station_hosts_by_its_key_the_groups_that_name_it_only(hub: Hub) -> None:
    office = hub.office
    async with office.database.session.begin() as session:
        await store_group(session, WARD, CallGroup("west", "西区", 1, ("station-vice",)))
    body = {"from_group": "east", "to": ["station-vice"], "until_ms": NOW + HOUR}
    made = await hub.host("station-main/n001", body)
    entry = office.audit.entries[-1]
    assert (entry.staff, entry.terminal, entry.result) == ("n001", "station-main", "ok")
    row = (await office.changes.list(officer(), WARD, None, 1))[0][0]
    assert (row.staff, row.terminal, row.staff_name) == ("n001", "station-main", "林晓月")
    await hub.host("station-main", {**body, "from_group": "west"}, 403)
    assert office.audit.entries[-1].result == "refused"
    await hub.host("station-vice", {**body, "from_group": "none"}, 403)
    await hub.host("bed-b01", body, 403)
    await hub.host("", body, 401)
    await hub.host("station-main", body, 403, ward="other")
    await hub.host("station-main", {}, 400)
    other = (await hub.host("station-vice", {**body, "from_group": "west"}))["hosting"]
    await hub.host("station-main", None, 403, method="DELETE", then=f"/{other}")
    office.now += HOUR // 2
    await hub.host("station-main", None, method="DELETE", then=f"/{made['hosting']}")
    ward = (await office.model()).wards[WARD]
    assert ward.hosting[made["hosting"]].until_ms == office.now
    await hub.host("station-main", None, 404, method="DELETE", then=f"/{made['hosting']}")
    row = (await office.changes.list(officer(), WARD, None, 1))[0][0]
    assert (row.staff, row.staff_name) == (None, "护士站主机")
    assert (await hub.get("changes"))["changes"][0]["staff"] == ""


async def test_a_hosting_to_come_is_taken_out_by_the_key(hub: Hub) -> None:
    later: dict[str, Any] = {**HOSTING, "from_ms": NOW + HOUR, "until_ms": NOW + 2 * HOUR}
    await hub.office.apply(Edit(Entity.HOSTING, WARD, "h1", None, later))
    await hub.host("station-main", None, method="DELETE", then="/h1")
    assert "h1" not in (await hub.office.model()).wards[WARD].hosting


async def test_what_is_not_there_is_said_in_json(hub: Hub) -> None:
    assert (await hub.get("nothing", 404))["error"]["code"] == "not_found"
    assert (await hub.post("wards", None, 405))["error"]["code"] == "method"
