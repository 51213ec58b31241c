"""Privacy trials: a terminal's own token and hand-made frames get nothing that its rights do not give it.

Everything that comes is looked through, byte for byte, for what patients have and nurses wrote.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pycrdt import Array, Doc, Map, Text
from ward_hub.demo.light_device import LightDevice
from ward_hub.directory import fixture
from ward_hub.documents import names
from ward_hub.documents.memo_months import month_of
from ward_hub.documents.port import values_of
from ward_sync.awareness import Entry, encode_awareness
from ward_sync.facts import Act, FactBody, encode_body, encode_wire, fact_id
from ward_sync.messages import (
    AuthToken,
    Awareness,
    Message,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncStep2,
    Update,
    document_of,
)
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.helpers.filled_ward import (
    HANDOVER,
    MEMO,
    NOTE,
    OTHER,
    PATIENTS,
    WARD,
    FilledWard,
    filled_ward,
)
from tests.helpers.http_requests import requests
from tests.helpers.hub_process import PASSWORD, run_async
from tests.helpers.raw_socket import NOTHING_HELD, RawSocket, raw_socket, readable, tells
from tests.helpers.ward_hub_here import now_ms

ROOMS = [room.id for room in fixture.rooms()]
ALL_CALLS = {*(names.calls(WARD, room) for room in ROOMS), names.calls(WARD, None)}
TELEPHONE = re.compile(rb"(?<![0-9A-Za-z])1[3-9][0-9]{9}(?![0-9A-Za-z])")
HOLE = "hole"
"""What the trials try to write, announce and send; nobody else must get it."""


MONTH = month_of(int(time.time() * 1000))
MEMOS = names.memos(WARD, MONTH)


@dataclass(frozen=True, slots=True)
class Place:
    """One kind of terminal in the trials. `opens`: every document it may open; `own`: bed whose patient it
    shows; `knows_calls`: it may see the calls of other rooms."""

    terminal: str
    opens: frozenset[str]
    own: str | None = None
    knows_calls: bool = False


def _settings(ward: str) -> set[str]:
    return {names.hospital_settings(), names.ward_settings(ward)}


def places(stays: dict[str, str]) -> dict[str, Place]:
    """The kinds of terminals, with what design gives each, written out by hand."""
    wide = _settings(WARD) | {names.directory(WARD), names.presence(WARD)}

    def place(terminal: str, opens: set[str], own: str | None = None, ward: str = WARD) -> Place:
        opens = opens | {names.device(ward, terminal)}
        return Place(terminal, frozenset(opens), own, opens >= ALL_CALLS)

    bed = {names.presence(WARD), names.bed_directory(WARD, "b01"), names.calls(WARD, "r01")}
    other_bed = {names.presence(OTHER), names.bed_directory(OTHER, "k01"), names.calls(OTHER, "k1")}
    return {
        "bedside": place("bed-b01", _settings(WARD) | bed | {names.card(stays["b01"])}, "b01"),
        "bedside of another ward": place(
            "k-bed", _settings(OTHER) | other_bed | {names.card(stays["k01"])}, "k01", OTHER
        ),
        "door": place("door-r01", wide | {names.calls(WARD, "r01"), names.door(WARD, "r01")}),
        "corridor": place("corridor-1", wide | ALL_CALLS),
        "whiteboard": place("whiteboard", wide | ALL_CALLS | {names.board(WARD), MEMOS}),
        "signed-out PDA": place("pda-07", wide | ALL_CALLS | {names.reach(WARD)}),
        "call point": place("bath-r01", _settings(WARD) | {names.presence(WARD), names.calls(WARD, "r01")}),
    }


KINDS = tuple(places(dict.fromkeys(PATIENTS, "x")))


def secrets_from(kind: str) -> list[str]:
    """What must never reach a terminal of this kind."""
    found = [NOTE, HANDOVER] + ([] if kind == "whiteboard" else [MEMO])
    own = places(dict.fromkeys(PATIENTS, "x"))[kind].own
    for bed, lies in PATIENTS.items():
        patient = lies.patient
        door_name, board_name = f"{patient.family}*{patient.given[-1]}", f"{patient.family}**"
        if bed != own:
            found += [lies.name, patient.given, patient.visit, patient.record_number]
            # Masked names are for the door of the room and the whiteboard of the ward alone.
            in_room = (lies.ward, lies.room) == (WARD, "701")
            found += [] if kind == "door" and in_room else [door_name]
            found += [] if kind == "whiteboard" and lies.ward == WARD and bed != "gone" else [board_name]
        if bed != own or lies.private:
            found.append(patient.diagnosis)
            shown = kind == "whiteboard" and not lies.private and lies.ward == WARD and bed != "gone"
            found += [] if shown else [patient.operation]
    return found


@pytest.fixture(scope="module")
def ward(standard_ward: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledWard]:
    with filled_ward(tmp_path_factory.mktemp("privacy"), standard_ward) as ward:
        run_async(_written(ward))
        yield ward


# What nurses do meanwhile


@asynccontextmanager
async def _nurse(ward: FilledWard) -> AsyncIterator[RawSocket]:
    """The station, a nurse signed in, everything open that the trials write to."""
    token = await ward.token("station-main", "n001")
    async with raw_socket(ward.url) as station:
        for document in _watched(ward):
            await station.open(document, token)
        await station.until(lambda: all(map(station.synced, _watched(ward))))
        yield station


def _watched(ward: FilledWard) -> list[str]:
    stays = [names.notes(ward.stays[bed]) for bed in ("b01", "b03")]
    calls = [names.calls(WARD, room) for room in ("r01", "r02")]
    own = [names.presence(WARD), names.device(WARD, "station-main"), names.card(ward.stays["b03"])]
    return [*stays, *calls, *own, MEMOS, _today(), names.beds(WARD)]


def _today() -> str:
    return names.handover(WARD, datetime.now(UTC).strftime("%Y-%m-%d"), "day")


async def _written(ward: FilledWard) -> None:
    async with _nurse(ward) as station:
        for document, root, text in (
            (names.notes(ward.stays["b01"]), "note", NOTE),
            (names.notes(ward.stays["b03"]), "note", NOTE),
            (MEMOS, "text:m1", MEMO),
            (_today(), f"advice:{ward.stays['b01']}", HANDOVER),
        ):
            await _write(station, document, root, text)


async def _write(station: RawSocket, document: str, root: str, text: str) -> None:
    """Append to a text; returns when it is stored, and so has gone out to whoever reads the document."""
    replica = station.replica(document)
    before = replica.get_state()
    replica.get(root, type=Text).insert(0, text)
    done = len(station.statuses(document))
    await station.send(document, Update(replica.get_update(before)))
    await station.until(lambda: len(station.statuses(document)) > done)
    assert station.statuses(document)[-1], f"{document}: {station.stateless(document)}"


def _fact(ward: FilledWard, terminal: str, room: str, **more: object) -> tuple[str, str]:
    """A fact signed by the terminal: its id and its wire. A press unless `act` says otherwise."""
    fields: dict[str, object] = {"act": Act.PLACED, "at": now_ms(), "clock": "hub", **more}
    fields |= {"nonce": secrets.token_hex(8), "terminal": terminal, "ward": WARD, "room": room}
    data = encode_body(FactBody(**fields))  # type: ignore[arg-type]  # names and types as in FactBody
    key = ward.keys.get(terminal)
    return fact_id(data), encode_wire(key.sign(data) if key else bytes(64), data)


async def _bring(station: RawSocket, room: str, *facts: tuple[str, str]) -> None:
    """Hand the hub facts of other terminals, as a neighbour does; returns when they are stored."""
    wires = [wire for _, wire in facts]
    document = names.calls(WARD, room)
    await station.send(document, Stateless(json.dumps({"t": "facts", "facts": wires})))
    await station.until(
        lambda: all(any(name in one for one in station.stateless(document)) for name, _ in facts)
    )
    told = [one for one in station.stateless(document) if any(name in one for name, _ in facts)]
    assert not [one for one in told if '"stored"' not in one], told


async def _press(ward: FilledWard, station: RawSocket, bed: str, room: str) -> str:
    """A press at a bed; returns the call."""
    async with httpx.AsyncClient(base_url=ward.url, trust_env=False) as http:
        await ward.account(http, f"bed-{bed}")
    fact = _fact(ward, f"bed-{bed}", room, type="patient", source=f"bed:{bed}")
    await _bring(station, room, fact)
    return fact[0]


async def _clear(ward: FilledWard, station: RawSocket, call: str, room: str) -> None:
    more = {"calls": (call,), "policy": "tender", "way": "remote"}
    await _bring(station, room, _fact(ward, "station-main", room, act=Act.CLEARED, **more))


# What the trials send


def catalogue(ward: FilledWard) -> list[str]:
    """Every document there is in both wards, some there are not, and names that look like others."""
    terminals = [one.id for one in fixture.terminals()] + ["bath-r01", "k-bed", "k-door", "k-station"]
    found = [names.hospital_settings()]
    for one, rooms, beds in (
        (WARD, ROOMS, [bed.id for bed in fixture.beds()]),
        (OTHER, ["k1"], ["k01"]),
        ("nowhere", ["r01"], ["b01"]),
    ):
        found += [names.ward_settings(one), names.directory(one), names.presence(one), names.reach(one)]
        found += [names.beds(one), names.board(one), names.memos(one, MONTH), names.calls(one, None)]
        found += [_today().replace(WARD, one), _today().replace(WARD, one).replace("/day", "/night")]
        for room in rooms:
            found += [names.calls(one, room), names.door(one, room)]
        found += [names.bed_directory(one, bed) for bed in beds]
        found += [names.device(one, terminal) for terminal in terminals]
    for stay in ward.stays.values():
        found += [names.card(stay), names.clinical(stay), names.notes(stay)]
        found += [f"{names.card(stay)}\0tab", f"{names.card(stay)}/", f"/{names.card(stay)}"]
    found += [f"{names.beds(WARD)}\0x", f"{names.board(WARD)}\0", names.beds(WARD).upper(), "stay//card"]
    found += [f"{names.calls(WARD, 'r01')}/../../../beds", f"{names.hospital_settings()}/../beds"]
    # A terminal's own card under another address would be the same document: none of these is anybody's.
    return [name for name in found if not name.endswith("\0tab") or name.split("/")[1] == ward.stays["b03"]]


def _writes() -> bytes:
    document: Doc[Any] = Doc()
    document.get("wish", type=Map)[HOLE] = HOLE
    return document.get_update()


def _stateless(ward: FilledWard, place: Place, calls: list[str]) -> list[dict[str, object]]:
    """Frames of every kind there is, whoever may send them."""
    _, press = _fact(ward, place.terminal, "r02", type="patient", source="bed:b03")
    more = {"calls": tuple(sorted(calls)), "policy": "tender", "way": "remote", "staff": "n001"}
    _, clear = _fact(ward, place.terminal, "r02", act=Act.CLEARED, **more)
    return [
        {"t": "facts", "facts": [press, clear]},
        {"t": "signal", "hops": 0, "signals": ["AAAA"]},
        {"t": "neighbour", "session": "0" * 16, "layer": 1, "version": HOLE},
        {"t": "broadcast", "talk": "0" * 16, "reached": [], "missed": []},
        {"t": "unreachable", "to": "station-main"},
        {"t": "closing", "facts": []},
        {"t": "stored", "heard": {}},
        {"t": "refused", "refused": []},
        {"t": "did", "id": "0" * 16, "outcome": "done"},
        {"t": "do", "id": "0" * 16, "do": "restart", "value": None},
        {"t": "live", "id": "0" * 16, "seq": 0, "events": [{"type": 4, "data": {HOLE: 1}, "timestamp": 1}]},
        {"t": "live_end", "id": "0" * 16, "reason": "left"},
        {"t": "probe", "id": "0" * 16},
        {"t": "probed", "id": "0" * 16},
        LightDevice(place.terminal, now_ms).report(),
        {"t": "hello"},
        {"t": HOLE},
    ]


def _frames(ward: FilledWard, place: Place, calls: list[str]) -> list[Message]:
    state = {"terminal": "station-main", "kind": "station", "layer": 1, "version": HOLE, "sound": "ok"}
    return [
        SyncStep1(NOTHING_HELD),
        QueryAwareness(),
        SyncStep2(_writes()),
        Update(_writes()),
        Awareness(encode_awareness([Entry(7, 1, json.dumps(state))])),
        *(Stateless(json.dumps(frame)) for frame in _stateless(ward, place, calls)),
        Stateless("no json"),
    ]


async def _attack(ward: FilledWard, raw: RawSocket, place: Place, token: str, calls: list[str]) -> None:
    """Everything to every address, before it is open and after."""
    frames = _frames(ward, place, calls)
    for document in catalogue(ward):
        await raw.send(document, *frames, AuthToken(token))
    for document in place.opens:
        await raw.send(document, *frames, SyncStep1(NOTHING_HELD))
    await raw.fence()
    await raw.until(lambda: all(map(raw.synced, place.opens)))


def _content(raw: RawSocket) -> bytes:
    """What came, without the addresses, which repeat what was asked for."""
    found: list[bytes] = []
    for messages in raw.came.values():
        for one in messages:
            match one:
                case SyncStep2(data) | Update(data) | Awareness(data):
                    found.append(data)
                case Stateless(text):
                    found.append(text.encode())
                case _:
                    found.append(repr(one).encode())
    return readable(b"\n".join(found))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_terminals_token_and_hand_made_frames_get_only_what_is_its_own(
    ward: FilledWard, kind: str
) -> None:
    """Domain rules of privacy and the table of who reads which document; while things happen, and after."""
    place = places(ward.stays)[kind]
    token = await ward.token(place.terminal)
    async with _nurse(ward) as station, raw_socket(ward.url) as raw:
        open_call, over = [await _press(ward, station, "b03", "r02") for _ in range(2)]
        await _clear(ward, station, over, "r02")
        await _attack(ward, raw, place, token, [open_call, over])
        assert {document_of(address) for address in raw.granted} == place.opens

        await _write(station, names.notes(ward.stays["b01"]), "note", NOTE)
        await _write(station, names.notes(ward.stays["b03"]), "note", NOTE)
        await _write(station, MEMOS, "text:m1", MEMO)
        await _write(station, _today(), f"advice:{ward.stays['b01']}", HANDOVER)
        later = await _press(ward, station, "b03", "r02")
        near = await _press(ward, station, "b01", "r01")
        await raw.fence()

        everything = raw.everything()
        assert tells(everything, secrets_from(kind)) == []
        assert TELEPHONE.search(everything) is None
        content = _content(raw)
        of_other_rooms = ["bed:b03", open_call, over, later]
        told = tells(content, of_other_rooms)
        assert "bed:b03" in told if place.knows_calls else told == []
        assert (b"bed:b01" in content) is (names.calls(WARD, "r01") in place.opens)
        # What the trials look for is there to be found.
        shown = [NOTE, MEMO, HANDOVER, PATIENTS["b03"].name, PATIENTS["b03"].patient.visit]
        assert tells(station.everything(), [HOLE, *shown]) == shown
        if not place.knows_calls:
            # Nothing it said about another room was taken.
            assert place.terminal.encode() not in readable(_facts_of(station, "r02"))
        for call in (open_call, later):
            await _clear(ward, station, call, "r02")
        await _clear(ward, station, near, "r01")


async def _held(ward: FilledWard, terminal: str, document: str) -> dict[str, Any]:
    """The roots of a document as the terminal gets it."""
    async with raw_socket(ward.url) as raw:
        await raw.open(document, await ward.token(terminal))
        await raw.until(lambda: raw.synced(document))
        replica = raw.replica(document)
        roots: dict[str, Any] = {root: values_of(replica, root) for root in list(replica.keys())}
        return roots


@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_over_http(ward: FilledWard, kind: str) -> None:
    """Every operation of the interface with the terminal's token, about its own ward and the other one."""
    token = await ward.token(places(ward.stays)[kind].terminal)
    came: list[bytes] = []
    async with httpx.AsyncClient(base_url=ward.url, trust_env=False) as http:
        for asked in (*requests().values(), *requests(OTHER).values()):
            if asked.path == "/api/staff/sign-in":
                continue  # who signs in at a PDA is one more than its own token
            headers = {**asked.headers, "authorization": f"Bearer {token}"}
            query = dict(asked.query)
            answer = await http.request(
                asked.method, asked.path, content=asked.content, params=query, headers=headers
            )
            http.cookies.clear()
            came += [answer.content, repr(answer.headers).encode()]
            assert answer.status_code < 500
            if asked.path.startswith("/api/office/") and answer.status_code < 400:
                assert asked.path.rpartition("/")[2] in ("sign-in-ways", "sign-out")
    everything = readable(b"\n".join(came))
    assert tells(everything, [*secrets_from(kind), *(lies.name for lies in PATIENTS.values())]) == []
    assert TELEPHONE.search(everything) is None


async def test_each_screen_is_given_the_name_as_it_may_show_it(ward: FilledWard) -> None:
    """Domain rules of privacy: 张*三 and marks at the door, a surname and stars on the whiteboard, the whole
    name at the bed, a private diagnosis nowhere but with staff; the corridor has calls alone."""
    door = await _held(ward, "door-r01", names.door(WARD, "r01"))
    assert {bed: value.get("name") for bed, value in door["beds"].items()} == {"b01": "甄*瑄", "b02": "贺*枝"}
    for value in door["beds"].values():
        assert set(value) <= {"label", "name", "sex", "care_level", "risks", "isolation"}
        assert value["risks"] == ["fall"]
    board = await _held(ward, "whiteboard", names.board(WARD))
    shown = {bed: value["name"] for bed, value in board["beds"].items() if "name" in value}
    assert shown == {"b01": "甄**", "b02": "贺**", "b03": "卓**"}
    assert board["beds"]["b01"]["surgery"]["name"] == "手术"
    own = await _held(ward, "bed-b01", names.card(ward.stays["b01"]))
    (card,) = own.values()
    assert (card["name"], card["diagnosis_private"], card.get("diagnosis")) == ("甄隐瑄", True, None)
    async with raw_socket(ward.url) as raw:
        corridor = places(ward.stays)["corridor"].opens
        token = await ward.token("corridor-1")
        for document in corridor:
            await raw.open(document, token)
        await raw.until(lambda: all(map(raw.synced, corridor)))
        assert not [document for document in raw.granted if "/door" in document or "stay/" in document]


async def test_a_pda_that_was_signed_out_gets_nothing_more(ward: FilledWard) -> None:
    """Neither with its own token, nor with the one the person had, nor over what was open before."""
    token, plain = await ward.token("pda-03", "n003"), await ward.token("pda-03")
    wanted = [
        names.card(ward.stays["b03"]),
        names.notes(ward.stays["b03"]),
        MEMOS,
        _today(),
    ]
    async with _nurse(ward) as station, raw_socket(ward.url) as pda:
        for document in wanted:
            await pda.open(document, token)
        await pda.until(lambda: all(map(pda.synced, wanted)))
        assert NOTE.encode() in pda.everything()
        async with httpx.AsyncClient(base_url=ward.url, trust_env=False) as http:
            await http.post("/api/staff/sign-out", headers={"authorization": f"Bearer {token}"})
        before = len(pda.raw)
        for document in wanted:
            for one in (token, plain):
                await pda.send(document, AuthToken(one), SyncStep1(NOTHING_HELD), QueryAwareness())
        for document, root in ((wanted[1], "note"), (wanted[2], "text:m1")):
            await _write(station, document, root, NOTE)
        await pda.fence()
        came = readable(b"\n".join(pda.raw[before:]))
        assert tells(came, [NOTE, MEMO, HANDOVER, PATIENTS["b03"].name]) == []


@pytest.mark.parametrize("kind", ["bedside", "door", "bedside of another ward"])
async def test_who_knows_a_calls_id_learns_nothing_of_it_from_another_room(
    ward: FilledWard, kind: str
) -> None:
    """The hub answers `open` with what closed a call: at the document of that call's room alone."""
    place = places(ward.stays)[kind]
    document = next(name for name in place.opens if "/room/" in name and name.endswith("/calls"))
    async with _nurse(ward) as station, raw_socket(ward.url) as raw:
        over = await _press(ward, station, "b03", "r02")
        await _clear(ward, station, over, "r02")
        await raw.open(document, await ward.token(place.terminal))
        await raw.send(document, Stateless(json.dumps({"t": "open", "ids": [over]})))
        await raw.until(lambda: any('"closing"' in one for one in raw.stateless(document)))
    # The station itself stands in what the room has had of its own.
    assert tells(_content(raw), ["r02", over]) == []


async def test_the_plain_framing_is_not_served(ward: FilledWard) -> None:
    """Design: y-websocket framing is for trials; a token in an address would reach a log."""
    token = await ward.token("station-main")
    for document in (names.beds(WARD), names.card(ward.stays["b01"]), names.ward_settings(WARD)):
        for path in (f"/y/{document}?token={token}", f"/sync/{document}?token={token}"):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(ward.url.replace("http", "ws", 1) + path, compression=None):
                    pass
            assert refused.value.response.status_code in (403, 404)


async def test_a_live_view_shows_what_its_own_terminal_sends_and_nothing_of_others(ward: FilledWard) -> None:
    """DEV-05: frames of another terminal with the session's very id never reach the viewer."""
    mine, other = names.device(WARD, "bed-b02"), names.device(WARD, "bed-b03")
    event = {"type": 4, "data": {}, "timestamp": 1}
    async with raw_socket(ward.url) as shown, raw_socket(ward.url) as stranger:
        await shown.open(mine, await ward.token("bed-b02"))
        await stranger.open(other, await ward.token("bed-b03"))
        await shown.until(lambda: shown.synced(mine))
        await stranger.until(lambda: stranger.synced(other))
        async with httpx.AsyncClient(base_url=ward.url, trust_env=False) as browser:
            browser.headers["x-wardline-office"] = "1"
            signed = {"number": "e001", "password": PASSWORD}
            assert (await browser.post("/api/office/sign-in", json=signed)).status_code == 200
            asked = await browser.post("/api/office/live/bed-b02", json={"reason": "privacy trial"})
            session = asked.json()["session"]
            await shown.until(lambda: any(session in one for one in shown.stateless(mine)))
            assert session.encode() not in stranger.everything()
            frames = {"t": "live", "id": session, "seq": 0}
            for document in (other, mine):
                for raw, word in ((stranger, HOLE), (shown, "own picture")):
                    if raw is stranger or document == mine:
                        one = {**frames, "events": [{**event, "data": {"word": word}}]}
                        await raw.send(document, Stateless(json.dumps(one)))
                await stranger.fence()
            await shown.send(mine, Stateless(json.dumps({"t": "live_end", "id": session, "reason": "left"})))
            stream = (await browser.get(f"/api/office/live/{session}/events")).text
    assert HOLE not in stream
    assert "own picture" in stream


def _facts_of(station: RawSocket, room: str) -> bytes:
    facts = station.replica(names.calls(WARD, room)).get("facts", type=Array)
    return "\n".join(str(one[0]) for one in facts).encode()
