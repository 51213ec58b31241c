"""What only the log in PostgreSQL has: a server that dies, one writer, refusals, a full disk, damage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from ward_hub.log import postgresql, postgresql_writer
from ward_hub.log.port import (
    BEGINNING,
    Log,
    LogDamaged,
    LogRefused,
    LogUnavailable,
    Record,
    RecordKind,
    Severity,
    StorageFull,
)
from ward_hub.log.postgresql import open_postgresql_log

from tests.helpers.postgresql_server import (
    PASSWORD,
    QUOTED,
    USER,
    PostgresqlServer,
    database_without_log,
    new_server,
)

AGAIN_S = 20.0


def update(payload: bytes, document: str = "a") -> Record:
    return Record(document, RecordKind.UPDATE, payload, 1)


def fact(key: str) -> Record:
    return Record("ward/w/calls", RecordKind.FACT, b"f", 1, key=key)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Log]:
    log = await open_postgresql_log(url)
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection beside the hub's, as an administrator has it."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def appended_again(log: Log, record: Record) -> None:
    """Append as soon as the log takes it again."""
    async with asyncio.timeout(AGAIN_S):
        while True:
            try:
                return await log.append([record])
            except LogUnavailable:
                await asyncio.sleep(0.05)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(AGAIN_S):
        while not true():  # noqa: ASYNC110 - what is counted has no event
            await asyncio.sleep(0.01)


@pytest.fixture
async def url() -> str:
    return await database_without_log()


@pytest.fixture
def own_server() -> Iterator[PostgresqlServer]:
    server = new_server()
    yield server
    server.remove()


@pytest.mark.slow
async def test_a_server_that_is_killed_under_writers_loses_nothing_acknowledged(
    own_server: PostgresqlServer,
) -> None:
    """OPS-06. Twice; the same log goes on each time, and what was in doubt is there once or not at all."""
    acknowledged: set[str] = set()
    failed: set[str] = set()
    stop = asyncio.Event()

    async def write(writer: int, log: Log) -> None:
        number = 0
        while not stop.is_set():
            key = f"{writer}/{number}"
            number += 1
            try:
                await log.append([fact(key)])
                acknowledged.add(key)
            except LogUnavailable:
                failed.add(key)
                await asyncio.sleep(0.02)

    async def more(count: int) -> None:
        wanted = len(acknowledged) + count
        await until(lambda: len(acknowledged) >= wanted)

    async with opened(own_server.url) as log:
        writers = [asyncio.create_task(write(number, log)) for number in range(16)]
        for _ in range(2):
            await more(500)
            await asyncio.to_thread(own_server.kill)
            await asyncio.to_thread(own_server.start)
        await more(100)
        stop.set()
        await asyncio.gather(*writers)
        keys = [record.key async for _, record in log.read(BEGINNING)]
    assert failed
    assert acknowledged <= set(keys) <= acknowledged | failed
    assert len(keys) == len(set(keys))


@pytest.mark.slow
async def test_the_log_is_used_again_after_the_server_was_away(own_server: PostgresqlServer) -> None:
    async with opened(own_server.url) as log:
        await log.append([update(b"1")])
        await asyncio.to_thread(own_server.stop)
        with pytest.raises(LogUnavailable):
            await log.append([update(b"lost")])
        with pytest.raises(LogUnavailable):
            await log.load("a")
        await asyncio.to_thread(own_server.start)
        await appended_again(log, update(b"2"))
        assert await log.load("a") == [b"1", b"2"]


async def test_a_second_hub_is_refused_and_told_why(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_writer, "LOCK_PATIENCE_S", 0.0)
    async with opened(url) as log:
        with pytest.raises(LogUnavailable, match=r"held by another hub at 127\.0\.0\.1"):
            await open_postgresql_log(url)
        await log.append([update(b"1")])
    async with opened(url) as log:
        assert await log.load("a") == [b"1"]


async def test_a_hub_whose_lock_was_lost_gets_it_again(url: str) -> None:
    async with opened(url) as log, connected(url) as administrator:
        await log.append([update(b"1")])
        assert await administrator.fetchval(_END_WRITER) == 1
        await appended_again(log, update(b"2"))
        assert await log.load("a") == [b"1", b"2"]


async def test_a_hub_whose_lock_another_took_never_writes_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds in memory is behind the other's: it must be started again."""
    monkeypatch.setattr(postgresql_writer, "LOCK_PATIENCE_S", 0.0)
    monkeypatch.setattr(postgresql, "FIRST_PAUSE_S", 0.01)
    async with opened(url) as log, connected(url) as administrator:
        await log.append([update(b"1")])
        # The other is quicker: it stands at the lock when the first loses it.
        taken = asyncio.create_task(_take(url))
        async with asyncio.timeout(AGAIN_S):
            while not await administrator.fetchval(_WAITING):  # noqa: ASYNC110 - the server has no event
                await asyncio.sleep(0.01)
            await administrator.fetchval(_END_WRITER)
        other = await taken
        with pytest.raises(LogUnavailable):
            await log.append([update(b"two writers")])
        await other.execute("UPDATE wardline_log.about SET writer = 'other'; SELECT pg_advisory_unlock_all()")
        async with asyncio.timeout(AGAIN_S):
            while True:
                with pytest.raises(LogUnavailable) as refused:
                    await log.append([update(b"two writers")])
                if "must be started again" in str(refused.value):
                    break
                await asyncio.sleep(0.02)
        await other.close()
        assert await log.load("a") == [b"1"]


async def _take(url: str) -> Any:
    connection = await asyncpg.connect(url)
    await connection.execute(f"SELECT pg_advisory_lock({postgresql_writer.LOCK})")
    return connection


_END_WRITER = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    f" AND (classid::bigint << 32) | objid::bigint = {postgresql_writer.LOCK}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong-and-secret"), ("nobody-here", QUOTED)], ids=["password", "role"]
)
async def test_who_may_not_enter_is_told_so_without_the_password(url: str, user: str, password: str) -> None:
    wrong = url.replace(f"//{USER}:{QUOTED}@", f"//{user}:{password}@")
    if wrong == url:
        pytest.skip("the server's address is not of the private cluster")
    with pytest.raises(LogRefused, match=user) as refused:
        await open_postgresql_log(wrong)
    for secret in (password, PASSWORD, QUOTED):
        assert secret not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(LogUnavailable, match=r"postgresql://ward@127.0.0.1:9/ward") as refused:
        await open_postgresql_log("postgresql://ward:secret@127.0.0.1:9/ward")
    assert "secret" not in str(refused.value)


async def test_what_is_no_address_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="expected postgresql://") as refused:
        await open_postgresql_log("postgresql://ward:sec:ret@host:port/ward")
    assert "ret" not in str(refused.value)


async def test_a_full_disk_stores_nothing_of_its_append_and_all_of_the_others(url: str) -> None:
    """The server's own code for a full disk (53100), raised where a payload is large."""
    async with opened(url) as log, connected(url) as administrator:
        await administrator.execute(_FULL)
        outcomes = await asyncio.gather(
            log.append([update(b"1")]),
            log.append([update(b"half"), update(b"x" * 20_000)]),
            log.append([update(b"2")]),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [type(None), StorageFull, type(None)]
        await log.append([update(b"3")])
        assert await log.load("a") == [b"1", b"2", b"3"]


_FULL = """
CREATE FUNCTION wardline_log.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF length(NEW.payload) > 10000 THEN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON wardline_log.record
  FOR EACH ROW EXECUTE FUNCTION wardline_log.full_disk();
"""


async def test_a_record_that_the_server_cannot_hold_takes_no_other_with_it(url: str) -> None:
    """Text in PostgreSQL has no NUL; the message does not quote what was to be stored."""
    async with opened(url) as log:
        outcomes = await asyncio.gather(
            log.append([update(b"1")]),
            log.append([update(b"2", document="nul \0 name")]),
            log.append([update(b"3", document="half \ud800 pair")]),
            log.append([update(b"4")]),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [
            type(None),
            LogUnavailable,
            LogUnavailable,
            type(None),
        ]
        assert "name" not in str(outcomes[1])
        assert "pair" not in str(outcomes[2])
        assert await log.load("a") == [b"1", b"4"]


async def test_a_damaged_record_is_noticed_and_found(url: str) -> None:
    async with opened(url) as log, connected(url) as administrator:
        await log.append([update(b"\0\0", "whole"), update(b"\0\0", "b")])
        await administrator.execute("UPDATE wardline_log.record SET payload = 'x' WHERE document = 'b'")
        assert await log.load("whole") == [b"\0\0"]
        with pytest.raises(LogDamaged):
            await log.load("b")
        findings = [finding async for finding in log.check()]
        assert {finding.severity for finding in findings} == {Severity.DAMAGE}


async def test_appends_that_wait_share_a_commit(url: str) -> None:
    async with opened(url) as log, connected(url) as administrator:
        await asyncio.gather(*(log.append([update(b"x")]) for _ in range(200)))
        commits = await administrator.fetchval("SELECT count(DISTINCT xmin::text) FROM wardline_log.record")
        assert await administrator.fetchval("SELECT count(*) FROM wardline_log.record") == 200
        assert commits < 20


async def test_a_log_of_a_newer_version_is_left_alone(url: str) -> None:
    async with opened(url):
        pass
    async with connected(url) as administrator:
        await administrator.execute("UPDATE wardline_log.about SET format = format + 1")
    with pytest.raises(LogUnavailable, match="newer version"):
        await open_postgresql_log(url)


async def test_a_frozen_server_is_taken_for_lost(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_writer, "STATEMENT_S", 0.2)
    async with opened(url) as log, connected(url) as administrator:
        await log.append([update(b"1")])
        async with administrator.transaction():
            await administrator.execute("LOCK TABLE wardline_log.record")
            with pytest.raises(LogUnavailable):
                await log.append([update(b"in doubt")])
        await appended_again(log, update(b"2"))
        assert [payload for payload in await log.load("a") if payload != b"in doubt"] == [b"1", b"2"]
