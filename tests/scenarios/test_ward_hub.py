"""A ward hub and the hospital's hub: linked, cut, healed, restarted, revoked. Real processes, a real socket."""

from __future__ import annotations

from pathlib import Path

from ward_hub.demo.light_terminals import LightTerminal
from ward_sync.facts import Act

from tests.helpers.ward_hub_here import until
from tests.helpers.ward_hub_pair import hub_pair


def closed(terminal: LightTerminal, call: str) -> bool:
    return any(
        one.fact.body.act is Act.CLEARED and call in one.fact.body.calls for one in terminal.facts.values()
    )


async def test_a_call_on_the_ward_hub_is_seen_at_the_hospital_and_back(
    tmp_path: Path, standard_ward: Path
) -> None:
    """UP1, UP4, UP5."""
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
