"""Call points: the latch, its line, who may speak for it, and what a flood or a restart cannot do."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from ward_hub.audit.port import AuditAction
from ward_hub.call_points.event import PointEvent, Said
from ward_hub.call_points.port import PointRefused
from ward_hub.call_points.tables import CallPointNonceRow, CallPointRow
from ward_hub.directory.store import revoke_terminal
from ward_hub.log.port import StorageFull

from tests.backend.call_points.points import Ward


async def test_a_press_is_one_call_until_it_is_cancelled(ward: Ward) -> None:
    device, station = await ward.device(), await ward.watch("station-main", "station", None)
    first = await device.say("pressed")
    assert first.json()["state"] == "placed"
    (call,) = first.json()["calls"]
    assert (await device.say("pressed")).json() == {"state": "held", "calls": [call], "time": ward.now()}
    (row,) = (await station.board()).rows
    assert (row.source, row.type, row.verified, row.count) == ("bathroom:r01", "bathroom", True, 1)
    assert (await device.say("cancelled")).json()["state"] == "cancelled"
    assert (await station.board()).rows == ()
    assert await device.state("cancelled") == "nothing"
    again = await device.say("pressed")
    assert again.json()["state"] == "placed"
    assert again.json()["calls"] != [call]


async def test_a_point_at_a_bed_calls_from_the_bed_what_its_profile_says(ward: Ward) -> None:
    device, station = await ward.device("drip-b02"), await ward.watch("station-main", "station", None)
    assert await device.state("pressed") == "placed"
    assert await device.state("pressed", type="bed_exit") == "placed"
    rows = {row.type: row.source for row in (await station.board()).rows}
    assert rows == {"drip_end": "bed:b02", "bed_exit": "bed:b02"}
    assert await device.state("cancelled", type="drip_end") == "cancelled"
    assert {row.type for row in (await station.board()).rows} == {"bed_exit"}
    assert await device.state("cancelled") == "cancelled"


async def test_a_type_that_is_not_for_call_points_is_refused(ward: Ward) -> None:
    device, station = await ward.device(), await ward.watch("station-main", "station", None)
    assert await device.state("pressed", type="code") == "forbidden"
    assert (await station.board()).rows == ()
    # what nobody has listed still alarms (CF14)
    assert await device.state("pressed", type="balcony") == "placed"


async def test_what_happened_while_the_device_was_away_is_shown_as_about_that_time(ward: Ward) -> None:
    device, station = await ward.device(), await ward.watch("station-main", "station", None)
    at = ward.now() - 600_000
    assert await device.state("pressed", at=at) == "placed"
    (row,) = (await station.board()).rows
    assert (row.at, row.approx, row.missed) == (at, True, False)


async def test_a_fault_is_trouble_at_once_and_cancels_nothing(ward: Ward) -> None:
    """A13, A15: an open line shows at the station and at the room's door."""
    device = await ward.device()
    station = await ward.watch("station-main", "station", None)
    door = await ward.watch("door-r01", "door", "r01")
    await device.say("alive")
    await device.say("pressed")
    ward.now.ms += 15_000
    for place in (station, door):
        assert await place.troubles() == set()
    await device.say("fault")
    for place in (station, door):
        (trouble,) = (await place.board()).troubles
        assert (trouble.key, trouble.room) == ("input:bath-r01", "r01")
        assert len((await place.board()).rows) == 1
    await device.say("alive")
    assert await station.troubles() == {"input:bath-r01"}
    await device.say("ok")
    assert await station.troubles() == set()


async def test_silence_is_trouble_within_the_ceiling_and_ends_with_the_next_sign(ward: Ward) -> None:
    """A13: 90 s at most."""
    device, station = await ward.device(), await ward.watch("station-main", "station", None)
    await device.say("alive")
    for _ in range(60):
        ward.now.ms += 1_000
        await ward.points.tick()
        assert await station.troubles() == set()
    for _ in range(18):
        ward.now.ms += 1_000
        await ward.points.tick()
        await station.hear()
    assert await station.troubles() == {"missing:bath-r01"}
    await device.say("alive")
    assert await station.troubles() == set()


async def test_a_point_that_was_never_heard_is_missing(ward: Ward) -> None:
    await ward.device()
    station = await ward.watch("station-main", "station", None)
    await ward.points.tick()
    ward.now.ms += 15_000
    assert await station.troubles() == {"missing:bath-r01"}


async def test_the_same_request_again_is_refused_also_after_a_restart(ward: Ward) -> None:
    device = await ward.device()
    body, headers = device.request("pressed")
    assert (await device.post(body, headers)).status_code == 200
    assert (await device.post(body, headers)).json()["error"]["code"] == "replayed"
    cancel = device.request("cancelled")
    assert (await device.post(*cancel)).json()["state"] == "cancelled"
    assert await device.state("pressed") == "placed"
    await ward.restart()
    for old in ((body, headers), cancel):
        assert (await device.post(*old)).json()["error"]["code"] == "replayed"
    # the latch is in the facts, not in memory
    assert await device.state("pressed") == "held"
    assert await device.state("cancelled") == "cancelled"


async def test_a_slowed_down_request_cannot_be_used_later_by_somebody_else(ward: Ward) -> None:
    device = await ward.device()
    await device.say("pressed")
    for _ in range(9):
        await device.say("alive")
    stolen = device.request("cancelled")
    answer = await device.post(*stolen)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    await ward.points.tick()
    ward.now.ms += 30_000
    assert (await device.post(*stolen)).json()["error"]["code"] == "replayed"
    await ward.restart()
    assert (await device.post(*stolen)).json()["error"]["code"] == "replayed"
    assert await device.state("cancelled") == "cancelled"


async def test_what_can_come_no_more_is_forgotten(ward: Ward) -> None:
    device = await ward.device()
    old = device.request("pressed")
    await device.post(*old)
    ward.now.ms += 5 * 60_000 + 1
    await ward.points.tick()
    async with ward.database.session() as session:
        assert (await session.scalars(select(CallPointNonceRow))).all() == []
    assert (await device.post(*old)).json()["error"]["code"] == "device_refused"


async def test_a_flood_is_slowed_down_and_never_costs_the_first_press(ward: Ward) -> None:
    device, station = await ward.device(), await ward.watch("station-main", "station", None)
    states = [await device.state("alive") for _ in range(30)]
    assert states.count("noted") == 10
    assert states.count("too_many_tries") == 20
    assert await device.state("pressed") == "placed"
    assert await device.state("pressed") == "too_many_tries"
    assert await device.state("cancelled") == "too_many_tries"
    assert len((await station.board()).rows) == 1
    ward.now.ms += 1_000
    assert await device.state("cancelled") == "cancelled"
    assert await device.state("pressed") == "placed"


async def test_strangers_neither_spend_the_devices_allowance_nor_its_nonces(ward: Ward) -> None:
    device = await ward.device()
    body, headers = device.request("pressed")
    forged = {**headers, "x-wardline-signature": "0" * 64}
    for _ in range(50):
        assert (await device.post(body, forged)).json()["error"]["code"] == "device_refused"
    assert (await device.post(body, headers)).json()["state"] == "placed"
    refusals = [line for line in ward.audit.lines if line.action is AuditAction.CALL_POINT_REFUSED]
    assert len(refusals) == 1
    assert (refusals[0].terminal, refusals[0].detail["why"]) == ("bath-r01", "device_refused")
    ward.now.ms += 60_000
    await device.post(body, forged)
    assert ward.audit.lines[-1].detail["more"] == 49


async def test_two_presses_at_once_are_one_call(ward: Ward) -> None:
    device, station = await ward.device(), await ward.watch("station-main", "station", None)
    states = await asyncio.gather(*(device.state("pressed") for _ in range(5)))
    assert sorted(states) == ["held"] * 4 + ["placed"]
    (row,) = (await station.board()).rows
    assert row.count == 1


@pytest.mark.parametrize(("off_ms", "taken"), [(299_000, True), (-299_000, True), (301_000, False)])
async def test_a_clock_may_be_five_minutes_off(ward: Ward, off_ms: int, taken: bool) -> None:
    device = await ward.device()
    state = await device.state("pressed", time=ward.now() + off_ms)
    assert state == ("placed" if taken else "device_refused")


async def test_a_device_without_a_clock_uses_a_challenge_once_and_at_once(ward: Ward) -> None:
    device = await ward.device()

    async def challenge(terminal: str = "bath-r01") -> str:
        answer = await ward.http.get(f"/api/call-points/{terminal}/challenge")
        return str(answer.json()["nonce"])

    nonce = await challenge()
    assert await device.state("pressed", time=0, nonce=nonce) == "placed"
    assert await device.state("cancelled", time=0, nonce=nonce) == "replayed"
    assert await device.state("cancelled", time=0, nonce="an-own-nonce-of-mine") == "device_refused"
    assert await device.state("cancelled", time=0, nonce=await challenge("drip-b02")) == "device_refused"
    late = await challenge()
    ward.now.ms += 60_001
    assert await device.state("cancelled", time=0, nonce=late) == "device_refused"
    kept = await challenge()
    await ward.restart()
    assert await device.state("cancelled", time=0, nonce=kept) == "cancelled"


async def test_a_new_key_ends_the_one_before_and_keeps_the_signing_key(ward: Ward) -> None:
    old = await ward.device()
    await old.say("pressed")
    point = ward.current.terminals["bath-r01"].public_key
    new = await ward.device()
    assert new.key != old.key
    assert await old.state("cancelled") == "device_refused"
    assert await new.state("cancelled") == "cancelled"
    assert ward.current.terminals["bath-r01"].public_key == point
    made = [line for line in ward.audit.lines if line.action is AuditAction.CALL_POINT_KEY]
    assert [(line.staff, line.terminal, line.ward) for line in made] == [("e001", "bath-r01", "thoracic")] * 2
    assert new.key not in repr(ward.audit.lines)


async def test_a_revoked_point_is_refused_at_once_and_comes_back_with_a_new_key_only(ward: Ward) -> None:
    device, station = await ward.device(), await ward.watch("station-main", "station", None)
    await device.say("pressed")
    async with ward.database.session.begin() as session:
        await revoke_terminal(session, "bath-r01", ward.now())
    # the directory in memory has not heard of it yet
    assert await device.state("alive") == "device_refused"
    await ward.projector.poll()
    assert await device.state("alive") == "device_refused"
    await ward.points.tick()
    assert (await station.board()).rows  # the call stays until somebody has seen to it
    new = await ward.device()
    assert await device.state("alive") == "device_refused"
    assert await new.state("pressed") == "held"
    assert await new.state("cancelled") == "cancelled"


async def test_a_full_log_is_said_and_the_next_try_is_taken(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await ward.device()

    async def full(*_: object) -> int:
        raise StorageFull

    with monkeypatch.context() as patch:
        patch.setattr(ward.log, "append", full)
        answer = await device.say("pressed")
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage")
    assert await device.state("pressed") == "placed"


async def test_a_restart_keeps_a_fault_and_who_was_heard_lately(ward: Ward) -> None:
    device = await ward.device()
    await device.say("fault")
    await ward.restart()
    await ward.points.tick()
    station = await ward.watch("station-main", "station", None)
    ward.now.ms += 15_000
    assert await station.troubles() == {"input:bath-r01"}


async def test_keys_lie_sealed_and_bound_to_their_point(ward: Ward) -> None:
    device = await ward.device()
    await ward.device("drip-b02")
    async with ward.database.session.begin() as session:
        rows = {row.terminal: row for row in (await session.scalars(select(CallPointRow))).all()}
        sealed = rows["bath-r01"].device_key
        assert sealed is not None
        assert device.key.encode() not in sealed
        rows["drip-b02"].device_key = sealed
    await ward.restart()
    other = type(device)(ward, "drip-b02", device.key)
    assert await other.state("alive") == "device_refused"
    assert await device.state("alive") == "noted"
    assert (ward.folder / "call_points.key").stat().st_mode & 0o077 == 0


async def test_others_that_proved_it_speak_for_a_point_too(ward: Ward) -> None:
    with pytest.raises(PointRefused):
        await ward.points.tell("drip-b02", Said(PointEvent.PRESSED))
    await ward.device("drip-b02")
    done = await ward.points.tell("drip-b02", Said(PointEvent.PRESSED, "monitor"))
    assert done.state == "placed"
    assert (await ward.points.tell("drip-b02", Said(PointEvent.PRESSED, "monitor"))).calls == done.calls


async def test_a_call_of_several_alerts_ends_with_the_last(ward: Ward) -> None:
    """Also when the hub was restarted between them."""
    await ward.device("drip-b02")

    async def tell(event: PointEvent, alert: str) -> str:
        return (await ward.points.tell_alert("drip-b02", Said(event, "monitor"), alert)).state

    assert await tell(PointEvent.PRESSED, "pulse") == "placed"
    assert await tell(PointEvent.PRESSED, "apnoea") == "held"
    assert await tell(PointEvent.ALIVE, "apnoea") == "noted"
    await ward.restart()
    assert await tell(PointEvent.CANCELLED, "pulse") == "noted"
    assert await tell(PointEvent.CANCELLED, "apnoea") == "cancelled"
    assert await tell(PointEvent.CANCELLED, "apnoea") == "nothing"


async def test_an_alert_whose_end_was_lost_keeps_no_later_call_open(ward: Ward) -> None:
    device = await ward.device("drip-b02")

    async def tell(event: PointEvent, alert: str) -> str:
        return (await ward.points.tell_alert("drip-b02", Said(event, "monitor"), alert)).state

    assert await tell(PointEvent.PRESSED, "pulse") == "placed"
    assert await device.state("cancelled") == "cancelled"
    assert await tell(PointEvent.PRESSED, "apnoea") == "placed"
    assert await tell(PointEvent.CANCELLED, "apnoea") == "cancelled"
