"""Rules of docs/feed.md about alarms of devices."""

from __future__ import annotations

import pytest
from ward_hub.ingest.hl7.mllp import Frame
from ward_hub.ingest.intake import Intake
from ward_hub.ingest.left_over import rejected
from ward_hub.ingest.ports import AlarmNotTaken

from tests.backend.ingest.alarms import Points, alert, r40
from tests.backend.ingest.conftest import Feed
from tests.backend.ingest.feeding import MAPPING, SmallPlaces


@pytest.fixture
def points() -> Points:
    return Points({"MON-7": "mon-b01", "PUMP-1": "pump-b02"})


@pytest.fixture
def intake(feed: Feed, points: Points) -> Intake:
    return Intake(feed.database, SmallPlaces(), MAPPING, feed.clock, points=points)


async def send(intake: Intake, data: bytes) -> str:
    answer = (await intake.take(Frame(data))).acknowledgement.decode()
    assert "|ORA^R41^ORA_R41|" in answer.split("\r")[0]
    return answer.split("\rMSA|")[1][:2]


async def test_phases_of_an_alarm_are_the_latch_of_its_call_point(
    intake: Intake, points: Points, feed: Feed
) -> None:
    """FEED25."""
    now = feed.clock()
    for number, phase in enumerate(("start", "continue", "end")):
        assert await send(intake, r40(alert(phase=phase, at=now), at=now, control_id=str(number))) == "AA"
    pump = alert(event="197292^MDC_EVT_PUMP_DELIV_COMP^MDC", device="PUMP-1", at=now - 600_000)
    assert await send(intake, r40(pump, at=now, control_id="9")) == "AA"
    assert points.heard == [
        ("mon-b01", "start", None, None),
        ("mon-b01", "continue", None, None),
        ("mon-b01", "end", None, None),
        ("pump-b02", "start", "drip_end", now - 600_000),
    ]


async def test_what_is_no_alarm_calls_nobody_and_what_was_silenced_does(
    intake: Intake, points: Points, feed: Feed
) -> None:
    """FEED25."""
    now = feed.clock()
    assert await send(intake, r40(alert(priority="PN"), at=now, control_id="1")) == "AA"
    assert points.heard == []
    assert await send(intake, r40(alert(inactivation="audio-off"), at=now, control_id="2")) == "AA"
    assert len(points.heard) == 1


async def test_the_same_message_again_is_told_once(intake: Intake, points: Points, feed: Feed) -> None:
    """FEED26, FEED1."""
    data = r40(alert(), at=feed.clock(), control_id="1")
    assert [await send(intake, data) for _ in range(3)] == ["AA"] * 3
    assert len(points.heard) == 1


async def test_an_unknown_device_is_refused_with_its_place_and_nothing_of_the_message_is_told(
    intake: Intake, points: Points, feed: Feed
) -> None:
    """FEED26."""
    data = r40(alert(), alert(device="STRAY-1"), at=feed.clock(), control_id="1")
    data = data.replace(b"0012210000000001", b"").replace(b"0012210000000009", b"")
    assert await send(intake, data) == "AE"
    assert points.heard == []
    (kept,) = await rejected(feed.database)
    assert (kept.code, kept.kind) == (204, "ORU^R40")
    assert kept.reason == (
        "OBX-18: expected id or serial of one call point, got 'STRAY-1' at 'THORACIC^701^1'"
    )
    points.names["STRAY-1"] = "mon-b03"
    assert await send(intake, data) == "AA"
    assert len(points.heard) == 2


@pytest.mark.parametrize(("again", "code"), [(True, 207), (False, 204)])
async def test_it_is_taken_only_when_the_call_is_stored(
    intake: Intake, points: Points, feed: Feed, again: bool, code: int
) -> None:
    """FEED26, FEED17."""
    data = r40(alert(), at=feed.clock(), control_id="1")
    points.failing = AlarmNotTaken("not now", again=again)
    assert await send(intake, data) == "AE"
    assert (await rejected(feed.database))[0].code == code
    points.failing = None
    assert await send(intake, data) == "AA"
    assert await rejected(feed.database) == []


async def test_a_hub_without_call_points_says_so(feed: Feed) -> None:
    """FEED26."""
    assert await feed.send(r40(alert(), at=feed.clock(), control_id="1")) == ["AR"]
