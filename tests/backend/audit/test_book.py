"""The audit trail's chain: what was changed, taken out or cut off shows (A23, OPS-04)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from ward_hub.audit.book import AuditBook, append, kept_days, verify
from ward_hub.audit.chain import AuditSearch
from ward_hub.audit.port import AuditAction, AuditEntry
from ward_hub.db.engine import Database, open_database, sqlite_url
from ward_hub.directory.model import Hospital
from ward_hub.directory.store import store_hospital

DAY = 86_400_000
NOW = 1_800_000_000_000


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(sqlite_url(tmp_path / "ward.sqlite"))
    await opened.upgrade()
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(database: Database, clock: Clock) -> AuditBook:
    return AuditBook(database, clock)


async def fill(book: AuditBook, lines: int = 6) -> None:
    for n in range(lines):
        await book.record(
            AuditEntry(
                AuditAction.CHANGE,
                "ok",
                f"n{n}",
                ward="w1",
                subject=f"s{n}",
                address="10.0.0.1",
                detail={"n": n},
            )
        )


async def broken(database: Database) -> int | None:
    async with database.session() as session:
        return await verify(session)


async def run(database: Database, *statements: str) -> None:
    async with database.session.begin() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_an_empty_and_an_untouched_chain_hold(database: Database, book: AuditBook) -> None:
    assert await broken(database) is None
    await fill(book)
    assert await broken(database) is None


@pytest.mark.parametrize(
    ("statements", "first"),
    [
        (("UPDATE audit_lines SET result = 'refused' WHERE seq = 3",), 3),
        (("UPDATE audit_lines SET staff = NULL WHERE seq = 1",), 1),
        (("UPDATE audit_lines SET detail = '{}' WHERE seq = 5",), 5),
        (("UPDATE audit_lines SET at = at + 1 WHERE seq = 6",), 6),
        (("UPDATE audit_lines SET hash = 'x' WHERE seq = 2",), 2),
        (("DELETE FROM audit_lines WHERE seq = 3",), 3),
        (("DELETE FROM audit_lines WHERE seq = 1",), 1),
        (("DELETE FROM audit_lines WHERE seq > 4",), 5),
        (("DELETE FROM audit_lines",), 1),
        (("DELETE FROM audit_chain",), 1),
        (
            (
                "UPDATE audit_lines SET seq = 100 WHERE seq = 2",
                "UPDATE audit_lines SET seq = 2 WHERE seq = 4",
                "UPDATE audit_lines SET seq = 4 WHERE seq = 100",
            ),
            2,
        ),
        (
            (
                "DELETE FROM audit_lines WHERE seq = 3",
                "UPDATE audit_lines SET seq = seq - 1 WHERE seq > 3",
            ),
            3,
        ),
        (("UPDATE audit_chain SET anchor_seq = 2, anchor_hash = 'guessed'",), 1),
        (("DELETE FROM audit_lines WHERE seq < 3",
          "UPDATE audit_chain SET anchor_seq = 2, anchor_hash = 'guessed'"), 3),
        (("INSERT INTO audit_lines SELECT 7, at, action, result, staff, terminal, ward, subject, address,"
          " detail, hash FROM audit_lines WHERE seq = 6",), 7),
    ],
)  # fmt: skip
async def test_what_was_tampered_with_is_named(
    database: Database, book: AuditBook, statements: tuple[str, ...], first: int
) -> None:
    await fill(book)
    await run(database, *statements)
    assert await broken(database) == first


async def test_old_lines_go_and_the_rest_still_holds(
    database: Database, book: AuditBook, clock: Clock
) -> None:
    await fill(book, 4)
    clock.now += 100 * DAY
    await fill(book, 3)
    assert await book.forget_old() == 0
    clock.now += 80 * DAY + 1
    assert await book.forget_old() == 4
    assert await broken(database) is None
    lines, more = await book.search(AuditSearch(), 100)
    assert ([line.seq for line in lines], more) == ([8, 7, 6, 5], False)
    assert "removed_to" in lines[0].detail
    clock.now += 200 * DAY  # the line about the first removal is old by now itself
    assert await book.forget_old() == 4
    assert await broken(database) is None
    assert await book.forget_old() == 0
    await fill(book, 1)
    assert await broken(database) is None


async def test_an_anchor_that_no_line_tells_of_is_found(
    database: Database, book: AuditBook, clock: Clock
) -> None:
    """Whoever cuts off the beginning and moves the anchor is missed by the hashes alone."""
    await fill(book, 4)
    async with database.session() as session:
        second = (await session.execute(text("SELECT hash FROM audit_lines WHERE seq = 2"))).scalar_one()
    await run(
        database,
        "DELETE FROM audit_lines WHERE seq <= 2",
        f"UPDATE audit_chain SET anchor_seq = 2, anchor_hash = '{second}'",
    )
    assert await broken(database) == 2


async def test_the_hospital_says_how_long_lines_are_kept(
    database: Database, book: AuditBook, clock: Clock
) -> None:
    assert kept_days({"audit": {"days": 400}}) == 400
    for wrong in (
        {},
        {"audit": 3},
        {"audit": {"days": "9"}},
        {"audit": {"days": True}},
        {"audit": {"days": 1}},
    ):
        assert kept_days(wrong) == 180
    async with database.session.begin() as session:
        await store_hospital(session, Hospital("H", "H", {"audit": {"days": 400}}))
    await fill(book)
    clock.now += 399 * DAY
    assert await book.forget_old() == 0
    clock.now += 2 * DAY
    assert await book.forget_old() == 6


async def test_a_line_shares_the_fate_of_what_it_tells_of(database: Database, book: AuditBook) -> None:
    async def fail() -> None:
        async with database.session.begin() as session:
            await book.add(session, AuditEntry(AuditAction.CHANGE, "ok"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await fill(book, 1)
    lines, _ = await book.search(AuditSearch(), 10)
    assert [line.seq for line in lines] == [1]
    assert await broken(database) is None


async def test_two_processes_write_one_chain(database: Database, book: AuditBook, tmp_path: Path) -> None:
    script = f"""
import asyncio
from ward_hub.audit.book import AuditBook
from ward_hub.audit.port import AuditAction, AuditEntry
from ward_hub.db.engine import open_database
async def main():
    database = open_database("sqlite:{tmp_path}/ward.sqlite")
    for n in range(40):
        await AuditBook(database, lambda: {NOW}).record(AuditEntry(AuditAction.ENROL, "ok", subject=str(n)))
    await database.close()
asyncio.run(main())
"""
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    written = 0
    while other.returncode is None or written < 40:
        await asyncio.gather(*(fill(book, 1) for _ in range(4)))
        written += 4
        await asyncio.sleep(0)
    assert await other.wait() == 0
    assert await broken(database) is None
    lines, _ = await book.search(AuditSearch(), 10_000)
    assert len(lines) == 40 + written


async def test_several_lines_in_one_transaction(database: Database) -> None:
    async with database.session.begin() as session:
        for n in range(3):
            await append(session, AuditEntry(AuditAction.CHANGE, "ok", subject=str(n)), NOW)
    assert await broken(database) is None


async def test_lines_are_found(database: Database, book: AuditBook, clock: Clock) -> None:
    await fill(book, 3)
    clock.now += 10
    await book.record(
        AuditEntry(AuditAction.SIGN_IN, "refused", address="192.168.3.4", detail={"code": "100%_sure"})
    )

    async def found(limit: int = 100, **wanted: str | int) -> list[int]:
        lines, _ = await book.search(AuditSearch(**wanted), limit)  # type: ignore[arg-type]
        return [line.seq for line in lines]

    assert await found() == [4, 3, 2, 1]
    assert await found(staff="n1") == [2]
    assert await found(action="sign_in") == [4]
    assert await found(ward="w1", before=3) == [2, 1]
    assert await found(from_ms=NOW + 10) == [4]
    assert await found(to_ms=NOW + 10) == [3, 2, 1]
    assert await found(text="192.168.3") == [4]
    assert await found(text="100%_") == [4]
    assert await found(text="1%s") == []
    assert await found(text="S2") == [3]
    assert [more for n in (2, 3, 4, 5) for _, more in [await book.search(AuditSearch(), n)]] == [
        True,
        True,
        False,
        False,
    ]


async def test_what_is_too_long_or_odd_does_not_fail(database: Database, book: AuditBook) -> None:
    await book.record(
        AuditEntry(AuditAction.CHANGE, "ok", subject="x" * 500, address="a\0\ud800", detail={"t": "y" * 9000})
    )
    (line,), _ = await book.search(AuditSearch(), 10)
    assert (line.subject, line.address, line.detail) == ("x" * 96, "a??", '{"too_long":9008}')
    assert await broken(database) is None
