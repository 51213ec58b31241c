"""What terminals leave in the audit trail: who enrolled, signed in and out, changed a password, heard a talk;
and passwords changed where people work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from ward_hub.audit.book import AuditBook, line_detail, verify
from ward_hub.audit.chain import AuditSearch
from ward_hub.edge.identity_api import identity_routes
from ward_hub.edge.recordings_api import recordings_routes
from ward_hub.identity.staff import LOCK_MS, MAX_FAILED
from ward_hub.talk.recordings import Recorded, Recordings

from tests.backend.edge.test_identity_api import Hub, code_of
from tests.backend.edge.test_identity_api import hub as hub
from tests.backend.talk.test_recordings import SOUND, TALK, parts
from tests.backend.ward import NOW, PASSWORD, Device

NEW = "Nacht-wache1"
DAY = 86_400_000


class Audited:
    """The hub of the identity routes with its audit trail."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.book = AuditBook(hub.database, hub.services.clock)
        hub.services = replace(hub.services, audit=self.book)
        app = Starlette(routes=identity_routes(hub.services))
        transport = httpx.ASGITransport(app, client=("10.0.0.7", 1))
        hub.client = httpx.AsyncClient(transport=transport, base_url="http://hub")

    async def lines(self) -> list[tuple[Any, ...]]:
        rows, _ = await self.book.search(AuditSearch(), 1000)
        async with self.hub.database.session() as session:
            assert await verify(session) is None
        assert {row.address for row in rows} <= {"10.0.0.7"}
        return [
            (row.action, row.result, row.staff, row.terminal, row.ward, line_detail(row))
            for row in rows[::-1]
        ]

    async def sign_in(self, token: str, number: str = "n001", password: str = PASSWORD) -> httpx.Response:
        return await self.hub.post("/api/staff/sign-in", {"number": number, "password": password}, token)


@pytest.fixture
async def audited(hub: Hub) -> AsyncIterator[Audited]:
    before = hub.client
    yield Audited(hub)
    await before.aclose()


async def test_a_terminals_life_leaves_its_lines(audited: Audited) -> None:
    token = await audited.hub.token("pda-01")
    answer = await audited.hub.post("/api/enrol", {"code": "x", "public_key": "y"})
    assert code_of(answer) == "key_invalid"
    assert (await audited.sign_in(token)).json()["password_due"] is False
    staff = (await audited.sign_in(token)).json()["token"]
    assert (await audited.hub.post("/api/staff/sign-out", {}, staff)).status_code == 200
    place = ("pda-01", "thoracic")
    assert await audited.lines() == [
        ("enrol", "ok", None, *place, {}),
        ("enrol", "refused", None, None, None, {"code": "key_invalid"}),
        ("sign_in", "ok", "n001", *place, {"way": "password"}),
        ("sign_in", "ok", "n001", *place, {"way": "password"}),
        ("sign_out", "ok", "n001", *place, {}),
    ]


async def test_refused_tries_leave_lines_without_what_was_typed(audited: Audited) -> None:
    token = await audited.hub.token("station-main")
    for number, password in (("n001", "My-Passw0rd"), ("My-Passw0rd", "n001"), ("a001", PASSWORD)):
        assert (await audited.sign_in(token, number, password)).status_code == 403
    tried = [(line[0], line[1], line[2], line[5]["code"]) for line in (await audited.lines())[1:]]
    assert tried == [
        ("sign_in", "refused", "n001", "sign_in_refused"),
        ("sign_in", "refused", None, "sign_in_refused"),
        ("sign_in", "refused", "a001", "sign_in_elsewhere"),
    ]
    async with audited.hub.database.session() as session:
        rows = (await session.execute(text("SELECT * FROM audit_lines"))).all()
    assert "Passw0rd" not in str(rows)


async def test_locked_refused_and_elsewhere_are_told_apart(audited: Audited) -> None:
    token = await audited.hub.token("pda-01")
    assert code_of(await audited.sign_in(token, "a002")) == "sign_in_elsewhere"
    for _ in range(MAX_FAILED):
        assert code_of(await audited.sign_in(token, "n001", "wrong")) == "sign_in_refused"
    audited.hub.now += 1000
    locked = await audited.sign_in(token)
    assert code_of(locked) == "sign_in_locked"
    assert locked.headers["retry-after"] == str(LOCK_MS // 1000 - 1)


async def test_an_enrolment_that_cannot_be_told_of_does_not_happen(audited: Audited) -> None:
    """Nothing happens unseen: the line and the key are one transaction."""
    async with audited.hub.database.session.begin() as session:
        await session.execute(text("DELETE FROM audit_chain"))
    with pytest.raises(RuntimeError, match="chain"):
        await audited.hub.enrol("bed-b01", Device())
    async with audited.hub.database.session() as session:
        found = await session.execute(text("SELECT public_key FROM terminals WHERE id = 'bed-b01'"))
        assert found.scalar_one() is None


async def test_a_nurse_changes_a_password_that_is_due_at_the_pda(audited: Audited) -> None:
    """No nurse is kept from the calls by an old password, and none needs the back office for a new one."""
    audited.hub.now += 90 * DAY
    token = await audited.hub.token("pda-01")
    answer = (await audited.sign_in(token)).json()
    assert answer["password_due"] is True

    async def change(old: str, new: str, by: str) -> str:
        reply = await audited.hub.post("/api/staff/password", {"old": old, "new": new}, by)
        return "ok" if reply.status_code == 200 else str(reply.json()["error"]["code"])

    staff = answer["token"]
    assert await change(PASSWORD, NEW, token) == "signed_out"
    assert await change("wrong", NEW, staff) == "sign_in_refused"
    assert await change(PASSWORD, "weak", staff) == "password_weak"
    assert await change(PASSWORD, PASSWORD, staff) == "password_used"
    assert await change(PASSWORD, NEW, staff) == "ok"
    assert (await audited.sign_in(token, password=NEW)).json()["password_due"] is False
    told = [line[:3] for line in await audited.lines() if line[0] == "password"]
    assert told == [("password", "refused", "n001"), ("password", "ok", "n001")]


async def test_who_hears_a_recording_leaves_a_line(audited: Audited, tmp_path: Path) -> None:
    recordings = Recordings(audited.hub.database, tmp_path, audited.hub.services.clock)
    recorded = Recorded("thoracic", TALK, "talk", NOW, NOW + 1, "station-main", None, ("bed-b01",), ())
    await recordings.store(recorded, parts(SOUND))
    routes = recordings_routes(
        audited.hub.services.gate, recordings, lambda _ward: None, audited.hub.services.clock, audited.book
    )
    token = await audited.hub.token("station-main")
    staff = (await audited.sign_in(token)).json()["token"]
    transport = httpx.ASGITransport(Starlette(routes=routes), client=("10.0.0.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        path = f"/api/wards/thoracic/recordings/{TALK}"
        for bearer, status in ((token, 403), (staff, 200)):
            answer = await client.get(path, headers={"authorization": f"Bearer {bearer}"})
            assert answer.status_code == status
    heard = [line for line in await audited.lines() if line[0] == "recording"]
    assert heard == [("recording", "ok", "n001", "station-main", "thoracic", {})]
