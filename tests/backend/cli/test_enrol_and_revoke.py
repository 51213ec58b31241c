"""The two commands write the directory beside a running hub, and make nothing where no ward is."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from ward_hub.cli.directory_store import now_ms
from ward_hub.cli.main import main
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.directory.model import DirectoryModel, TerminalState
from ward_hub.identity.enrolment import enrol

from tests.backend.ward import Device, read_model, standard_ward


@pytest.fixture
def data(tmp_path: Path) -> Path:
    async def build() -> None:
        async with standard_ward(tmp_path):
            pass

    asyncio.run(build())
    return tmp_path


def model_of(data: Path) -> DirectoryModel:
    async def read() -> DirectoryModel:
        database = open_database(sqlite_url(data / "ward.sqlite"))
        try:
            return await read_model(database)
        finally:
            await database.close()

    return asyncio.run(read())


def use(data: Path, code: str) -> None:
    async def enrol_device() -> None:
        database = open_database(sqlite_url(data / "ward.sqlite"))
        try:
            await enrol(database, code, Device().point, now_ms())
        finally:
            await database.close()

    asyncio.run(enrol_device())


def test_enrol_prints_an_address_that_works_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrol", "bed-b01", "--data", str(data), "--base", "https://ward.example/"]) == 0
    address = capsys.readouterr().out.strip()
    match = re.fullmatch(r"https://ward\.example/t/bedside/bed-b01/#enrol=([\w-]{22})", address)
    assert match
    use(data, match[1])
    terminal = model_of(data).terminal("bed-b01")
    assert terminal is not None
    assert terminal.state is TerminalState.ACTIVE


def test_revoke_takes_the_key_and_ends_open_codes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = f"sqlite:{data}/ward.sqlite"
    assert main(["enrol", "bed-b01", "--sql", sql]) == 0
    code = capsys.readouterr().out.strip().partition("#enrol=")[2]
    before = model_of(data).revision
    assert main(["revoke", "bed-b01", "--sql", sql]) == 0
    assert "had no key" in capsys.readouterr().out
    after = model_of(data)
    assert after.revision > before
    terminal = after.terminal("bed-b01")
    assert terminal is not None
    assert terminal.state is TerminalState.REVOKED
    with pytest.raises(Exception, match="code_invalid"):
        use(data, code)


@pytest.mark.parametrize("command", ["enrol", "revoke"])
def test_what_is_not_there_is_named_and_not_made(
    data: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "bed-b99", "--data", str(data)]) == 1
    assert "no terminal bed-b99" in capsys.readouterr().err
    assert main([command, "bed-b01", "--data", str(data / "elsewhere")]) == 1
    assert "there is no ward at" in capsys.readouterr().err
    assert not (data / "elsewhere").exists()
    assert main([command, "bed-b01", "--sql", "mysql://x/y"]) == 1
    assert "expected a sqlite: or postgresql:" in capsys.readouterr().err
