"""Whether a hub says that it is ready, and only then (OPS-06)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from starlette.applications import Starlette
from ward_hub.edge.health_api import health_routes
from ward_hub.log.port import LogUnavailable, Record, RecordKind, StorageFull
from ward_hub.log.watched import WatchedLog
from ward_hub.watching.health import TRIED_AGAIN_S, Check, Health, takes

from tests.backend.watching.failing_log import FailingLog

RECORD = Record("d", RecordKind.UPDATE, b"x", 1, "t1")


async def ask(checks: Mapping[str, Check], limit_s: float = 2.0) -> httpx.Response:
    app = Starlette(routes=health_routes(Health(checks, limit_s)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        assert (await client.get("/health/live")).status_code == 200
        return await client.get("/health/ready")


async def never() -> bool:
    await asyncio.Event().wait()
    return True


async def broken() -> bool:
    raise ConnectionError("postgresql://ward:secret@db.example")


async def test_a_hub_is_ready_when_every_check_holds(caplog: pytest.LogCaptureFixture) -> None:
    good = await ask({"log": lambda: True, "draining": lambda: True})
    assert (good.status_code, good.json()["ok"], good.json()["failed"]) == (200, True, [])
    assert good.headers["cache-control"] == "no-store"
    bad = await ask({"log": lambda: True, "sql": broken, "hangs": never, "draining": lambda: False}, 0.01)
    assert (bad.status_code, bad.json()["ok"]) == (503, False)
    assert bad.json()["failed"] == ["sql", "hangs", "draining"]
    assert "secret" not in bad.text + caplog.text


async def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    asked = 0
    go = asyncio.Event()

    async def slow() -> bool:
        nonlocal asked
        asked += 1
        await go.wait()
        return True

    health = Health({"slow": slow})
    both = [asyncio.create_task(health.failing()) for _ in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    both[0].cancel()  # one who leaves takes nobody's answer away
    go.set()
    assert await asyncio.gather(*both[1:]) == [[]] * 4
    assert asked == 1
    assert await health.ready()
    assert asked == 2


async def test_a_log_that_took_nothing_is_believed_again_after_a_while() -> None:
    """A hub that nobody is sent to appends nothing: it must not stay away for ever."""
    now = 100.0
    inner = FailingLog()
    log = WatchedLog(inner, lambda: now)
    assert takes(log, lambda: now)
    inner.error = LogUnavailable("away")
    with pytest.raises(LogUnavailable):
        await log.append([RECORD])
    assert not takes(log, lambda: now + TRIED_AGAIN_S - 1)
    assert takes(log, lambda: now + TRIED_AGAIN_S)
    inner.error = None
    await log.append([])
    assert not log.taking
    await log.append([RECORD])
    assert takes(log, lambda: now)


async def test_the_log_is_counted_by_kind_size_and_time() -> None:
    now = 0.0
    inner = FailingLog()
    log = WatchedLog(inner, lambda: now)

    def later() -> None:
        nonlocal now
        now += 0.003

    inner.before = later
    own = Record("d", RecordKind.UPDATE, b"x", 1)
    fact = Record("d", RecordKind.FACT, b"x", 1, "t1", key="f")
    await log.append([RECORD, RECORD, own, fact])
    assert log.taken == {"update": 2, "hub_update": 1, "fact": 1}
    assert log.append_s.counts[log.append_s.bounds.index(0.004)] == 1
    assert log.group_sizes.counts[log.group_sizes.bounds.index(4)] == 1
    inner.error = StorageFull("no room")
    with pytest.raises(StorageFull):
        await log.append([RECORD])
    assert (log.full, log.taking, log.failures, log.append_s.count) == (True, False, {"full": 1}, 1)
    inner.error = None
    await log.append([RECORD])
    await log.compact("d")
    assert (log.full, log.taking, log.compactions) == (False, True, 1)
