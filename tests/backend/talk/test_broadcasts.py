"""Broadcasts through the hub: who may, who hears, who is missed and why, and how it ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest
from aioice.ice import get_host_addresses
from ward_hub.talk.broadcast import DIALS_AT_ONCE, LIMIT_MS
from ward_hub.talk.broadcasts import MAX_AT_ONCE, MAX_LISTENERS
from ward_hub.talk.media import HubMedia
from ward_signalling.media.port import MediaRefused
from ward_signalling.messages import (
    Accept,
    Busy,
    BusyReason,
    Bye,
    ByeReason,
    Candidate,
    Close,
    Description,
    Heard,
    Invite,
    Purpose,
    Recording,
    Signal,
)

from tests.backend.talk.hub_talk import (
    OTHER_SESSION,
    SDP,
    SESSION,
    STATION,
    TALK,
    WARD,
    FakeMedia,
    Hub,
    directory,
    principal,
    settle,
)
from tests.signalling.media.sound import Ear, Mouth, Tone, share_of_tone

BEDS = ("bed-1", "bed-2", "door-1")


async def begin(hub: Hub, targets: tuple[str, ...] = BEDS, talk: str = TALK, sender: str = STATION) -> None:
    await hub.hear(
        Invite,
        sender,
        talk=talk,
        purpose=Purpose.BROADCAST,
        calls=(),
        video=0,
        targets=tuple(sorted(targets)),
    )


async def let_hear(hub: Hub, terminal: str) -> None:
    """The terminal accepts, answers the hub's offer and is connected."""
    await hub.hear(Accept, terminal, talk=TALK, video=0)
    offer = hub.to(terminal, Description)[-1]
    await hub.describe(terminal, offer.connection, "answer")
    hub.media[-1].listeners[-1].on_state("connected")
    await settle()


async def let_speak(hub: Hub) -> None:
    await hub.describe(STATION, "c" * 16, "offer")
    hub.media[-1].speakers[-1].on_state("connected")


async def pass_time_with(hub: Hub, *alive: str, seconds: int) -> None:
    """Let time pass while these terminals say each second that they live."""
    for _ in range(seconds):
        await hub.pass_time(1)
        for terminal in alive:
            await hub.hear(Heard, terminal, talk=TALK, ms=0)


async def running_hub() -> tuple[Hub, FakeMedia]:
    """A broadcast that bed-1 hears."""
    hub = Hub()
    await begin(hub)
    await let_speak(hub)
    await let_hear(hub, "bed-1")
    return hub, hub.media[-1]


async def test_a_station_reaches_the_beds_that_accept_and_learns_who_is_missed() -> None:
    hub = Hub()
    await begin(hub)
    assert [one.talk for one in hub.to(STATION, Accept)] == [TALK]
    for target in BEDS:
        (invite,) = hub.to(target, Invite)
        assert (invite.talk, invite.purpose, invite.calls, invite.targets) == (TALK, "broadcast", (), None)
    await hub.describe(STATION, "c" * 16, "offer")
    (answer,) = hub.to(STATION, Description)
    assert (answer.connection, answer.type) == ("c" * 16, "answer")

    await let_hear(hub, "bed-1")
    await hub.hear(Busy, "bed-2", talk=TALK, reason=BusyReason.CALL)
    assert hub.told[-1][0] == STATION
    assert hub.report == {
        "t": "broadcast",
        "talk": TALK,
        "reached": ["bed-1"],
        "missed": [{"terminal": "bed-2", "reason": "call"}],
    }
    await hub.broadcasts.close()


async def test_who_hears_a_recorded_broadcast_is_told_and_nobody_else() -> None:
    """CALL-02, SG5: only the station's word counts; who joins later hears it with the next."""
    hub, _ = await running_hub()
    await hub.hear(Recording, STATION, talk=TALK, on=1)
    assert [one.on for one in hub.to("bed-1", Recording)] == [1]
    assert hub.to("bed-2", Recording) == []
    await let_hear(hub, "bed-2")
    await hub.hear(Recording, "bed-1", talk=TALK, on=0)
    await hub.hear(Recording, STATION, talk="8" * 16, on=0)
    assert [one.on for one in hub.to("bed-2", Recording)] == []
    await hub.hear(Recording, STATION, talk=TALK, on=1)
    assert [one.on for one in hub.to("bed-2", Recording)] == [1]
    await hub.hear(Bye, "bed-2", talk=TALK, reason=ByeReason.HUNG_UP)
    await hub.hear(Recording, STATION, talk=TALK, on=0)
    assert [one.on for one in hub.to("bed-1", Recording)] == [1, 1, 0]
    assert [one.on for one in hub.to("bed-2", Recording)] == [1]
    await hub.broadcasts.close()


async def test_signals_of_the_hub_are_counted_for_each_terminal() -> None:
    """SG11"""
    hub, _ = await running_hub()
    assert [one.seq for one in hub.to("bed-1")] == list(range(1, len(hub.to("bed-1")) + 1))
    assert {one.session for one in hub.sent} == {"a" * 16}
    await hub.broadcasts.close()


@pytest.mark.parametrize(
    ("sender", "targets", "purpose"),
    [
        ("bed-1", ("bed-2",), Purpose.BROADCAST),
        ("pda-1", ("bed-2",), Purpose.BROADCAST),
        (STATION, ("gone-1", "pda-1", "st-2", "who"), Purpose.BROADCAST),
        (STATION, ("bed-1",), Purpose.TALK),
    ],
)
async def test_only_stations_may_and_only_to_terminals_that_hear(
    sender: str, targets: tuple[str, ...], purpose: Purpose
) -> None:
    hub = Hub()
    await hub.hear(Invite, sender, talk=TALK, purpose=purpose, calls=(), video=0, targets=targets)
    assert [one.reason for one in hub.to(sender, Busy)] == ["not_allowed"]
    assert len(hub.sent) == 1
    assert hub.broadcasts.running == 0


async def test_a_target_that_may_not_is_missed_and_the_others_hear() -> None:
    hub = Hub()
    await begin(hub, ("bed-1", "gone-1", "who"))
    assert [one["terminal"] for one in hub.report["missed"]] == ["gone-1", "who"]
    assert hub.to("gone-1") == []
    await let_hear(hub, "bed-1")
    assert hub.report["reached"] == ["bed-1"]
    await hub.broadcasts.close()


async def test_who_is_not_connected_is_missed_at_once() -> None:
    hub = Hub()
    hub.away.add("bed-2")
    await begin(hub)
    assert hub.report["missed"] == [{"terminal": "bed-2", "reason": "lost"}]
    await hub.broadcasts.close()


async def test_a_station_has_one_broadcast_and_the_hub_a_few() -> None:
    hub = Hub()
    await begin(hub)
    await begin(hub, talk="8" * 16)
    assert [(one.talk, one.reason) for one in hub.to(STATION, Busy)] == [("8" * 16, "talking")]

    names = [f"st-{number}" for number in range(2, MAX_AT_ONCE + 2)]
    ward = directory()
    hub.directory = type(ward)(
        ward=ward.ward,
        terminals={**ward.terminals, **dict.fromkeys(names, ward.terminals["st-2"])},
    )
    for name in names:
        await begin(hub, sender=name, talk="9" * 16)
    assert [one.reason for one in hub.to(names[-1], Busy)] == ["full"]
    assert hub.broadcasts.running == MAX_AT_ONCE
    await hub.broadcasts.close()
    assert hub.broadcasts.running == 0


async def test_the_hub_carries_so_many_listeners_and_no_more() -> None:
    hub = Hub(directory(beds=100))
    beds = tuple(f"bed-{number}" for number in range(1, 101))
    await begin(hub, beds)
    await begin(hub, beds[: MAX_LISTENERS - 99], talk="8" * 16, sender="st-2")
    assert [one.reason for one in hub.to("st-2", Busy)] == ["full"]
    await hub.hear(Bye, "bed-1", talk=TALK, reason=ByeReason.CALL)
    await begin(hub, beds[: MAX_LISTENERS - 99], talk="9" * 16, sender="st-2")
    assert hub.broadcasts.running == 2
    await hub.broadcasts.close()


async def test_the_stations_bye_ends_it_for_all_and_releases_everything() -> None:
    hub, media = await running_hub()
    await hub.hear(Bye, STATION, talk=TALK, reason=ByeReason.HUNG_UP)
    for target in BEDS:
        assert [one.reason for one in hub.to(target, Bye)] == ["hung_up"]
    assert hub.to(STATION, Bye) == []
    assert media.closed
    assert all(end.closed for end in (*media.speakers, *media.listeners))
    assert hub.broadcasts.running == 0
    await begin(hub, talk="8" * 16)
    assert [one.talk for one in hub.to(STATION, Accept)] == [TALK, "8" * 16]
    await hub.broadcasts.close()


async def test_a_press_at_a_bed_ends_it_there_and_nowhere_else() -> None:
    hub, media = await running_hub()
    await let_hear(hub, "bed-2")
    await hub.hear(Bye, "bed-1", talk=TALK, reason=ByeReason.CALL)
    assert hub.report["reached"] == ["bed-2"]
    assert {"terminal": "bed-1", "reason": "call"} in hub.report["missed"]
    assert [end.closed for end in media.listeners] == [True, False]
    assert not media.closed
    await hub.broadcasts.close()


async def test_who_does_not_accept_in_time_is_missed() -> None:
    """SG22"""
    hub = Hub()
    await begin(hub)
    await let_speak(hub)
    await pass_time_with(hub, STATION, seconds=5)
    assert [one["reason"] for one in hub.report["missed"]] == ["lost"] * 3
    assert [one.reason for one in hub.to("bed-2", Bye)] == ["lost"]
    assert [one.talk for one in hub.to("bed-2", Invite)] == [TALK] * 5
    await hub.broadcasts.close()


async def test_who_says_that_it_rings_is_waited_for_and_not_for_ever() -> None:
    """SG22: each `heard` lets the inviter wait on, 35 s at most."""
    hub = Hub()
    await begin(hub)
    await let_speak(hub)
    await pass_time_with(hub, STATION, "bed-1", seconds=34)
    assert [one["terminal"] for one in hub.report["missed"]] == ["bed-2", "door-1"]
    await hub.pass_time(1)
    assert {"terminal": "bed-1", "reason": "unanswered"} in hub.report["missed"]
    await hub.broadcasts.close()


async def test_an_invitation_that_comes_again_is_answered_the_same_again() -> None:
    """SG22: the station's page asks each second until it has an answer."""
    hub = Hub()
    await begin(hub)
    await begin(hub)
    assert [one.talk for one in hub.to(STATION, Accept)] == [TALK, TALK]
    assert hub.to(STATION, Busy) == []
    assert len(hub.to("bed-1", Invite)) == 1
    assert hub.broadcasts.running == 1
    await hub.broadcasts.close()


async def test_sound_that_goes_on_is_a_sign_of_life_of_the_station() -> None:
    """SG23: signals may need a new way while packets still come."""
    hub, media = await running_hub()
    for _ in range(8):
        media.heard_ms += 1000
        await pass_time_with(hub, "bed-1", seconds=1)
    assert hub.broadcasts.running == 1
    await pass_time_with(hub, "bed-1", seconds=5)
    assert [one.reason for one in hub.to(STATION, Bye)] == ["lost"]


async def test_who_accepts_but_is_not_connected_in_time_is_missed() -> None:
    hub = Hub()
    await begin(hub, ("bed-1",))
    await let_speak(hub)
    await hub.hear(Accept, "bed-1", talk=TALK, video=0)
    await pass_time_with(hub, STATION, seconds=5)
    assert hub.report["missed"] == [{"terminal": "bed-1", "reason": "no_media"}]
    assert hub.media[-1].listeners[0].closed
    await hub.broadcasts.close()


async def test_both_ends_tell_what_they_heard_and_who_is_silent_is_lost() -> None:
    """SG23"""
    hub, media = await running_hub()
    await let_hear(hub, "bed-2")
    media.heard_ms = 3980
    await pass_time_with(hub, STATION, "bed-1", seconds=6)
    assert hub.report["reached"] == ["bed-1"]
    assert {"terminal": "bed-2", "reason": "lost"} in hub.report["missed"]
    assert [one.ms for one in hub.to(STATION, Heard)] == [3980] * 6
    assert [one.ms for one in hub.to("bed-1", Heard)] == [0] * 6
    assert len(hub.to("bed-2", Heard)) == 4
    await hub.broadcasts.close()


async def test_a_station_that_is_lost_ends_it() -> None:
    hub, media = await running_hub()
    media.speakers[0].on_state("failed")
    await settle()
    assert [one.reason for one in hub.to("bed-1", Bye)] == ["lost"]
    assert media.closed


async def test_a_station_that_never_dials_ends_it() -> None:
    hub = Hub()
    await begin(hub)
    await hub.pass_time(5)
    assert [one.reason for one in hub.to(STATION, Bye)] == ["no_media"]
    assert hub.broadcasts.running == 0


async def test_it_ends_after_ten_minutes() -> None:
    hub, _ = await running_hub()
    for _ in range(LIMIT_MS // 4000):
        hub.now += 3000
        await pass_time_with(hub, STATION, "bed-1", seconds=1)
    assert [one.reason for one in hub.to(STATION, Bye)] == ["limit"]
    assert [one.reason for one in hub.to("bed-1", Bye)] == ["limit"]


async def test_so_many_are_dialled_at_once_and_the_others_after_them() -> None:
    beds = tuple(f"bed-{number}" for number in range(1, DIALS_AT_ONCE + 3))
    hub = Hub(directory(beds=len(beds)))
    await begin(hub, beds)
    for bed in beds:
        await hub.hear(Accept, bed, talk=TALK, video=0)
    dialled = [one.to for one in hub.sent if isinstance(one, Description)]
    assert dialled == list(beds[:DIALS_AT_ONCE])
    hub.media[-1].listeners[0].on_state("connected")
    await hub.hear(Bye, beds[1], talk=TALK, reason=ByeReason.CALL)
    assert [one.to for one in hub.sent if isinstance(one, Description)] == list(beds)
    await hub.broadcasts.close()


async def test_a_station_that_starts_anew_leaves_its_broadcast_and_may_begin_another() -> None:
    """SG12"""
    hub, media = await running_hub()
    hub.now += 1000
    await hub.hear(
        Invite,
        STATION,
        OTHER_SESSION,
        talk="8" * 16,
        purpose=Purpose.BROADCAST,
        calls=(),
        video=0,
        targets=("bed-1",),
    )
    assert media.closed
    assert [one.reason for one in hub.to("bed-1", Bye)] == ["lost"]
    assert [one.talk for one in hub.to("bed-1", Invite)] == [TALK, "8" * 16]
    await hub.broadcasts.close()


async def test_a_bed_that_starts_anew_is_lost() -> None:
    hub, media = await running_hub()
    hub.now += 1000
    await hub.hear(Bye, "bed-1", OTHER_SESSION, talk="8" * 16, reason=ByeReason.CLOSED)
    assert hub.report["reached"] == []
    assert media.listeners[0].closed
    await hub.broadcasts.close()


async def test_no_common_codec_is_said_to_both() -> None:
    hub = Hub()
    await begin(hub)
    await let_speak(hub)
    await hub.hear(Accept, "bed-1", talk=TALK, video=0)
    hub.media[-1].listeners[0].refuse = MediaRefused(ByeReason.NO_CODEC)
    await hub.describe("bed-1", hub.to("bed-1", Description)[-1].connection, "answer")
    assert [one.reason for one in hub.to("bed-1", Bye)] == ["no_codec"]
    assert {"terminal": "bed-1", "reason": "no_codec"} in hub.report["missed"]
    await hub.broadcasts.close()


async def test_a_machine_without_media_says_so() -> None:
    hub = Hub()
    hub.refuse = MediaRefused(ByeReason.NO_MEDIA)
    await begin(hub)
    await hub.describe(STATION, "c" * 16, "offer")
    assert [one.reason for one in hub.to(STATION, Bye)] == ["no_media"]
    assert [one.reason for one in hub.to("bed-1", Bye)] == ["no_media"]


async def test_candidates_reach_their_connection_and_no_other() -> None:
    hub, media = await running_hub()
    own = hub.to("bed-1", Description)[-1].connection
    for connection in (own, "d" * 16):
        await hub.hear(Candidate, "bed-1", connection=connection, candidate=f"of {connection}", mid="0")
    await hub.hear(Candidate, STATION, connection="c" * 16, candidate="of the station", mid="0")
    assert media.listeners[0].taken == [SDP, f"of {own}"]
    assert media.speakers[0].taken == [SDP, "of the station"]
    await hub.broadcasts.close()


async def test_a_new_offer_of_the_station_takes_the_place_of_the_one_before() -> None:
    hub, media = await running_hub()
    await hub.describe(STATION, "e" * 16, "offer")
    assert [end.closed for end in media.speakers] == [True, False]
    media.speakers[0].on_state("closed")
    assert hub.broadcasts.running == 1
    await hub.broadcasts.close()


async def test_another_fingerprint_and_an_offer_for_nothing_are_closed() -> None:
    """SG13"""
    hub, media = await running_hub()
    other = SDP.replace("AB:", "CD:")
    await hub.describe(STATION, "e" * 16, "offer", other)
    assert [(one.connection, one.reason) for one in hub.to(STATION, Close)] == [("e" * 16, "fingerprint")]
    assert len(media.speakers) == 1
    await hub.broadcasts.close()
    await hub.describe("st-2", "f" * 16, "offer")
    assert [one.reason for one in hub.to("st-2", Close)] == ["closed"]


async def test_what_was_taken_before_is_not_taken_again() -> None:
    """SG11"""
    hub = Hub()
    bye = Bye(
        sender=STATION,
        to="hub",
        ward=WARD,
        session=SESSION,
        seq=9,
        at=hub.now,
        talk=TALK,
        reason=ByeReason.HUNG_UP,
    )
    await hub.broadcasts.take(bye, principal(STATION))
    await begin(hub)
    assert hub.broadcasts.running == 0


async def test_signals_about_something_else_change_nothing() -> None:
    hub, _ = await running_hub()
    before = len(hub.sent)
    await hub.hear(Bye, "bed-1", talk="8" * 16, reason=ByeReason.CALL)
    await hub.hear(Accept, "bed-1", talk=TALK, video=0)
    await hub.hear(Bye, "st-2", talk=TALK, reason=ByeReason.HUNG_UP)
    await hub.describe("bed-2", "d" * 16, "offer")
    assert len(hub.sent) == before
    assert hub.report["reached"] == ["bed-1"]
    await hub.broadcasts.close()


def test_the_hub_does_not_carry_aiortc_before_somebody_speaks() -> None:
    script = (
        "import sys, ward_hub.app, ward_hub.talk.broadcasts, ward_hub.talk.media;"
        "print(sorted({'aiortc', 'aioice', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(
    not get_host_addresses(use_ipv4=True, use_ipv6=False), reason="aioice takes no loopback address"
)
async def test_a_tone_spoken_at_the_station_is_heard_at_the_beds_until_the_end() -> None:
    threads = threading.active_count()
    opened = await HubMedia().open()
    hub = Hub(media=lambda: opened)
    mouth, ears = Mouth(Tone()), {bed: Ear() for bed in ("bed-1", "bed-2", "bed-3")}
    heard: set[asyncio.Task[Any]] = set()

    def posted(signal: Signal) -> None:
        if isinstance(signal, Invite):
            heard.add(asyncio.create_task(hub.hear(Accept, signal.to, talk=TALK, video=0)))
        elif isinstance(signal, Description) and signal.to == STATION:
            heard.add(asyncio.create_task(mouth.take_answer(signal.sdp)))
        elif isinstance(signal, Description):
            heard.add(asyncio.create_task(answer(signal)))

    async def answer(offer: Description) -> None:
        sdp = await ears[offer.to].answer(offer.sdp)
        await hub.describe(offer.to, offer.connection, "answer", one_digest(sdp))

    hub.posted = posted
    await begin(hub, tuple(ears))
    await hub.describe(STATION, "c" * 16, "offer", one_digest(await mouth.offer()))
    for samples in await asyncio.gather(*(ear.hear(40) for ear in ears.values())):
        assert share_of_tone(samples) > 0.8
    assert hub.report["reached"] == sorted(ears)

    await hub.hear(Bye, STATION, talk=TALK, reason=ByeReason.HUNG_UP)
    await hub.broadcasts.close()
    async with asyncio.timeout(5):
        await asyncio.gather(*(ear.ended.wait() for ear in ears.values()))
    assert [len(hub.to(bed, Bye)) for bed in ears] == [1, 1, 1]
    await asyncio.gather(mouth.close(), *(ear.close() for ear in ears.values()), *heard)
    # Nothing is left of it: no task, and of threads only the loop's pool.
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert threading.active_count() - threads <= len(
        [t for t in threading.enumerate() if "asyncio" in t.name]
    )


def one_digest(sdp: str) -> str:
    """A description as browsers write it: aiortc names three digests."""
    lines = sdp.split("\r\n")
    return "\r\n".join(one for one in lines if "fingerprint" not in one or "sha-256" in one)
