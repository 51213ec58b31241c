"""The demo's control: who may call it, and what it says of the hub."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from ward_hub.demo.control import control_app
from ward_hub.demo.hub_child import HubChild, HubState
from ward_hub.demo.places import DemoFailed, DemoSettings, check_data, check_ports
from ward_hub.demo.supervisor import run_demo
from ward_hub.demo.ward import DemoWard
from ward_hub.directory.fixture import terminals
from ward_hub.log.sqlite import SqliteLog

HUB = "http://127.0.0.1:8080"


class _Hub:
    url = HUB
    state = HubState.RUNNING

    async def kill(self) -> None:
        self.state = HubState.KILLED

    async def start(self) -> None:
        self.state = HubState.RUNNING


class _Ward:
    async def terminals(self) -> list[Any]:
        return terminals()

    async def codes(self) -> dict[str, str]:
        return {terminal.id: f"code-of-{terminal.id}" for terminal in terminals()}


def control() -> httpx.AsyncClient:
    app = control_app(cast(HubChild, _Hub()), cast(DemoWard, _Ward()), [HUB], ["bed-b01", "pda-01"])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8081")


async def test_the_switch_kills_and_starts_the_hub() -> None:
    async with control() as client:
        assert (await client.get("/hub")).json() == {"hub": "running"}
        assert (await client.post("/hub/kill", headers={"origin": HUB})).json() == {"hub": "killed"}
        assert (await client.get("/status")).json()["hub"] == "killed"
        assert (await client.post("/hub/start")).json() == {"hub": "running"}


async def test_another_sites_page_cannot_turn_the_switch_and_the_walls_can() -> None:
    async with control() as client:
        stranger = await client.post("/hub/kill", headers={"origin": "http://elsewhere.example"})
        assert stranger.status_code == 403
        assert (await client.get("/hub")).json() == {"hub": "running"}
        own = await client.get("/wall", headers={"origin": HUB})
        assert own.headers["access-control-allow-origin"] == HUB
        renamed = await client.get("/wall", headers={"host": "rebound.example"})
        assert renamed.status_code == 400


async def test_the_wall_learns_its_slots_with_a_code_each() -> None:
    async with control() as client:
        slots = (await client.get("/wall")).json()["slots"]
        assert [slot["terminal"] for slot in slots] == ["bed-b01", "pda-01"]
        assert slots[0]["code"] == "code-of-bed-b01"
        assert slots[0]["address"] == f"{HUB}/t/bedside/bed-b01/?shell=simulator#enrol=code-of-bed-b01"
        assert len((await client.get("/status")).json()["terminals"]) == 98


def test_a_busy_port_is_named_with_the_option_that_changes_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoFailed, match=rf"port {port} is in use.*--port"):
            check_ports(DemoSettings(port, port + 2, tmp_path))
        with pytest.raises(DemoFailed, match=rf"port {port} is in use.*--mllp-port"):
            check_ports(DemoSettings(_free_pair(), port, tmp_path))
    with pytest.raises(DemoFailed, match="does not exist"):
        check_ports(DemoSettings(65535, 2575, tmp_path))


async def test_a_second_demo_on_the_same_folder_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "hub.log").write_text("of the demo that runs")
    running = SqliteLog(tmp_path / "log.sqlite")
    before = sorted(os.listdir(tmp_path))
    settings = DemoSettings(_free_pair(), 0, tmp_path)
    with pytest.raises(DemoFailed, match=rf"a hub is running on {tmp_path}.*--data"):
        await run_demo(settings, print)
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "hub.log").read_text() == "of the demo that runs"
    await running.close()
    check_data(settings)
    check_data(DemoSettings(1, 2, tmp_path / "absent"))


def _free_pair() -> int:
    """A port that is free, and the next one too."""
    for port in range(20_000, 60_000, 7):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports")
