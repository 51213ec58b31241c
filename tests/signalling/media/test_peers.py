"""The relay between real peers: who hears the tone, who hears nothing any more, and what is refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aioice.ice import get_host_addresses
from ward_signalling.inbox import fingerprints_of
from ward_signalling.media.encode_once import FanOut
from ward_signalling.media.peers import Listener, Speaker, make_certificate
from ward_signalling.media.port import MediaRefused

from tests.signalling.media.sound import Ear, Mouth, Tone, loudness, share_of_tone

needs_network = pytest.mark.skipif(
    not get_host_addresses(use_ipv4=True, use_ipv6=False), reason="aioice takes no loopback address"
)
pytestmark = needs_network


def ignore(_state: str) -> None:
    pass


class Relay:
    """A relay with one speaker of a tone, and the listeners that were added."""

    def __init__(self) -> None:
        self.fan_out = FanOut()
        self.certificate = make_certificate()
        self.mouth = Mouth(Tone())
        self.speaker = Speaker(self.fan_out, self.certificate, ignore)
        self.listeners: list[Listener] = []
        self.ears: list[Ear] = []

    async def speak(self) -> None:
        described = await self.speaker.answer(await self.mouth.offer())
        await self.mouth.take_answer(described.sdp)

    async def add(self) -> Ear:
        listener, ear = Listener(self.fan_out, self.certificate, ignore), Ear()
        self.listeners.append(listener)
        self.ears.append(ear)
        await listener.take_answer(await ear.answer((await listener.offer()).sdp))
        return ear


@asynccontextmanager
async def relay() -> AsyncIterator[Relay]:
    made = Relay()
    try:
        yield made
    finally:
        await made.fan_out.close()
        ends: list[Listener | Ear | Speaker | Mouth] = [*made.listeners, *made.ears, made.speaker, made.mouth]
        await asyncio.gather(*(end.close() for end in ends))


async def test_a_tone_is_heard_at_each_listener_the_late_one_too_and_not_after_the_end() -> None:
    async with relay() as made:
        await made.speak()
        ears = [await made.add() for _ in range(3)]
        for samples in await asyncio.gather(*(ear.hear(30) for ear in ears)):
            assert share_of_tone(samples) > 0.9
            # From one channel to two and back costs half of the energy.
            assert loudness(samples) == pytest.approx(0.5, abs=0.2)
        late = await made.add()
        assert share_of_tone(await late.hear(20)) > 0.9

        await made.fan_out.close()
        await asyncio.gather(*(listener.close() for listener in made.listeners))
        async with asyncio.timeout(5):
            await asyncio.gather(*(ear.ended.wait() for ear in (*ears, late)))
        heard = [ear.frames for ear in ears]
        await asyncio.sleep(0.1)
        assert [ear.frames for ear in ears] == heard


async def test_listeners_that_came_before_the_sound_hear_it_at_once() -> None:
    async with relay() as made:
        ear = await made.add()
        await made.speak()
        samples = await ear.hear(30)
        assert share_of_tone(samples) > 0.9


def hidden(sdp: str) -> str:
    """The description of a browser that hides its addresses behind names."""
    return re.sub(r"(a=candidate:\S+ \d udp \d+) \S+", r"\1 4d1c2f5e-0000-4000-8000-000000000000.local", sdp)


async def test_terminals_that_hide_their_addresses_speak_and_hear_without_a_delay() -> None:
    async with relay() as made:
        offer = hidden(await made.mouth.offer())
        assert ".local" in offer
        await made.mouth.take_answer((await made.speaker.answer(offer)).sdp)
        listener, ear = Listener(made.fan_out, made.certificate, ignore), Ear()
        made.listeners.append(listener)
        made.ears.append(ear)
        await listener.take_answer(hidden(await ear.answer((await listener.offer()).sdp)))
        assert share_of_tone(await ear.hear(30)) > 0.9


async def test_one_that_leaves_harms_nobody() -> None:
    async with relay() as made:
        await made.speak()
        stays, goes = await made.add(), await made.add()
        await asyncio.gather(stays.hear(5), goes.hear(5))
        await goes.close()
        assert share_of_tone(await stays.hear(20)) > 0.9


async def test_every_description_names_the_one_certificate_and_no_other_digest() -> None:
    async with relay() as made:
        first, second = (Listener(made.fan_out, made.certificate, ignore) for _ in range(2))
        made.listeners += [first, second]
        one, other = await first.offer(), await second.offer()
        answer = await made.speaker.answer(await made.mouth.offer())
        assert fingerprints_of(one.sdp) == {one.fingerprint} == {other.fingerprint} == {answer.fingerprint}
        assert fingerprints_of(answer.sdp) == {answer.fingerprint}
        assert "a=candidate:" in one.sdp
        assert len(one.sdp) < 20_000


async def test_an_answer_without_opus_is_refused_as_no_codec() -> None:
    async with relay() as made:
        listener, ear = Listener(made.fan_out, made.certificate, ignore), Ear()
        made.listeners.append(listener)
        made.ears.append(ear)
        answer = await ear.answer((await listener.offer()).sdp)
        lines = [line.replace("opus/48000/2", "SIREN/16000") for line in answer.split("\r\n")]
        with pytest.raises(MediaRefused) as refused:
            await listener.take_answer("\r\n".join(lines))
        assert refused.value.reason == "no_codec"


@pytest.mark.parametrize(
    "text", ["", "v=0\r\n", "m=audio 9\r\n", "v=0\r\nm=audio x y z\r\na=mid:0\r\n", "\0"]
)
async def test_what_is_no_description_is_refused(text: str) -> None:
    async with relay() as made:
        with pytest.raises(MediaRefused) as refused:
            await made.speaker.answer(text)
        assert refused.value.reason == "no_media"


async def test_candidates_that_cannot_be_used_change_nothing() -> None:
    async with relay() as made:
        for text in ("", "candidate:", "candidate:x y z", "candidate:1 1 udp 1 name.local 9 typ host"):
            await made.speaker.add_candidate(text, "0")
        await made.speak()
        ear = await made.add()
        assert share_of_tone(await ear.hear(10)) > 0.5
