"""The hub killed in the middle of a ward: calls reach every screen over the terminals' own links."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Playwright, expect
from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.terminal_key import TerminalKey
from ward_sync.codec import encode
from ward_sync.facts import Act, FactBody, decode_wire, encode_body, encode_wire
from ward_sync.messages import Stateless

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, open_ward
from tests.helpers.hub_process import HubProcess, run_async
from tests.helpers.peers import connections, send_on_channels, until

WARD = "thoracic"
ROOM_CALLS = f"ward/{WARD}/room/r01/calls"
LISTS = ("door-r01", "station-main", "station-vice", "corridor-1", "whiteboard", "pda-01")
ALL = ("bed-b01", *LISTS)
LINKS = {
    "bed-b01": 3,
    "door-r01": 5,
    "station-main": 6,
    "station-vice": 6,
    "corridor-1": 3,
    "whiteboard": 3,
    "pda-01": 2,
}
"""How many of the others each of these seven is linked with, by the link plan."""
STORM_FRAME = 70_000


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("mesh"), mesh=True) as ward:
        for terminal in ALL:
            ward[terminal]
        for terminal, links in LINKS.items():
            expect(ward.shown(terminal).body).to_have_attribute("data-neighbours", str(links))
        yield ward


@pytest.fixture
def hub_away(ward: Ward) -> Iterator[None]:
    """No hub for a while; the links live on."""
    ward.hub.kill()
    for terminal in ALL:
        expect(ward.shown(terminal).body).to_have_attribute("data-layer", "2")
    try:
        yield
    finally:
        ward.hub.start()
        for terminal in ALL:
            screen = ward.shown(terminal)
            screen.expect_ready()
            expect(screen.body).to_have_attribute("data-unsent", "0")


def screens(ward: Ward) -> list[Screen]:
    return [ward.shown(terminal) for terminal in LISTS]


def press(ward: Ward, bed: str = "b01", type_: str = "patient") -> str:
    """A press at the bed; returns its call id."""
    screen = ward.shown(f"bed-{bed}")
    screen.get(f"press-{type_}").click()
    call = screen.get("own-call").first.get_attribute("data-call")
    assert call is not None
    return call


@pytest.mark.usefixtures("hub_away")
def test_a_call_is_seen_and_heard_everywhere_taken_and_cleared(ward: Ward) -> None:
    """A2, CALL-08 without the hub; the bed learns each step (A4)."""
    bed = ward.shown("bed-b01")
    call = press(ward)
    for screen in screens(ward):
        row = screen.row("bed:b01")
        expect(row).to_have_attribute("data-row", call)
        expect(row).to_have_attribute("data-state", "waiting")
    for terminal in ("door-r01", "station-main", "station-vice", "corridor-1", "whiteboard"):
        expect(ward.shown(terminal).body).to_have_attribute("data-sounding", "low")
    expect(bed.get("own-call").first).to_have_attribute("data-progress", "received")
    expect(bed.body).to_have_attribute("data-sounding", "")

    ward.shown("station-vice").row("bed:b01").get_by_test_id("act-acknowledged").click()
    for screen in screens(ward):
        expect(screen.row("bed:b01")).to_have_attribute("data-state", "taken")
        expect(screen.body).to_have_attribute("data-sounding", "")
    expect(bed.get("own-call").first).to_have_attribute("data-progress", "taken")

    ward.shown("station-main").row("bed:b01").get_by_test_id("act-cleared").click()
    for screen in screens(ward):
        expect(screen.row("bed:b01")).to_have_count(0)
    expect(bed.get("own-call")).to_have_count(0)


def test_the_journal_is_complete_and_nothing_is_doubled_when_the_hub_is_back(ward: Ward) -> None:
    """A5: what was done without the hub stands in its journal once, with the times of the hands."""
    before = len(ward.journal("b01", 0))
    ward.hub.kill()
    for terminal in ALL:
        expect(ward.shown(terminal).body).to_have_attribute("data-layer", "2")
    pressed_at = time.time_ns() // 1_000_000
    call = press(ward)
    main = ward.shown("station-main")
    main.row("bed:b01").get_by_test_id("act-acknowledged").click()
    expect(ward.shown("whiteboard").row("bed:b01")).to_have_attribute("data-state", "taken")
    main.row("bed:b01").get_by_test_id("act-cleared").click()
    for screen in screens(ward):
        expect(screen.row("bed:b01")).to_have_count(0)
    ward.hub.start()
    for terminal in ALL:
        screen = ward.shown(terminal)
        screen.expect_ready()
        expect(screen.body).to_have_attribute("data-unsent", "0")
        expect(screen.row("bed:b01")).to_have_count(0)
    lines = ward.journal("b01", before + 1)
    (line,) = [each for each in lines if each["id"] == call]
    assert len(lines) == before + 1
    assert abs(line["at"] - pressed_at) < 2_000
    assert line["acknowledged_by"] == line["closed_by"] == "station-main"
    assert line["closed_how"] == "cleared"


class Enrolled:
    """A terminal whose key a test holds: it signs what its page never would."""

    def __init__(self, hub: HubProcess, terminal: str) -> None:
        self.terminal = terminal
        self.key = TerminalKey.generate()

        async def enrol() -> None:
            async with httpx.AsyncClient(base_url=hub.url, timeout=10, trust_env=False) as http:
                code = hub.enrol(terminal).partition("#enrol=")[2]
                await HubAccount(http, terminal, self.key).enrol(code)

        run_async(enrol())


def clear(terminal: str, key: TerminalKey, calls: tuple[str, ...], room: str = "r01") -> str:
    """A signed `cleared`, as a station makes it."""
    body = FactBody(
        act=Act.CLEARED,
        at=time.time_ns() // 1_000_000,
        calls=calls,
        clock="hub",
        nonce=f"{time.time_ns() & (2**64 - 1):016x}",
        terminal=terminal,
        ward=WARD,
        room=room,
        policy="tender",
        way="remote",
    )
    data = encode_body(body)
    return encode_wire(key.sign(data), data)


def facts_frame(*wires: str, document: str = ROOM_CALLS) -> bytes:
    return encode(document, Stateless(json.dumps({"t": "facts", "facts": wires})))


def test_a_forged_clear_changes_no_screen(ward: Ward) -> None:
    """Wrong key, wrong room, not entitled, a genuine one under another call: none is believed."""
    stranger = TerminalKey.generate()
    other_door, other_bed = Enrolled(ward.hub, "door-r02"), Enrolled(ward.hub, "bed-b03")
    genuine = press(ward)
    ward.shown("station-main").row("bed:b01").get_by_test_id("act-cleared").click()
    for screen in screens(ward):
        expect(screen.row("bed:b01")).to_have_count(0)
    ward.hub.kill()
    for terminal in ALL:
        expect(ward.shown(terminal).body).to_have_attribute("data-layer", "2")
    call = press(ward)
    for screen in screens(ward):
        expect(screen.row("bed:b01")).to_have_attribute("data-row", call)

    signed = decode_wire(clear(other_door.terminal, other_door.key, (genuine,)))
    replayed = signed.data.replace(genuine.encode(), call.encode())
    forged = [
        clear("station-main", stranger, (call,)),  # wrong key
        clear(other_door.terminal, other_door.key, (call,)),  # wrong room
        clear(other_door.terminal, other_door.key, (call,), room="r02"),  # wrong document
        clear(other_bed.terminal, other_bed.key, (call,)),  # not entitled
        clear("nobody", stranger, (call,)),  # unknown
        encode_wire(signed.signature, replayed),  # replayed under another id
    ]
    for wire in forged:
        for terminal in ("door-r01", "station-vice"):
            assert send_on_channels(ward.shown(terminal).page, facts_frame(wire)) > 0
    # what comes after them on the same channels has arrived: so have they
    ward.shown("station-vice").row("bed:b01").get_by_test_id("act-acknowledged").click()
    for screen in screens(ward):
        expect(screen.row("bed:b01")).to_have_attribute("data-state", "taken")
        expect(screen.row("bed:b01")).to_have_attribute("data-row", call)
    ward.shown("station-vice").row("bed:b01").get_by_test_id("act-cleared").click()
    for screen in screens(ward):
        expect(screen.row("bed:b01")).to_have_count(0)
    ward.hub.start()
    for terminal in ALL:
        ward.shown(terminal).expect_ready()
    (line,) = [each for each in ward.journal("b01", 1) if each["id"] == call]
    assert line["closed_by"] == "station-vice"


def test_a_terminal_that_starts_again_is_linked_again(ward: Ward) -> None:
    """With the hub: at once; its old connections are replaced, not kept as ghosts."""
    bed, main = ward.shown("bed-b01"), ward.shown("station-main")
    bed.page.reload()
    bed.expect_ready()
    expect(bed.body).to_have_attribute("data-neighbours", "3")
    expect(main.body).to_have_attribute("data-neighbours", "6")
    until(
        lambda: len(connections(main.page)) == int(main.body.get_attribute("data-neighbours") or 0),
        15,
        main.page,
        "old connections are kept",
    )


def test_a_bad_frame_costs_that_link_only(ward: Ward) -> None:
    """An oversized frame from the door: its links are closed for a while, everyone's others live on."""
    corridor, door = ward.shown("corridor-1"), ward.shown("door-r01")
    assert corridor.body.get_attribute("data-neighbours") == "3"
    assert send_on_channels(door.page, bytes(STORM_FRAME)) > 0
    until(
        lambda: corridor.body.get_attribute("data-neighbours") == "2",
        10,
        corridor.page,
        "the link was not closed",
    )
    expect(ward.shown("station-main").body).to_have_attribute("data-neighbours", "5")
    ward.hub.kill()
    expect(corridor.body).to_have_attribute("data-layer", "2")
    call = press(ward)
    expect(corridor.row("bed:b01")).to_have_attribute("data-row", call)
    ward.shown("station-main").row("bed:b01").get_by_test_id("act-cleared").click()
    expect(corridor.row("bed:b01")).to_have_count(0)
    ward.hub.start()
    for terminal in ALL:
        ward.shown(terminal).expect_ready()
