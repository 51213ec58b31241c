"""Recorded talks over HTTP: who may store and hear them, and in which words the hub refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.db.engine import Database
from ward_hub.edge.recordings_api import recordings_routes
from ward_hub.talk.recordings import MAX_BYTES, SPARE_BYTES, Recordings
from ward_sync.directory import Directory, Ward

from tests.backend.talk.migrated import migrated
from tests.backend.talk.test_recordings import SOUND, TALK
from tests.backend.ward import NOW

PATH = f"/api/wards/thoracic/recordings/{TALK}"
QUERY = {
    "calls": "",
    "purpose": "talk",
    "started_at": str(NOW),
    "ended_at": str(NOW + 1),
    "with": "bed-b01,bed-b02",
}


def who(kind: str, ward: str = "thoracic", staff: str | None = None, role: str | None = None) -> Principal:
    return Principal(f"{kind}-1", kind, ward, None, None, staff, role, NOW)


PEOPLE = {
    "station": who("station"),
    "pda": who("pda"),
    "bedside": who("bedside"),
    "other": who("station", "cardiac", "n001", "nurse"),
    "nurse": who("station", staff="n001", role="nurse"),
    "engineer": who("station", staff="e001", role="engineer"),
}


class Gate:
    """The token is the name of who comes."""

    def authenticate(self, token: str) -> Principal:
        if token not in PEOPLE:
            raise AccessRefused("expired")
        return PEOPLE[token]

    def access(self, principal: Principal, document: str) -> Access:
        raise AssertionError(document)


@dataclass
class Hub:
    client: httpx.AsyncClient
    recording: bool = True
    free: int = 10 * SPARE_BYTES

    async def put(
        self,
        token: str = "station",
        data: bytes = SOUND,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        return await self.client.put(
            PATH,
            params=QUERY | (query or {}),
            content=data,
            headers={"authorization": f"Bearer {token}", "content-type": "audio/webm;codecs=opus"}
            | (headers or {}),
        )

    async def listed(self, token: str, query: dict[str, str]) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"}
        return await self.client.get("/api/wards/thoracic/recordings", params=query, headers=headers)

    async def get(self, token: str = "nurse") -> httpx.Response:
        return await self.client.get(PATH, headers={"authorization": f"Bearer {token}"})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await migrated(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def hub(database: Database, tmp_path: Path) -> AsyncIterator[Hub]:
    recordings = Recordings(database, tmp_path, lambda: NOW, lambda _folder: made.free)
    routes = recordings_routes(
        Gate(),
        recordings,
        lambda ward: Directory(ward=Ward(id=ward, recording=made.recording)),
        lambda: NOW,
    )
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        made = Hub(client)
        yield made


def code(response: httpx.Response) -> Any:
    return response.json()["error"]["code"]


async def test_a_station_stores_a_recording_once_and_a_nurse_hears_it(hub: Hub) -> None:
    assert (await hub.put()).status_code == 201
    again = await hub.put("pda")
    assert (again.status_code, again.json()) == (200, {"talk": TALK})
    other = await hub.put(data=SOUND + b"more")
    assert (other.status_code, code(other)) == (409, "recording_differs")
    heard = await hub.get()
    assert (heard.status_code, heard.content) == (200, SOUND)
    assert heard.headers["content-type"] == "audio/webm"
    assert heard.headers["cache-control"] == "no-store"


async def test_only_stations_and_pdas_of_the_ward_store(hub: Hub) -> None:
    for token in ("bedside", "other"):
        refused = await hub.put(token)
        assert (refused.status_code, code(refused)) == (403, "forbidden")
    assert code(await hub.put("nobody")) == "unauthorized"


async def test_only_nurses_and_doctors_of_the_ward_hear(hub: Hub) -> None:
    await hub.put()
    for token in ("station", "bedside", "other", "engineer"):
        refused = await hub.get(token)
        assert (refused.status_code, code(refused)) == (403, "forbidden")
    assert (await hub.client.get(PATH)).status_code == 401


async def test_stations_and_pdas_of_the_ward_list_what_stands_under_no_call(hub: Hub) -> None:
    await hub.put("pda")
    asked = {"from": str(NOW), "to": str(NOW + 1)}
    for token in ("station", "pda", "nurse"):
        listed = await hub.listed(token, asked)
        assert listed.status_code == 200
        assert listed.headers["cache-control"] == "no-store"
        assert listed.json() == [
            {
                "talk": TALK,
                "purpose": "talk",
                "started_at": NOW,
                "ended_at": NOW + 1,
                "terminal": "pda-1",
                "staff": None,
                "with": ["bed-b01", "bed-b02"],
            }
        ]
    assert (await hub.listed("station", {"from": "0", "to": str(NOW)})).status_code == 400
    assert (await hub.listed("station", {"from": str(NOW + 1), "to": str(NOW + 2)})).json() == []
    for token in ("bedside", "other"):
        refused = await hub.listed(token, asked)
        assert (refused.status_code, code(refused)) == (403, "forbidden")
    assert code(await hub.listed("nobody", asked)) == "unauthorized"


async def test_the_span_of_the_list_is_read_strictly(hub: Hub) -> None:
    day = 24 * 60 * 60 * 1000
    bad: list[dict[str, str]] = [
        {},
        {"from": "1"},
        {"from": "2", "to": "2"},
        {"from": "-1", "to": "2"},
        {"from": "0", "to": str(366 * day + 1)},
        {"from": "0", "to": "1", "bed": "b01"},
    ]
    for asked in bad:
        refused = await hub.listed("station", asked)
        assert (refused.status_code, code(refused)) == (400, "malformed"), asked


async def test_a_ward_that_does_not_record_says_so(hub: Hub) -> None:
    hub.recording = False
    refused = await hub.put()
    assert (refused.status_code, code(refused)) == (403, "recording_off")
    assert refused.json()["error"]["message_zh"]


async def test_a_full_disk_is_said(hub: Hub) -> None:
    hub.free = SPARE_BYTES - 1
    refused = await hub.put()
    assert (refused.status_code, code(refused)) == (507, "storage")
    assert refused.headers["retry-after"] == "60"


async def test_parameters_are_read_strictly(hub: Hub) -> None:
    for query in (
        {"calls": "c"},
        {"calls": "c" * 32 + ","},
        {"with": ""},
        {"with": "Bed"},
        {"purpose": "gossip"},
        {"started_at": "-1"},
        {"started_at": str(NOW + 2)},
        {"ended_at": "9" * 15},
        {"more": "1"},
    ):
        refused = await hub.put(query=query)
        assert (refused.status_code, code(refused)) == (400, "malformed"), query


async def test_what_is_no_webm_or_too_long_is_refused(hub: Hub) -> None:
    assert code(await hub.put(data=b"OggS" * 100)) == "malformed"
    assert code(await hub.put(headers={"content-type": "audio/ogg"})) == "malformed"
    assert code(await hub.put(headers={"content-length": str(MAX_BYTES + 1)})) == "too_large"
    assert code(await hub.put(data=SOUND + bytes(MAX_BYTES))) == "too_large"


async def test_what_was_never_recorded_is_not_found(hub: Hub) -> None:
    refused = await hub.get()
    assert (refused.status_code, code(refused)) == (404, "not_found")
    odd = await hub.client.get("/api/wards/thoracic/recordings/..", headers={"authorization": "Bearer nurse"})
    assert odd.status_code in (400, 404)
