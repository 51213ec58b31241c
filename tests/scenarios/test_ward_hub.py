"""A ward hub and the hospital's hub: linked, cut, healed, restarted, revoked; as processes, over sockets."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc
from ward_hub.demo.hub_account import HubRefused
from ward_hub.demo.light_terminals import LightTerminal
from ward_hub.documents import names
from ward_hub.documents.memo_months import month_of
from ward_sync.facts import Act
from ward_sync.update import parse_state_vector

from tests.helpers.hub_process import DATABASE, PASSWORD, HubProcess
from tests.helpers.ward_hub_here import now_ms, until
from tests.helpers.ward_hub_pair import WARD, Pair, command, hub_pair

pytestmark = pytest.mark.slow
PRESENCE = names.presence(WARD)
HEALED_S = 30.0
"""A look at the link every few seconds, and what was missed to be brought, on a busy machine."""


def memo(name: str) -> Callable[[Doc[Any]], None]:
    """An edit that hangs up a memo, as the whiteboard does where nobody has signed in."""
    line = {
        "memo": name,
        "field": "created",
        "value": True,
        "at": now_ms(),
        "staff": None,
        "staff_name": "",
        "verified": False,
    }
    return lambda doc: doc.get("events", type=Array).append(line)


def memos() -> str:
    return names.memos(WARD, month_of(now_ms()))


async def token_of(pair: Pair, hub: HubProcess, terminal: str) -> str:
    return (await (await pair.account(hub, terminal)).token()).token


def cleared(terminal: LightTerminal, call: str) -> bool:
    return any(
        one.fact.body.act is Act.CLEARED and call in one.fact.body.calls for one in terminal.facts.values()
    )


async def test_calls_and_presence_pass_both_ways_until_the_ward_hub_is_revoked(
    tmp_path: Path, standard_ward: Path
) -> None:
    """UP1, UP4, UP5, UP6, UP7: and nothing any more once it was revoked."""
    async with hub_pair(tmp_path, standard_ward) as pair:
        bed = await pair.terminal(pair.ward, "bed-b01")
        vice = await pair.terminal(pair.ward, "station-vice")
        main = await pair.terminal(pair.above, "station-main")
        call, heard = await bed.press("patient", "bed:b01")
        assert isinstance(heard, int)
        await until(lambda: call in vice.facts)
        await until(lambda: call in main.facts, 10)
        act, heard = await main.act(Act.ACKNOWLEDGED, [call], room="r01")
        assert isinstance(heard, int)
        await until(lambda: act in vice.facts and act in bed.facts)

        # UP6: who is there is seen on both sides, and no longer than the link lasts.
        above = await pair.replica(pair.above, await token_of(pair, pair.above, "pda-03"), PRESENCE)
        ward = await pair.replica(pair.ward, await token_of(pair, pair.ward, "pda-04"), PRESENCE)
        everybody = {"bed-b01", "station-vice", "station-main"}
        await until(lambda: everybody <= above.present and everybody <= ward.present, 20)
        pair.cut()
        await until(lambda: "bed-b01" not in above.present and "station-main" not in ward.present, 20)
        assert "station-main" in above.present
        assert "bed-b01" in ward.present
        pair.heal()
        await until(lambda: everybody <= above.present and everybody <= ward.present, HEALED_S)

        # UP7: who is revoked above is cut off on the ward. UP1: a ward hub that is, gets and brings nothing.
        other = await pair.terminal(pair.ward, "bed-b03")
        await asyncio.to_thread(command, pair.above, "revoke", "bed-b03")
        await until(lambda: other.aside, 15)
        with pytest.raises(HubRefused):
            await (await pair.account(pair.ward, "bed-b03")).token()
        await asyncio.to_thread(command, pair.above, "ward-hubs", "revoke", "box")
        await until(lambda: "refused this ward hub" in pair.ward.output(), 15)
        call, heard = await bed.press("patient", "bed:b01")
        assert isinstance(heard, int), "its ward is served on"
        await asyncio.sleep(1)
        assert call not in main.facts


async def test_the_ward_is_served_while_cut_and_both_are_equal_afterwards(
    tmp_path: Path, standard_ward: Path
) -> None:
    """UP3, UP4, UP5, UP8: calls, memos and sign-in on the ward, calls and memos above; the ward hub killed
    in the middle of it: nothing is lost, nothing stands twice, nothing has risen again."""
    async with hub_pair(tmp_path, standard_ward) as pair:
        bed = await pair.terminal(pair.ward, "bed-b01")
        other_bed = await pair.terminal(pair.above, "bed-b03")
        vice = await pair.terminal(pair.ward, "station-vice")
        main = await pair.terminal(pair.above, "station-main")
        before, _ = await bed.press("patient", "bed:b01")
        await until(lambda: before in main.facts, 10)
        board = await pair.replica(pair.ward, await token_of(pair, pair.ward, "whiteboard"), memos())
        await board.change(memo("before"))

        pair.cut()
        # What was pressed before the cut is cleared in it, on the ward.
        await vice.act(Act.CLEARED, [before], room="r01", policy="tender", way="remote")
        during, heard = await bed.press("patient", "bed:b01")
        assert isinstance(heard, int)
        await vice.act(Act.ACKNOWLEDGED, [during], room="r01")
        above_call, _ = await other_bed.press("patient", "bed:b03")
        await until(lambda: above_call in main.facts)
        token = await pair.sign_in(pair.ward, "station-vice", "n001", PASSWORD)
        await board.change(memo("on-the-ward"))
        above_token = await pair.sign_in(pair.above, "pda-01", "n002", PASSWORD)
        above = await pair.replica(pair.above, above_token, memos())
        await above.change(memo("above"))
        assert during not in main.facts
        assert above_call not in vice.facts

        await asyncio.to_thread(pair.ward.kill)
        await asyncio.to_thread(pair.ward.start)
        await until(vice.joined.is_set, 20)
        assert (await pair.http(pair.ward).get("/t/bedside/bed-b01/")).status_code == 200
        late, _ = await bed.press("patient", "bed:b01")
        await vice.act(Act.CLEARED, [late, during], room="r01", policy="tender", way="remote")

        pair.heal()
        await until(lambda: cleared(main, before) and cleared(main, during) and cleared(main, late), HEALED_S)
        await until(lambda: above_call in vice.facts, HEALED_S)
        board = await pair.replica(pair.ward, await token_of(pair, pair.ward, "whiteboard"), memos())
        everything = {"before", "on-the-ward", "above"}
        for replica in (board, above):
            await until(lambda: {line["memo"] for line in replica.events()} == everything, HEALED_S)  # noqa: B023
            assert len(replica.events()) == len(everything)
        states = [parse_state_vector(replica.doc.get_state()) for replica in (board, above)]
        assert states[0] == states[1]

        token = await pair.sign_in(pair.ward, "station-vice", "n001", PASSWORD)
        for hub, bearer in ((pair.ward, token), (pair.above, above_token)):
            journal = await pair.journal(hub, bearer)
            assert set(journal) == {before, during, late, above_call}
            over = {call for call, line in journal.items() if line["closed_at"] is not None}
            assert over == {before, during, late}
            assert journal[during]["acknowledged_by"] == "station-vice"


async def test_it_links_again_by_itself_with_the_hub_it_knows_and_with_no_other(
    tmp_path: Path, standard_ward: Path
) -> None:
    """UP8, UP9."""
    async with hub_pair(tmp_path, standard_ward) as pair:
        bed = await pair.terminal(pair.ward, "bed-b01")
        await asyncio.to_thread(pair.above.kill)
        call, heard = await bed.press("patient", "bed:b01")
        assert isinstance(heard, int)
        await asyncio.to_thread(pair.above.start)
        main = await pair.terminal(pair.above, "station-main")
        await until(lambda: call in main.facts, HEALED_S)
        assert main.facts[call].heard_at == heard

        # UP9: restored from a backup it is not the same any more, and the ward goes on.
        await asyncio.to_thread(pair.above.stop)
        with closing(sqlite3.connect(pair.above.data / DATABASE)) as database:
            database.execute("UPDATE installation SET generation = generation + 1")
            database.commit()
        await asyncio.to_thread(pair.above.start)
        await until(lambda: "was restored from a backup" in pair.ward.output(), HEALED_S)
        later, heard = await bed.press("patient", "bed:b01")
        assert isinstance(heard, int)
        await until(main.joined.is_set, HEALED_S)
        await asyncio.sleep(2)
        assert later not in main.facts
