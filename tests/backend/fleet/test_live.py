"""Live view (DEV-05): events reach the one who asked and nobody else; no end can hurt the other, or calls."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from ward_hub.fleet import live
from ward_hub.fleet.live import (
    LIFE_MS,
    MAX_SESSIONS,
    VIEWER_MS,
    Busy,
    Ended,
    LiveSession,
    NotAble,
    NotConnected,
)
from ward_hub.fleet.meter import BURST_BYTES, MAX_FRAME_BYTES
from ward_hub.office.port import OfficePrincipal

from tests.backend.fleet.fleet_hub import ADMIN, ENGINEER, FleetHub

EVENT = {"type": 3, "timestamp": 1_800_000_000_000, "data": {"source": 1}}


async def begin(hub: FleetHub, terminal: str = "bed-b01", who: OfficePrincipal = ENGINEER) -> LiveSession:
    hub.connect(terminal)
    return await hub.fleet.live.start(who, hub.current.terminals[terminal], "屏幕不亮")


def frame(session: LiveSession, seq: int, *events: Any) -> dict[str, Any]:
    return {"t": "live", "id": session.id, "seq": seq, "events": list(events) or [EVENT]}


async def seen(hub: FleetHub, session: LiveSession) -> list[Any]:
    """What the viewer gets until the session has ended."""
    return [json.loads(one) async for one in hub.fleet.live.watch(session) if one is not None]


async def test_the_terminal_is_told_who_looks_and_the_viewer_sees(hub: FleetHub) -> None:
    session = await begin(hub)
    assert hub.documents.take() == [
        ("bed-b01", {"t": "live", "id": session.id, "do": "start", "who": "工程师", "clinical": False})
    ]
    assert await hub.say("bed-b01", frame(session, 0)) == []
    assert await hub.say("bed-b01", frame(session, 1, EVENT, EVENT)) == []
    await hub.fleet.live.stop(session)
    assert await seen(hub, session) == [{"seq": 0, "events": [EVENT]}, {"seq": 1, "events": [EVENT, EVENT]}]
    [(_, told)] = hub.documents.take()
    assert told["do"] == "stop"
    assert [
        (entry.subject, entry.terminal, entry.detail["do"], entry.detail["reason"])
        for entry in hub.audit.entries
    ] == [(session.id, "bed-b01", "start", "屏幕不亮"), (session.id, "bed-b01", "end", "stopped")]


async def test_a_waiting_viewer_is_woken(hub: FleetHub) -> None:
    session = await begin(hub)
    watching = asyncio.ensure_future(seen(hub, session))
    await asyncio.sleep(0)
    await hub.say("bed-b01", frame(session, 7))
    await asyncio.sleep(0)
    await hub.say("bed-b01", {"t": "live_end", "id": session.id, "reason": "stopped"})
    assert await watching == [{"seq": 7, "events": [EVENT]}]
    assert session.ended is Ended.TERMINAL_STOPPED


async def test_a_terminal_that_was_not_asked_cannot_feed_a_session_nor_end_it(hub: FleetHub) -> None:
    session = await begin(hub)
    hub.connect("bed-b02")
    for message in (
        frame(session, 0),
        {"t": "live_end", "id": session.id, "reason": "left"},
        frame(session, 0) | {"id": "f" * 16},
        frame(session, 0) | {"id": 5},
    ):
        [answer] = await hub.say("bed-b02", message)
        assert answer["reason"] == "forbidden"
    assert (session.ended, list(session.frames)) == (None, [])


async def test_only_who_asked_finds_the_session(hub: FleetHub) -> None:
    session = await begin(hub)
    views = hub.fleet.live
    assert views.of(session.id, ENGINEER) is session
    for other in (ADMIN, replace(ENGINEER, session="session-x"), replace(ENGINEER, staff="e009")):
        assert views.of(session.id, other) is None
    await begin(hub, "bed-b02", ADMIN)
    await hub.say("bed-b01", frame(session, 0))
    await views.close()
    assert await seen(hub, session) == [{"seq": 0, "events": [EVENT]}]


async def test_a_session_is_watched_once(hub: FleetHub) -> None:
    session = await begin(hub)
    first = hub.fleet.live.watch(session)
    await hub.say("bed-b01", frame(session, 0))
    await anext(first)
    with pytest.raises(Busy):
        await anext(hub.fleet.live.watch(session))


async def test_one_a_terminal_and_a_few_in_all(hub: FleetHub) -> None:
    terminals = [f"bed-b0{n}" for n in range(1, MAX_SESSIONS + 2)]
    sessions = [await begin(hub, terminal) for terminal in terminals[:-1]]
    with pytest.raises(Busy, match="live views"):
        await begin(hub, terminals[-1])
    await hub.fleet.live.stop(sessions[0])
    with pytest.raises(Busy, match="this terminal"):
        await begin(hub, terminals[1])
    await begin(hub, terminals[-1])


async def test_two_who_ask_at_the_same_moment_do_not_both_get_it(hub: FleetHub) -> None:
    results = await asyncio.gather(begin(hub), begin(hub, who=ADMIN), return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["LiveSession", "Busy"]


async def test_who_is_not_there_is_not_looked_at(hub: FleetHub) -> None:
    terminals = hub.current.terminals
    with pytest.raises(NotConnected):
        await hub.fleet.live.start(ENGINEER, terminals["bed-b01"], "x")
    hub.connect("bed-b01")
    hub.documents.open.clear()  # connected, but its device document is not open
    with pytest.raises(NotConnected):
        await hub.fleet.live.start(ENGINEER, terminals["bed-b01"], "x")
    point = replace(terminals["bed-b01"], kind=type(terminals["bed-b01"].kind)("call_point"))
    with pytest.raises(NotAble):
        await hub.fleet.live.start(ENGINEER, point, "x")
    assert len(hub.fleet.live) == 0


async def test_what_the_trail_does_not_take_is_not_looked_at(hub: FleetHub) -> None:
    hub.audit.broken = True
    with pytest.raises(OSError, match="trail"):
        await begin(hub)
    assert hub.documents.take() == []
    hub.audit.broken = False
    await begin(hub)


async def test_the_end_is_written_when_the_trail_can_take_it(hub: FleetHub) -> None:
    session = await begin(hub)
    hub.audit.broken = True
    with pytest.raises(OSError, match="trail"):
        await hub.fleet.live.stop(session)
    hub.audit.broken = False
    await hub.second()
    assert [entry.detail["do"] for entry in hub.audit.entries] == ["start", "end"]


async def test_a_session_ends_with_its_time_its_terminal_its_viewer_or_their_sign_out(hub: FleetHub) -> None:
    def watched(session: LiveSession) -> LiveSession:
        session.watched = True
        return session

    session = await begin(hub)
    await hub.second(VIEWER_MS / 1000)
    assert session.ended is Ended.STOPPED  # nobody came to watch
    session = watched(await begin(hub))
    await hub.second(LIFE_MS / 1000 - 1)
    assert session.ended is None
    await hub.second()
    assert session.ended is Ended.TIME
    session = watched(await begin(hub))
    hub.disconnect("bed-b01")
    await hub.second()
    assert session.ended is Ended.LEFT
    session = watched(await begin(hub))
    await hub.say("bed-b01", frame(session, 0))
    hub.office_sessions.discard(ENGINEER.session)
    await hub.second()
    assert (session.ended, list(session.frames)) == (Ended.SIGNED_OUT, [])


async def test_a_viewer_that_comes_late_is_told_why_it_is_over(hub: FleetHub) -> None:
    session = await begin(hub)
    await hub.say("bed-b01", {"t": "live_end", "id": session.id, "reason": "not_able"})
    late = hub.fleet.live.of(session.id, ENGINEER)
    assert late is session
    assert await seen(hub, session) == []
    assert session.ended is Ended.NOT_ABLE
    assert hub.fleet.live.of(session.id, ENGINEER) is None


async def test_a_slow_viewer_is_let_go(hub: FleetHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_QUEUED", 3)
    session = await begin(hub)
    for seq in range(4):
        await hub.say("bed-b01", frame(session, seq))
    assert (session.ended, list(session.frames)) == (Ended.SLOW, [])
    [answer] = await hub.say("bed-b01", frame(session, 4))
    assert answer["reason"] == "forbidden"


async def test_a_gap_ends_it_for_the_picture_would_be_wrong(hub: FleetHub) -> None:
    session = await begin(hub)
    await hub.say("bed-b01", frame(session, 0))
    await hub.say("bed-b01", frame(session, 2))
    assert session.ended is Ended.LEFT


@pytest.mark.parametrize(
    "odd",
    [
        {"seq": -1},
        {"seq": True},
        {"seq": "0"},
        {"events": {}},
        {"events": [1]},
        {"events": [{}]},
        {"events": [{"type": "3", "timestamp": 1}]},
        {"events": [{"type": 3, "timestamp": None}]},
        {"events": [EVENT] * 2_001},
        {"more": 1},
    ],
)
async def test_a_frame_of_another_form_is_refused(hub: FleetHub, odd: dict[str, Any]) -> None:
    session = await begin(hub)
    [answer] = await hub.say("bed-b01", frame(session, 0) | odd)
    assert answer["reason"] == "malformed"
    assert list(session.frames) == []


@pytest.mark.parametrize("odd", [{"reason": "bored"}, {"reason": ["left"]}, {"reason": None}, {"more": 1}])
async def test_an_end_of_another_form_is_refused(hub: FleetHub, odd: dict[str, Any]) -> None:
    session = await begin(hub)
    [answer] = await hub.say("bed-b01", {"t": "live_end", "id": session.id, "reason": "left"} | odd)
    assert (answer["reason"], session.ended) == ("malformed", None)


async def test_a_frame_that_is_too_large_is_not_read_and_ends_the_view(hub: FleetHub) -> None:
    session = await begin(hub)
    whole = frame(session, 0, EVENT | {"data": "x" * (MAX_FRAME_BYTES - 200)})
    assert await hub.say("bed-b01", whole) == []
    for text in ("x" * MAX_FRAME_BYTES, "床" * (MAX_FRAME_BYTES // 2)):
        session = session if session.ended is None else await begin(hub)
        [answer] = await hub.say("bed-b01", frame(session, 1, EVENT | {"data": text}))
        assert (answer["reason"], session.ended) == ("too_large", Ended.TOO_MUCH)


async def test_more_than_a_view_may_is_not_read_and_ends_it(hub: FleetHub) -> None:
    session = await begin(hub)
    other = await begin(hub, "bed-b02")
    large = EVENT | {"data": "x" * 200_000}
    answers: list[Any] = []
    for seq in range(BURST_BYTES // 200_000 + 1):
        session.frames.clear()  # its viewer keeps up
        session.queued_bytes = 0
        answers += await hub.say("bed-b01", frame(session, seq, large))
    assert (answers[-1]["reason"], session.ended) == ("too_fast", Ended.TOO_MUCH)
    hub.now += 1_000
    assert await hub.say("bed-b02", frame(other, 0)) == []
    assert other.ended is None
    again = await begin(hub)
    assert await hub.say("bed-b01", frame(again, 0, large)) == []


async def test_nobody_sends_at_another_terminals_document(hub: FleetHub) -> None:
    session = await begin(hub)
    [answer] = await hub.say("bed-b02", frame(session, 0), at="bed-b01")
    assert answer["reason"] == "forbidden"
    assert list(session.frames) == []
