"""How a hub stands to others: which client id it writes under, what it tells and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from ward_hub.access.port import Access, Principal
from ward_hub.db.engine import open_database
from ward_hub.documents import names
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.fleet.reports import DeviceReports
from ward_hub.fleet.seen import Line
from ward_hub.hubs.together import TellAfterWrites, client_id, join_hubs
from ward_hub.identity.installation import Installation
from ward_hub.leases.alone import Alone
from ward_hub.leases.held import HeldLeases
from ward_hub.leases.memory import MemoryLeases
from ward_hub.leases.nothing import Nothing
from ward_hub.log.memory import MemoryLog
from ward_hub.settings import Settings

HERE = Installation("a" * 32, 1)


class SharedLog(MemoryLog):
    """A log where several hubs meet."""

    def __init__(self) -> None:
        super().__init__()
        self.leases = MemoryLeases()


def test_a_hub_alone_writes_under_the_id_it_always_had_and_others_under_their_own() -> None:
    """MH3: what stores hold of a hub that was alone stays its own."""
    assert client_id(HERE) == 2866768641
    ids = {client_id(HERE), client_id(HERE, "00000001"), client_id(HERE, "00000002")}
    ids.add(client_id(replace(HERE, generation=2), "00000001"))
    assert len(ids) == 4
    assert all(0 < one < 2**32 for one in ids)


def test_only_a_log_where_hubs_meet_makes_leases_and_links(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, hubs="http://127.0.0.1:1 http://127.0.0.1:2")
    alone = join_hubs(settings, "00000001", HERE, MemoryLog(), b"secret")
    assert isinstance(alone.leases, Alone)
    assert (alone.several, alone.holds("w"), alone.client_id) == (False, True, client_id(HERE))
    above = replace(settings, upstream="https://hospital.example")
    ward = join_hubs(above, "00000001", HERE, MemoryLog(), b"secret")
    assert isinstance(ward.leases, Nothing)
    assert ward.client_id == client_id(HERE, "00000001")
    several = join_hubs(settings, "00000001", HERE, SharedLog(), b"secret")
    assert isinstance(several.leases, HeldLeases)
    assert (several.several, several.holds("w"), several.holds(None)) == (True, False, False)


async def test_leases_are_competed_for_until_the_hub_drains(tmp_path: Path) -> None:
    """MH9."""
    store = SharedLog()
    one, two = (
        join_hubs(Settings(data=tmp_path), name, HERE, store, b"secret") for name in ("00000001", "00000002")
    )
    await one.tick(["w"])
    await two.tick(["w"])
    assert (one.holds("w"), one.holds(None), two.holds("w")) == (True, True, False)
    await one.drain()
    await one.tick(["w"])
    await two.tick(["w"])
    assert (one.holds("w"), two.holds("w"), two.holds(None)) == (False, True, True)


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", "/api/enrol", True),
        ("POST", "/api/staff/sign-in", True),
        ("PATCH", "/api/office/wards/w", True),
        ("GET", "/api/office/wards/w", False),
        ("POST", "/api/token", False),
        ("POST", "/api/challenge", False),
    ],
)
async def test_other_hubs_are_told_of_what_they_keep_in_memory(method: str, path: str, told: bool) -> None:
    changes: list[int] = []

    async def answer(_request: Request) -> PlainTextResponse:
        assert not changes, "told before it was written"
        return PlainTextResponse("done")

    middleware = [Middleware(TellAfterWrites, changed=lambda: changes.append(1))]
    app = Starlette(routes=[Route(path, answer, methods=[method])], middleware=middleware)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as http:
        assert (await http.request(method, path)).status_code == 200
    assert bool(changes) is told


class OneLine:
    """One terminal is connected here."""

    def lines(self) -> Mapping[str, Line]:
        return {"here": Line("10.0.0.1", 5)}


async def test_terminals_of_other_hubs_are_connected_and_reported_on_by_those(tmp_path: Path) -> None:
    database = open_database(f"sqlite:{tmp_path / 'ward.sqlite'}")
    await database.upgrade()
    reports = DeviceReports(database, OneLine(), lambda: 1_000, lambda: ["there", "here"])
    assert reports.connected() == {"here": Line("10.0.0.1", 5), "there": Line(None, 0)}
    assert await reports.tick() == {"here"}
    assert reports.of("there") is None
    await database.close()


class Everybody:
    """A gate that lets everyone speak."""

    def authenticate(self, token: str) -> Principal:
        raise AssertionError(token)

    def access(self, principal: Principal, document: str) -> Access:
        return Access(read=True)


async def test_what_no_hub_here_waits_for_is_passed_on_and_not_called_unknown() -> None:
    """A command may have been given at another hub: its answer comes where the terminal is."""
    line = DeviceLine(Everybody())
    passed: list[str] = []
    heard: list[str] = []

    async def did(_who: Principal, message: Mapping[str, object]) -> list[str]:
        heard.append(str(message["id"]))
        return ['{"t":"error","reason":"unknown"}']

    line.on("did", did)
    line.on("report", did)
    who = Principal("bed-b01", "bedside", "thoracic", "r01", "b01", None, None, 2**53 - 1)

    class Sender:
        principal = who

    document = names.device("thoracic", "bed-b01")
    assert await line.handle(Sender(), document, '{"t":"did","id":"1"}') != []
    line.forward = lambda _who, message: passed.append(str(message["t"]))
    assert await line.handle(Sender(), document, '{"t":"did","id":"2"}') == []
    assert await line.handle(Sender(), document, '{"t":"report","id":"3"}') != []
    assert passed == ["did"]
    await line.take_from_elsewhere(who, {"t": "did", "id": "4"})
    await line.take_from_elsewhere(who, {"t": "report", "id": "5"})
    await line.take_from_elsewhere(who, {"t": "weather"})
    assert heard == ["1", "2", "3", "4"]
