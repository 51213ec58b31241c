"""Devices as the hub knows them (DEV-01, DEV-03, DEV-06): what is taken, what is refused, what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ward_hub.fleet.report import BadReport, parse_report, report_json
from ward_hub.fleet.reports import STORE_EVERY_MS
from ward_hub.fleet.seen import Line, Seen, clock_is_off, seen

from tests.backend.fleet.fleet_hub import REPORT, FleetHub, fleet_hub


def test_a_report_is_read_whole_and_again_from_what_is_stored() -> None:
    report = parse_report(REPORT)
    assert (report.mac, report.offset_ms, report.can[0]) == ("02:00:5E:10:00:01", 12, "brightness")
    assert parse_report(report_json(report)) == report


@pytest.mark.parametrize(
    "odd",
    [
        {"mac": "02005e100001"},
        {"mac": 5},
        {"serial": "s" * 65},
        {"serial": "two\nlines"},
        {"model": ["x"]},
        {"browser": None},
        {"version": "v" * 33},
        {"build": "../../etc"},
        {"can": ["fly"]},
        {"can": [["volume"]]},
        {"can": "volume"},
        {"can": ["volume"] * 7},
        {"volume": 101},
        {"volume": True},
        {"brightness": "80"},
        {"screen": "dim"},
        {"screen": ["on"]},
        {"offset_ms": float("inf")},
        {"rtt_ms": -1},
        {"hung": -1},
        {"hung": None},
        {"started_at": None},
        {"patient": "x"},
    ],
)
async def test_a_report_with_one_odd_field_is_refused_whole(hub: FleetHub, odd: dict[str, Any]) -> None:
    with pytest.raises(BadReport):
        parse_report(REPORT | odd)
    [answer] = await hub.report("bed-b01", **odd)
    assert answer["reason"] == "malformed"
    assert hub.fleet.reports.of("bed-b01") is None


async def test_a_field_that_is_missing_is_named(hub: FleetHub) -> None:
    less = {name: value for name, value in REPORT.items() if name != "hung"}
    [answer] = await hub.say("bed-b01", less)
    assert "hung" in answer["field"]


async def test_nobody_reports_for_another_terminal(hub: FleetHub) -> None:
    [answer] = await hub.say("bed-b02", REPORT, at="bed-b01")
    assert answer["reason"] == "forbidden"
    assert hub.fleet.reports.of("bed-b01") is None


@pytest.mark.parametrize(
    ("line", "heard", "rtt_ms", "state"),
    [
        (None, False, None, "never"),
        (None, True, 5, "offline"),
        (Line(None, 0), True, None, "online"),
        (Line(None, 4_999), True, 1_000, "online"),
        (Line(None, 5_001), True, 5, "delayed"),
        (Line(None, 0), True, 1_001, "delayed"),
        (Line(None, 10_001), True, 5, "offline"),
    ],
)
def test_online_delayed_offline(line: Line | None, heard: bool, rtt_ms: int | None, state: Seen) -> None:
    """DEV-03."""
    assert seen(line, heard, rtt_ms) == state


def test_a_clock_is_off_beyond_a_second_either_way() -> None:
    """DEV-06."""
    assert [clock_is_off(ms) for ms in (None, 0, 1_000, -1_000, 1_001, -1_001)] == [
        False, False, False, False, True, True,
    ]  # fmt: skip


async def test_what_was_known_is_shown_after_a_restart(hub: FleetHub, tmp_path: Path) -> None:
    hub.connect("bed-b01", "bed-b02")
    await hub.report("bed-b01", volume=33)
    await hub.second()
    heard_at = hub.now
    hub.disconnect("bed-b01", "bed-b02")
    await hub.second(30)
    again = await fleet_hub(hub.database, tmp_path)
    first, second = again.fleet.lines.of(
        [again.current.terminals["bed-b01"], again.current.terminals["bed-b02"]]
    )
    assert (first["seen"], first["volume"], first["address"]) == ("offline", 33, "10.1.0.1")
    assert first["last_heard_at"] == heard_at
    assert (second["seen"], second["volume"], second["mac"]) == ("offline", None, None)


async def test_a_number_that_wavers_is_written_once_a_minute_a_change_at_once(
    hub: FleetHub, tmp_path: Path
) -> None:
    hub.connect("bed-b01")
    await hub.report("bed-b01", rtt_ms=5)
    await hub.second()

    async def stored() -> tuple[object, object]:
        again = await fleet_hub(hub.database, tmp_path)
        report = again.fleet.reports.report("bed-b01")
        assert report is not None
        return report.rtt_ms, report.volume

    await hub.report("bed-b01", rtt_ms=7)
    await hub.second()
    assert await stored() == (5, 40)
    await hub.report("bed-b01", rtt_ms=8, volume=41)
    await hub.second()
    assert await stored() == (8, 41)
    await hub.report("bed-b01", rtt_ms=9, volume=41)
    await hub.second(STORE_EVERY_MS / 1000)
    assert await stored() == (9, 41)


async def test_what_cannot_be_stored_is_stored_later(
    hub: FleetHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hub.report("bed-b01")
    store = hub.fleet.reports._store

    async def full(_terminals: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(hub.fleet.reports, "_store", full)
    with pytest.raises(OSError, match="full"):
        await hub.fleet.reports.tick()
    monkeypatch.setattr(hub.fleet.reports, "_store", store)
    await hub.fleet.reports.close()
    assert (await fleet_hub(hub.database, tmp_path)).fleet.reports.report("bed-b01") is not None


async def test_the_line_of_a_terminal_joins_directory_report_and_presence(hub: FleetHub) -> None:
    """DEV-01."""
    hub.connect("station-main")
    hub.documents.states = ['{"terminal":"station-main","layer":2,"sound":"blocked"}']
    await hub.report("station-main", offset_ms=2_000)
    terminals = hub.current.terminals
    station, pda, lost = hub.fleet.lines.of(
        [terminals["station-main"], terminals["pda-01"], terminals["pda-02"]]
    )
    assert {
        "seen": "online", "layer": 2, "sound": "blocked", "serial": "SN1", "offset_ms": 2_000,
        "build": REPORT["build"], "wanted_build": None, "state": "active", "reachable": None,
    }.items() <= station.items()  # fmt: skip
    assert (pda["seen"], pda["layer"], pda["reachable"], lost["reachable"]) == ("never", None, True, False)
