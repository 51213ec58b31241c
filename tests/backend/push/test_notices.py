"""The life of a notice: due, sent, taken back; what waits survives a restart and goes out once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from ward_hub.db.engine import Database
from ward_hub.push.notices import KEPT_MS, Notices, State
from ward_hub.push.policy import Wanted

from tests.backend.talk.migrated import migrated

T0 = 1_800_000_000_000
NOBODY: frozenset[str] = frozenset()
ON_SCREEN = frozenset({"pda-01"})


def want(tag: str = "row", mark: str = "waiting:1", urgent: bool = False) -> dict[str, Wanted]:
    return {tag: Wanted(tag, mark, urgent, {"do": "show", "tag": tag})}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await migrated(tmp_path)
    yield opened
    await opened.close()


class Desk:
    """Notices of one PDA, in few words."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ids = (f"{number:032x}" for number in count(1))
        self.notices = Notices(database)

    async def settle(
        self, wanted: dict[str, Wanted], on_screen: frozenset[str] = NOBODY, now: int = T0
    ) -> list[str]:
        return await self.notices.settle({"pda-01": wanted}, on_screen, lambda: next(self.ids), now)

    async def send(self, now: int = T0) -> list[str]:
        """Send what waits; returns what it was."""
        sent = []
        for notice in self.notices.due("pda-01"):
            assert await self.notices.try_(notice)
            await self.notices.sent(notice, now)
            sent.append(json.loads(notice.payload)["do"])
        return sent

    async def restart(self) -> None:
        self.notices = Notices(self.database)
        await self.notices.load()

    def states(self) -> dict[str, State]:
        return {tag: notice.state for tag, notice in self.notices.of("pda-01").items()}


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_a_notice_goes_out_once_and_is_taken_back_once(desk: Desk) -> None:
    assert await desk.settle(want()) == ["pda-01"]
    assert await desk.send() == ["show"]
    assert await desk.settle(want()) == []
    assert await desk.settle({}) == ["pda-01"]
    assert await desk.send() == ["close"]
    assert await desk.settle({}) == []
    assert desk.states() == {"row": State.CLOSED}


async def test_it_goes_out_again_when_the_row_rings_anew(desk: Desk) -> None:
    await desk.settle(want())
    assert await desk.send() == ["show"]
    await desk.settle(want(mark="taken:abc"))
    assert await desk.send() == ["show"]
    await desk.settle({})
    await desk.settle(want(mark="taken:abc"))  # before the closing left: it is simply said again
    assert await desk.send() == ["show"]


async def test_what_never_left_the_hub_needs_no_taking_back(desk: Desk) -> None:
    await desk.settle(want())
    assert await desk.settle({}) == []
    assert desk.states() == {"row": State.CLOSED}


async def test_what_may_have_left_is_taken_back_although_nobody_said_that_it_arrived(desk: Desk) -> None:
    await desk.settle(want())
    (notice,) = desk.notices.due("pda-01")
    assert await desk.notices.try_(notice)
    await desk.settle({})
    await desk.notices.sent(notice, T0)  # the answer comes late: the closing waits all the same
    assert desk.states() == {"row": State.CLOSING}
    assert not await desk.notices.try_(notice)
    assert await desk.send() == ["close"]


async def test_an_open_screen_closes_its_notices_itself(desk: Desk) -> None:
    await desk.settle(want())
    await desk.send()
    assert await desk.settle({}, ON_SCREEN) == []
    assert desk.states() == {"row": State.CLOSED}
    await desk.settle(want())  # put away while the call still waits
    assert await desk.send() == ["show"]


async def test_a_restart_neither_loses_nor_doubles(desk: Desk) -> None:
    await desk.settle(want("sent") | want("waits"))
    notice = next(notice for notice in desk.notices.due("pda-01") if notice.tag == "sent")
    await desk.notices.try_(notice)
    await desk.notices.sent(notice, T0)
    await desk.restart()
    assert await desk.settle(want("sent") | want("waits")) == ["pda-01"]
    assert [one.tag for one in desk.notices.due("pda-01")] == ["waits"]
    receipt = desk.notices.due("pda-01")[0].receipt
    await desk.notices.try_(desk.notices.due("pda-01")[0])
    await desk.restart()  # killed between sending and knowing: the same id, which the phone knows by then
    assert [one.receipt for one in desk.notices.due("pda-01")] == [receipt]
    await desk.restart()
    await desk.settle({})
    assert await desk.send() == ["close", "close"]


async def test_sent_is_not_seen_and_a_receipt_counts_for_its_own_push(desk: Desk) -> None:
    await desk.settle(want())
    (notice,) = desk.notices.due("pda-01")
    assert not await desk.notices.seen(notice.receipt, T0)  # it has not even left
    await desk.send()
    assert desk.notices.of("pda-01")["row"].seen_at is None
    assert not await desk.notices.seen("f" * 32, T0)
    assert await desk.notices.seen(notice.receipt, T0 + 5)
    assert await desk.notices.seen(notice.receipt, T0 + 9)
    assert desk.notices.of("pda-01")["row"].seen_at == T0 + 5
    await desk.restart()
    assert desk.notices.of("pda-01")["row"].seen_at == T0 + 5


async def test_a_receipt_beside_the_services_answer_does_not_bring_the_notice_back(desk: Desk) -> None:
    await desk.settle(want())
    (notice,) = desk.notices.due("pda-01")
    await desk.notices.try_(notice)
    await desk.notices.seen(notice.receipt, T0)  # the phone was faster than the answer
    await desk.notices.sent(notice, T0)
    held = desk.notices.of("pda-01")["row"]
    assert (held.state, held.seen_at) == (State.SENT, T0)


async def test_urgent_goes_first_then_the_oldest(desk: Desk) -> None:
    await desk.settle(want("a"), now=T0)
    await desk.settle(want("a") | want("b"), now=T0 + 1)
    await desk.settle(want("a") | want("b") | want("c", urgent=True), now=T0 + 2)
    assert [notice.tag for notice in desk.notices.due("pda-01")] == ["c", "a", "b"]


async def test_what_the_service_refuses_is_not_tried_again_until_it_rings_anew(desk: Desk) -> None:
    await desk.settle(want())
    (notice,) = desk.notices.due("pda-01")
    await desk.notices.failed(notice)
    assert await desk.settle(want()) == []
    assert await desk.settle(want(mark="waiting:2")) == ["pda-01"]


async def test_closed_notices_are_forgotten_after_a_day(desk: Desk) -> None:
    await desk.settle(want())
    await desk.send()
    await desk.settle({})
    await desk.send()
    await desk.notices.forget_old(T0 + KEPT_MS - 1)
    assert desk.states()
    await desk.notices.forget_old(T0 + KEPT_MS)
    await desk.restart()
    assert not desk.states()


async def test_a_pda_that_has_gone_is_forgotten(desk: Desk) -> None:
    await desk.settle(want())
    await desk.notices.forget("pda-01")
    await desk.notices.forget("pda-01")
    assert not desk.states()
    await desk.restart()
    assert not desk.states()
