"""A bathroom caller over HTTP: from the press to every terminal that has to know, through a restart."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

from ward_hub.call_points.custody import load_custody
from ward_hub.call_points.proof import sign
from ward_hub.call_points.store import make_keys
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.directory.store import store_terminals

from tests.backend.call_points.points import POINTS, gateway
from tests.helpers.ward_hub_here import hub_here, now_ms, until


async def test_a_press_over_http_rings_verified_everywhere_and_its_cancel_ends_it(tmp_path: Path) -> None:
    """CALL-01, A13, A15."""
    async with gateway(tmp_path) as ward:
        device = await ward.device()
        places = [
            await ward.watch("station-main", "station", None),
            await ward.watch("door-r01", "door", "r01"),
            await ward.watch("corridor-1", "corridor", None),
        ]
        await device.say("alive")
        pressed = device.request("pressed")
        (call,) = (await device.post(*pressed)).json()["calls"]
        for place in places:
            (row,) = (await place.board()).rows
            assert (row.id, row.verified, row.source, row.class_) == (call, True, "bathroom:r01", 1)
            assert (await place.board()).troubles == ()
        await ward.restart()
        assert (await device.post(*pressed)).json()["error"]["code"] == "replayed"
        places = [await ward.watch("station-main", "station", None)]
        (row,) = (await places[0].board()).rows
        assert (row.id, row.verified) == (call, True)
        assert await device.state("pressed") == "held"
        assert await device.state("cancelled") == "cancelled"
        for place in places:
            board = await place.board()
            assert board.rows == ()
            assert board.closed[call].act == "cancelled"


async def test_over_real_sockets_and_a_new_process_for_the_hub(tmp_path: Path, standard_ward: Path) -> None:
    """CALL-01: station, door and the beds of the room have it; after a restart the latch still holds."""
    key = await _prepared(tmp_path, standard_ward)
    async with hub_here(tmp_path, standard_ward) as hub:
        places = [await hub.terminal(name) for name in ("station-main", "door-r01", "bed-b01")]
        pressed = _request(key, "pressed")
        (call,) = (await hub.http.post(PATH, **pressed)).json()["calls"]
        await until(lambda: all(call in place.facts for place in places))
        assert (await hub.http.post(PATH, **pressed)).status_code == 409
    async with hub_here(tmp_path, standard_ward) as hub:
        assert (await hub.http.post(PATH, **pressed)).status_code == 409
        station = await hub.terminal("station-main")
        held = (await hub.http.post(PATH, **_request(key, "pressed"))).json()
        assert (held["state"], held["calls"]) == ("held", [call])
        ended = (await hub.http.post(PATH, **_request(key, "cancelled"))).json()
        assert (ended["state"], ended["calls"]) == ("cancelled", [call])
        await until(lambda: any(one.fact.body.calls == (call,) for one in station.facts.values()))


PATH = "/api/call-points/bath-r01/events"


async def _prepared(folder: Path, standard_ward: Path) -> bytes:
    """A ward whose first room has a call point; returns its device's key."""
    shutil.copytree(standard_ward, folder / "data")
    database = open_database(sqlite_url(folder / "data" / "ward.sqlite"))
    try:
        await database.upgrade()
        async with database.session.begin() as session:
            await store_terminals(session, POINTS[:1])
            custody = load_custody(folder / "data")
            point = await make_keys(session, "bath-r01", "e001", now_ms(), custody)
    finally:
        await database.close()
    return point.device_key


def _request(key: bytes, event: str) -> dict[str, Any]:
    nonce, time = secrets.token_hex(8), str(now_ms())
    body = json.dumps({"event": event, "nonce": nonce}).encode()
    headers = {
        "x-wardline-time": time,
        "x-wardline-nonce": nonce,
        "x-wardline-signature": sign(key, "POST", PATH, time, nonce, body),
    }
    return {"content": body, "headers": headers}
