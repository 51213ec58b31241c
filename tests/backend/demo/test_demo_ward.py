"""The demo's ward in SQL and the codes its screens enrol with."""

from __future__ import annotations

from pathlib import Path

import pytest
from ward_hub.demo.light_ward import keep_keys
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.demo.ward import WALL, DemoWard
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import Talk
from ward_hub.directory.store import load_directory
from ward_hub.identity.enrolment import enrol
from ward_hub.identity.errors import IdentityRefused
from ward_hub.identity.keys import decode_base64url, verify

NOW = 1_763_600_000_000


async def test_the_ward_is_built_once_and_holds_every_terminal_of_the_wall(tmp_path: Path) -> None:
    ward = DemoWard(tmp_path, lambda: NOW)
    try:
        await ward.build()
        await ward.build()
        terminals = {terminal.id: terminal for terminal in await ward.terminals()}
        assert len(terminals) == 98
        wall = [terminals[name] for name in WALL]
        assert {terminal.kind.value for terminal in wall} == {
            "bedside", "door", "corridor", "station", "whiteboard", "pda",
        }  # fmt: skip
        assert terminals["bed-b01"].room == terminals["door-r01"].room
    finally:
        await ward.close()


async def test_the_wards_talks_have_pictures_and_may_be_recorded(tmp_path: Path) -> None:
    ward = DemoWard(tmp_path, lambda: NOW)
    try:
        await ward.build()
        async with ward._database.session() as session:
            built = (await load_directory(session, NOW)).wards[WARD]
        assert built.talk == Talk(limit_ms=120_000, video=True, recording=True)
        assert (built.name, built.escalation_ms) == ("胸壁外科病区", (30_000, 60_000, 120_000))
    finally:
        await ward.close()


async def test_a_code_stays_the_same_until_it_is_used(tmp_path: Path) -> None:
    """The wall's six frames ask at once: a code of one must not end that of another."""
    ward = DemoWard(tmp_path, lambda: NOW)
    try:
        await ward.build()
        codes = await ward.codes()
        assert await ward.codes() == codes
        code = codes["bed-b01"]
        await enrol(ward._database, code, _new_point(), NOW)
        after = await ward.codes()
        assert {terminal for terminal in codes if after[terminal] != codes[terminal]} == {"bed-b01"}
        with pytest.raises(IdentityRefused):
            await enrol(ward._database, code, _new_point(), NOW)
    finally:
        await ward.close()


def test_a_kept_key_signs_as_the_one_it_was_and_as_webcrypto_does() -> None:
    key = TerminalKey.generate()
    kept = TerminalKey.parse(key.text)
    assert kept.public_key == key.public_key
    point = decode_base64url(key.public_key, 65)
    assert point is not None
    assert verify(point, kept.sign(b"text"), b"text")
    assert not verify(point, kept.sign(b"text"), b"other text")


def _new_point() -> bytes:
    point = decode_base64url(TerminalKey.generate().public_key, 65)
    assert point is not None
    return point


async def test_stand_ins_keep_their_keys_and_leave_a_place_a_person_has_taken(tmp_path: Path) -> None:
    ward = DemoWard(tmp_path, lambda: NOW)
    keys_file = tmp_path / "keys.json"
    try:
        assert await ward.build()
        door, bedside = [one for one in await ward.terminals() if one.id in ("door-r05", "bed-b09")][::-1]
        await ward.bind(door, TerminalKey.generate())  # a person, before the stand-ins came
        ours = [one for one in await ward.terminals() if one.id in ("door-r05", "bed-b09")]
        keys = await keep_keys(keys_file, ours, ward.bind)
        assert list(keys) == [bedside.id]
        assert keys_file.stat().st_mode & 0o777 == 0o600

        bound = {one.id: one for one in await ward.terminals()}
        assert bound[bedside.id].public_key == keys[bedside.id].point
        again = await keep_keys(keys_file, list(bound.values())[:1], ward.bind)
        assert again[bedside.id].text == keys[bedside.id].text
    finally:
        await ward.close()
