"""The back office's door on the standard ward, with a browser before it; for the tests of its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.routing import Route
from ward_hub.accounts.office_sessions import OfficeSessions
from ward_hub.audit.book import AuditBook, line_detail, verify
from ward_hub.audit.chain import AuditSearch
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.edge.errors import ERRORS
from ward_hub.edge.office_session import OfficeGate, OfficeSignIn, office_session_routes
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.staff import StaffAccounts

from tests.backend.ward import NOW, PASSWORD, quick_passwords, read_model, standard_ward

ADDRESS = "10.0.0.7"


class Office:
    """A hub's back office. `now` is its clock."""

    def __init__(self, database: Database, current: CurrentDirectory, provider: str | None = None) -> None:
        self.database = database
        self.current = current
        self.now = NOW
        self.audit = AuditBook(database, self.clock)
        self.sessions = OfficeSessions(database)
        self.accounts = StaffAccounts(database, quick_passwords(), StaffSessions(database))
        self.gate = OfficeGate(self.sessions, self.clock)
        self.services = OfficeSignIn(
            database,
            self.gate,
            self.sessions,
            self.accounts,
            current,
            self.audit,
            self.clock,
            provider,
        )
        self.routes: list[Route] = office_session_routes(self.services)
        self.browsers: list[Browser] = []

    def clock(self) -> int:
        return self.now

    def browser(self, address: str = ADDRESS, scheme: str = "http") -> Browser:
        transport = httpx.ASGITransport(Starlette(routes=self.routes), client=(address, 1))
        made = Browser(httpx.AsyncClient(transport=transport, base_url=f"{scheme}://hub"))
        self.browsers.append(made)
        return made

    async def signed_in(self, number: str) -> Browser:
        browser = self.browser()
        answer = await browser.sign_in(number)
        assert answer.status_code == 200, answer.text
        return browser

    async def lines(self, action: str | None = None) -> list[tuple[Any, ...]]:
        """(action, result, staff, subject, detail) of the audit trail, oldest first; its chain holds."""
        rows, _ = await self.audit.search(AuditSearch(action=action), 1000)
        async with self.database.session() as session:
            assert await verify(session) is None
        return [(r.action, r.result, r.staff, r.subject, line_detail(r)) for r in reversed(rows)]

    async def sql(self, statement: str) -> None:
        async with self.database.session.begin() as session:
            await session.execute(text(statement))
            await session.execute(text("UPDATE directory_revision SET value = value + 1"))


class Browser:
    """Keeps cookies; sends the office's header unless told not to."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def send(self, method: str, path: str, body: Any = None, header: bool = True, **more: Any) -> Any:
        headers = {**({"x-wardline-office": "1"} if header else {}), **more.pop("headers", {})}
        return await self.client.request(method, f"/api/office/{path}", json=body, headers=headers, **more)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        answer: httpx.Response = await self.send("GET", path, header=False, params=params)
        return answer

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        answer: httpx.Response = await self.send("POST", path, {} if body is None else body)
        return answer

    async def sign_in(self, number: str, password: str = PASSWORD) -> httpx.Response:
        return await self.post("sign-in", {"number": number, "password": password})


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal; `ok` for none."""
    if answer.status_code < 400:
        return "ok"
    code: str = answer.json()["error"]["code"]
    assert answer.status_code == ERRORS[code].http_status
    assert answer.headers["cache-control"] == "no-store"
    return code


@asynccontextmanager
async def open_office(
    folder: Path, more: Callable[[Office], Sequence[Route]] = lambda _office: ()
) -> AsyncIterator[Office]:
    """The office with the routes of `more`; its browsers are closed afterwards."""
    async with standard_ward(folder) as database:
        office = Office(database, CurrentDirectory(await read_model(database)))
        office.routes += more(office)
        try:
            yield office
        finally:
            for browser in office.browsers:
                await browser.client.aclose()
