"""Lines of pushes: the newest state goes out, a slow service holds up its own PDAs, failures are sat out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from ward_hub.push.carrier import Gone, Later, Message, Outcome, Refused, Sent
from ward_hub.push.notices import Notices, State
from ward_hub.push.policy import Wanted
from ward_hub.push.sender import TTL_S, Sender
from ward_hub.push.subscriptions import Subscription, Subscriptions

from tests.backend.push.waiting import until
from tests.backend.talk.migrated import migrated

T0 = 1_800_000_000_000


class Carrier:
    """Answers as told; keeps what it was given."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, str]] = []
        self.answer: Callable[[str], Outcome] = lambda _terminal: Sent()
        self.hold: dict[str, asyncio.Event] = {}

    async def send(self, subscription: Subscription, message: Message) -> Outcome:
        content = json.loads(message.text)
        self.got.append((subscription.terminal, content["do"], content["tag"]))
        if subscription.terminal in self.hold:
            await self.hold[subscription.terminal].wait()
        return self.answer(subscription.terminal)


class Bench:
    """A sender with its stores; time passes only where it waits."""

    def __init__(self, notices: Notices, subscriptions: Subscriptions) -> None:
        self.now = T0
        self.waits: list[float] = []
        self.carrier = Carrier()
        self.notices = notices
        self.subscriptions = subscriptions
        self.ids = (f"{number:032x}" for number in count(1))
        self.sender = Sender(notices, subscriptions, self.carrier, lambda: self.now, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += round(seconds * 1000)
        await asyncio.sleep(0)

    async def want(self, *tags: str, pda: str = "pda-01", mark: str = "m") -> None:
        wanted = {tag: Wanted(tag, mark, False, {"do": "show", "tag": tag}) for tag in tags}
        for terminal in await self.notices.settle(
            {pda: wanted}, frozenset(), lambda: next(self.ids), self.now
        ):
            self.sender.wake(terminal)

    def state(self, tag: str, pda: str = "pda-01") -> State:
        return self.notices.of(pda)[tag].state


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = await migrated(tmp_path)
    subscriptions = Subscriptions(database)
    for pda in ("pda-01", "pda-02"):
        await subscriptions.put(
            Subscription(pda, "0" * 16, f"https://push.example/{pda}", "p", "a", "zh"), T0
        )
    made = Bench(Notices(database), subscriptions)
    yield made
    await made.sender.close()
    await database.close()


async def test_each_notice_goes_out_once(bench: Bench) -> None:
    await bench.want("a", "b")
    await bench.sender.settled()
    await bench.want("a", "b")
    await bench.sender.settled()
    assert bench.carrier.got == [("pda-01", "show", "a"), ("pda-01", "show", "b")]
    assert bench.state("a") is State.SENT


async def test_a_slow_service_delays_its_own_pda_only_and_then_gets_the_newest_state(bench: Bench) -> None:
    bench.carrier.hold["pda-01"] = asyncio.Event()
    await bench.want("a", "b")
    await bench.want("x", pda="pda-02")
    await until(lambda: len(bench.carrier.got) >= 2)
    await until(lambda: bench.state("x", "pda-02") is State.SENT)
    await bench.want()  # both are over before the service has answered to the first
    bench.carrier.hold.pop("pda-01").set()
    await bench.sender.settled()
    assert [one for one in bench.carrier.got if one[0] == "pda-01"] == [
        ("pda-01", "show", "a"),
        ("pda-01", "close", "a"),
    ]
    assert (bench.state("a"), bench.state("b")) == (State.CLOSED, State.CLOSED)


async def test_it_waits_as_long_as_the_service_asks(bench: Bench) -> None:
    answers: Iterator[Outcome] = iter([Later("status 429", 30.0), Later("status 429", 0.0), Sent()])
    bench.carrier.answer = lambda _terminal: next(answers)
    await bench.want("a")
    await bench.sender.settled()
    assert bench.waits == [30.0, 1.0]
    assert bench.state("a") is State.SENT


async def test_it_waits_longer_each_time_and_gives_up_when_the_push_would_not_hold(bench: Bench) -> None:
    bench.carrier.answer = lambda _terminal: Later("ConnectError")
    await bench.want("a")
    await bench.sender.settled()
    assert bench.waits[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert TTL_S <= sum(bench.waits) <= TTL_S + 60
    assert bench.state("a") is State.FAILED


async def test_a_call_that_ends_while_the_service_is_away_is_closed_not_shown(bench: Bench) -> None:
    def answer(_terminal: str) -> Outcome:
        return Sent() if len(bench.carrier.got) > 2 else Later("ConnectError")

    bench.carrier.answer = answer
    await bench.want("a")
    await until(lambda: len(bench.carrier.got) >= 1)
    await bench.want()
    await bench.sender.settled()
    assert [what for _, what, _ in bench.carrier.got][-1] == "close"
    assert bench.state("a") is State.CLOSED


async def test_a_subscription_that_is_gone_is_dropped_with_what_waits(bench: Bench) -> None:
    """404 and 410 (RFC 8030, 7.3)."""
    bench.carrier.answer = lambda _terminal: Gone()
    await bench.want("a", "b")
    await bench.sender.settled()
    assert len(bench.carrier.got) == 1
    assert bench.subscriptions.of("pda-01") is None
    assert not bench.notices.of("pda-01")
    assert bench.subscriptions.of("pda-02") is not None


async def test_a_subscription_renewed_meanwhile_is_not_dropped_for_the_old_ones_end(bench: Bench) -> None:
    bench.carrier.hold["pda-01"] = asyncio.Event()
    bench.carrier.answer = lambda _terminal: Gone()
    await bench.want("a")
    await until(lambda: bench.carrier.got)
    fresh = Subscription("pda-01", "0" * 16, "https://push.example/new", "p", "a", "zh")
    assert await bench.subscriptions.put(fresh, T0)
    bench.carrier.answer = lambda _terminal: Sent() if len(bench.carrier.got) > 1 else Gone()
    bench.carrier.hold.pop("pda-01").set()
    await bench.sender.settled()
    assert bench.subscriptions.of("pda-01") == fresh
    assert bench.state("a") is State.SENT


async def test_what_is_refused_does_not_stop_the_line(bench: Bench) -> None:
    answers: Iterator[Outcome] = iter([Refused("status 413"), Sent()])
    bench.carrier.answer = lambda _terminal: next(answers)
    await bench.want("a", "b")
    await bench.sender.settled()
    assert (bench.state("a"), bench.state("b")) == (State.FAILED, State.SENT)


async def test_a_carrier_that_breaks_is_logged_and_tried_at_the_next_look(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_terminal: str) -> Outcome:
        raise RuntimeError("broken")

    bench.carrier.answer = breaks
    await bench.want("a")
    await bench.sender.settled()
    assert "pushing to pda-01 failed" in caplog.text
    bench.carrier.answer = lambda _terminal: Sent()
    await bench.want("a")
    await bench.sender.settled()
    assert bench.state("a") is State.SENT


async def test_an_endpoint_belongs_to_one_pda(bench: Bench) -> None:
    moved = Subscription("pda-02", "0" * 16, "https://push.example/pda-01", "p", "a", "en")
    assert await bench.subscriptions.put(moved, T0)
    assert not await bench.subscriptions.put(moved, T0)
    assert bench.subscriptions.of("pda-01") is None
    assert await bench.subscriptions.drop("pda-02", "https://push.example/other") is False
    assert await bench.subscriptions.drop("pda-02") is True
