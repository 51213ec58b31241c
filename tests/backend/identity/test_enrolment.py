"""A code is good once, for a while, for one slot; a key speaks for one slot and never comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from ward_hub.db.engine import Database
from ward_hub.directory.model import TerminalState
from ward_hub.directory.store import UnknownTerminal, revoke_terminal
from ward_hub.directory.tables import TerminalKeyRow
from ward_hub.identity.enrolment import CODE_LIFE_MS, end_codes, enrol, make_code
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.tables import EnrolmentCodeRow

from tests.backend.ward import NOW, Device, enrolled, read_model, standard_ward


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with standard_ward(tmp_path) as database:
        yield database


async def new_code(database: Database, terminal: str = "bed-b01", now: int = NOW) -> str:
    async with database.session.begin() as session:
        return await make_code(session, terminal, now)


async def refused(database: Database, code: str, key: bytes, now: int = NOW) -> IdentityCode:
    with pytest.raises(IdentityRefused) as refusal:
        await enrol(database, code, key, now)
    return refusal.value.code


async def test_a_code_binds_the_devices_key_to_the_slot(database: Database) -> None:
    revision = (await read_model(database)).revision
    device = Device()
    terminal = await enrol(database, await new_code(database), device.point, NOW)
    assert (terminal.id, terminal.state, terminal.public_key) == (
        "bed-b01",
        TerminalState.ACTIVE,
        device.point,
    )
    model = await read_model(database)
    assert model.terminal("bed-b01") == terminal
    assert model.revision > revision


async def test_a_code_is_used_once(database: Database) -> None:
    code = await new_code(database)
    first, second = Device(), Device()
    results = await asyncio.gather(
        *(enrol(database, code, device.point, NOW) for device in (first, second)), return_exceptions=True
    )
    failures = [result for result in results if isinstance(result, IdentityRefused)]
    assert [failure.code for failure in failures] == [IdentityCode.CODE_INVALID]


async def test_the_winner_of_a_lost_answer_may_ask_again(database: Database) -> None:
    code, device = await new_code(database), Device()
    first = await enrol(database, code, device.point, NOW)
    assert await enrol(database, code, device.point, NOW + CODE_LIFE_MS) == first
    assert await refused(database, code, Device().point) is IdentityCode.CODE_INVALID


async def test_codes_end(database: Database) -> None:
    late = await new_code(database, "bed-b01")
    assert await refused(database, late, Device().point, NOW + CODE_LIFE_MS) is IdentityCode.CODE_INVALID
    await enrol(database, late, Device().point, NOW + CODE_LIFE_MS - 1)
    older, newer = await new_code(database, "bed-b02"), await new_code(database, "bed-b02")
    assert await refused(database, older, Device().point) is IdentityCode.CODE_INVALID
    await enrol(database, newer, Device().point, NOW)
    ended = await new_code(database, "bed-b03")
    async with database.session.begin() as session:
        await end_codes(session, "bed-b03", NOW)
    assert await refused(database, ended, Device().point) is IdentityCode.CODE_INVALID
    assert await refused(database, "never made", Device().point) is IdentityCode.CODE_INVALID


async def test_only_a_hash_of_the_code_is_kept(database: Database) -> None:
    code = await new_code(database)
    assert len(code) >= 22, "128 bits"
    async with database.session() as session:
        rows = (await session.scalars(select(EnrolmentCodeRow))).all()
    assert all(code not in (row.code_hash, row.terminal) for row in rows)


async def test_keys_that_are_none_leave_the_code_good(database: Database) -> None:
    code, point = await new_code(database), Device().point
    off_curve = point[:-1] + bytes([point[-1] ^ 1])
    for bad in (b"", point[:-1], point + b"\0", b"\x02" + point[1:], bytes(65), off_curve):
        assert await refused(database, code, bad) is IdentityCode.KEY_INVALID
    await enrol(database, code, point, NOW)


async def test_a_key_of_another_slot_is_refused(database: Database) -> None:
    device = Device()
    await enrolled(database, "bed-b01", device)
    code = await new_code(database, "bed-b02")
    assert await refused(database, code, device.point) is IdentityCode.KEY_INVALID
    bound = (await read_model(database)).terminal("bed-b01")
    assert bound is not None
    assert bound.public_key == device.point


async def test_an_older_key_goes_to_the_history_and_stays_there(database: Database) -> None:
    old, new = Device(), Device()
    await enrolled(database, "bed-b01", old)
    await enrolled(database, "bed-b01", new, NOW + 1)
    async with database.session() as session:
        history = (await session.scalars(select(TerminalKeyRow))).all()
    assert [(row.terminal, row.public_key, row.why, row.bound_at, row.ended_at) for row in history] == [
        ("bed-b01", old.point, "replaced", NOW, NOW + 1)
    ]
    code = await new_code(database)
    assert await refused(database, code, old.point) is IdentityCode.KEY_INVALID


async def test_a_revoked_terminal_has_no_key_and_can_be_enrolled_anew(database: Database) -> None:
    device = Device()
    await enrolled(database, "bed-b01", device)
    async with database.session.begin() as session:
        assert await revoke_terminal(session, "bed-b01", NOW)
        assert not await revoke_terminal(session, "bed-b02", NOW)
    revoked = (await read_model(database)).terminal("bed-b01")
    assert revoked is not None
    assert (revoked.state, revoked.public_key) == (TerminalState.REVOKED, None)
    code = await new_code(database)
    assert await refused(database, code, device.point) is IdentityCode.KEY_INVALID
    assert (await enrol(database, code, Device().point, NOW)).state is TerminalState.ACTIVE


async def test_no_code_for_nobody(database: Database) -> None:
    with pytest.raises(UnknownTerminal):
        await new_code(database, "bed-b99")
