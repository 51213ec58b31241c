"""What `ward-hub top` draws from what a hub says."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from ward_hub.watching import screen
from ward_hub.watching.metrics import read, render
from ward_hub.watching.scrape import Scrape, parse_scrape, rate
from ward_hub.watching.sources import QuietLog, Sources
from ward_hub.watching.traffic import SocketCounts


async def said(sources: Sources, at: float) -> Scrape:
    return parse_scrape(render(await read(sources)).decode(), at)


def drawn(*scrapes: Scrape, size: tuple[int, int] = (80, 24), colour: bool = False) -> list[str]:
    now, before = scrapes[-1], scrapes[-2] if len(scrapes) > 1 else None
    base = scrapes[0] if len(scrapes) > 1 else None
    frame = screen.frame(now, before, base, "http://hub", 1_090.0, size)
    return [screen.paint(line, colour) for line in frame]


async def two() -> tuple[Scrape, Scrape]:
    """A hub, and the same two seconds later."""
    log = QuietLog(taken={"update": 10})
    for _ in range(98):
        log.append_s.observe(0.9)
    sources = Sources(hub="0a1b2c3d", started_at=1_000.0, log=log, sockets=lambda: SocketCounts({"sync": 3}))
    first = await said(sources, 50.0)
    log.taken = {"update": 30, "hub_update": 1}
    for took in [0.0009] * 98 + [0.03] * 2:
        log.append_s.observe(took)
        log.group_sizes.observe(3)
    second = await said(
        replace(
            sources,
            terminals=lambda: {"bedside": 46, "station": 2},
            sockets=lambda: SocketCounts({"sync": 3}, 8, 200, 4096, 2 * 2**20, 0, 0, {"4408": 2}),
            facts_refused=lambda: {"bad_signature": 1},
        ),
        52.0,
    )
    return first, second


async def test_a_frame_shows_rates_quantiles_and_what_was_refused() -> None:
    lines = drawn(*await two())
    text = "\n".join(lines)
    assert lines[1].startswith("hub 0a1b2c3d  version   up 1 min 30 s")
    assert "terminals  48  bedside 46  station 2" in text
    assert "updates/s  10 of terminals  0.5 of the hub" in text
    assert "frames/s   4 in  100 out (deliveries)  2.0 KiB/s in  1.0 MiB/s out" in text
    assert "p50 ≤ 1 ms  p99 ≤ 32 ms  50/s  group 3.0" in text
    assert "closed     4408 2" in text
    assert "facts: bad_signature 1" in text
    assert "updates: none" in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10), (1, 1)])
async def test_a_frame_fits_the_window(size: tuple[int, int]) -> None:
    lines = drawn(*await two(), size=size)
    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]
    assert any("append took" in line for line in lines) == (size[1] == 40)


async def test_the_first_look_has_no_rates() -> None:
    text = "\n".join(drawn((await two())[0]))
    assert "frames/s   – in  – out" in text
    assert "p99 ≤ 1000 ms" not in text
    assert "p50 ≤ 1 s" in text


async def test_what_is_wrong_is_red_and_nothing_else_is() -> None:
    fine, _ = await two()
    ready = Scrape(fine.at, {**fine.values, ("wardline_ready", frozenset()): 1.0})
    assert screen.RED not in "\n".join(drawn(ready, size=(80, 14), colour=True))
    bad = await said(Sources(log=QuietLog(taking=False)), 1.0)
    red = [line for line in drawn(bad, colour=True) if screen.RED in line]
    assert [line for line in red if "NOT READY" in line]
    assert [line for line in red if "NOT TAKING" in line]
    assert len(red) == 2


async def test_a_hub_started_anew_makes_no_negative_rate() -> None:
    first, second = await two()
    assert rate(first, second, "frames_sent_total") is None
    back = Scrape(60.0, first.values)
    assert rate(back, second, "frames_sent_total") is None
    assert "updates/s  – of terminals" in "\n".join(drawn(second, back))


async def test_control_characters_of_a_hub_do_not_reach_the_terminal() -> None:
    hostile = await said(Sources(version="\x1b]0;x\x07", terminals=lambda: {"bed\x1b[2J": 1}), 1.0)
    assert "\x1b" not in "".join(drawn(hostile))


def test_other_metrics_are_refused() -> None:
    with pytest.raises(ValueError, match="expected the metrics of a ward-hub"):
        parse_scrape("# TYPE up gauge\nup 1\n", 0.0)


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (screen.duration(59.9), "59 s"),
        (screen.duration(3_599), "59 min 59 s"),
        (screen.duration(90_000), "1 d 1 h"),
        (screen.size_of(1023), "1023 B"),
        (screen.size_of(1536), "1.5 KiB"),
        (screen.size_of(3 * 2**30), "3.0 GiB"),
        (screen.count(1234567), "1,234,567"),
        (screen.count(0.25), "0.2"),
        (screen.count(None), "–"),
        (screen.bound_of(math.inf), "> 10 s"),
        (screen.time_of(0.0123), "12.3 ms"),
    ],
)
def test_quantities_are_as_people_read_them(made: str, shown: str) -> None:
    assert made == shown
