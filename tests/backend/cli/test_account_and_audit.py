"""`ward-hub account` and `ward-hub audit`: the first administrators, and what the commands left behind."""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import text
from ward_hub.cli import account, audit
from ward_hub.cli.main import main
from ward_hub.db.engine import open_database, sqlite_url

from tests.backend.ward import standard_ward

STRONG = "Nacht-wache1"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A hub that was started once and knows nobody."""

    async def build() -> None:
        database = open_database(sqlite_url(tmp_path / "ward.sqlite"))
        await database.upgrade()
        await database.close()

    asyncio.run(build())
    return tmp_path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    async def build() -> None:
        async with standard_ward(tmp_path):
            pass

    asyncio.run(build())
    return tmp_path


def command(module: ModuleType, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    run: Callable[[argparse.Namespace], int] = module.run
    return run(parser.parse_args(arguments))


def typed(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))


def test_the_first_administrators_of_an_empty_installation(
    empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--data", str(empty))
    for role in ("system_admin", "security_admin", "audit_admin"):
        typed(monkeypatch, STRONG)
        assert command(account, "add", "--role", role, "--number", role, "--name", "甲", *place) == 0
    capsys.readouterr()
    assert command(account, "list", *place) == 0
    listed = capsys.readouterr().out
    assert [line.split()[:6] for line in listed.splitlines()[1:]] == [
        [role, role, role, "-", "active", "password"]
        for role in ("system_admin", "security_admin", "audit_admin")
    ]
    assert STRONG not in listed
    assert command(audit, "--verify", *place) == 0
    assert command(audit, "--format", "json", *place) == 0
    printed = capsys.readouterr().out.splitlines()[-1]
    lines = json.loads(printed)["lines"]
    assert [line["subject"] for line in lines] == ["audit_admin", "security_admin", "system_admin"]
    assert lines[0]["detail"]["command"] == "ward-hub account add"
    assert STRONG not in printed


@pytest.mark.parametrize(
    ("arguments", "password", "status", "said"),
    [
        (("nurse", "n900", "thoracic"), STRONG, 0, "n900 is nurse of thoracic"),
        (("nurse", "n901", None), STRONG, 2, "expected a --ward"),
        (("audit_admin", "a901", "thoracic"), STRONG, 2, "expected no --ward"),
        (("nurse", "n902", "nowhere"), STRONG, 1, "there is no ward nowhere"),
        (("nurse", "n001", "thoracic"), STRONG, 1, "the number n001 is taken"),
        (("nurse", "N001", "thoracic"), STRONG, 1, "the number N001 is taken"),
        (("nurse", "n 1", "thoracic"), STRONG, 2, "expected a number of letters"),
        (("nurse", "n" * 33, "thoracic"), STRONG, 2, "expected a number of letters"),
        (("nurse", "n903", "thoracic"), "weak", 1, "expected 8 to 128 characters"),
        (("nurse", "n904", "thoracic"), "", 1, "expected 8 to 128 characters"),
    ],
)
def test_what_an_account_must_be(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, str, str | None],
    password: str,
    status: int,
    said: str,
) -> None:
    typed(monkeypatch, password)
    role, number, ward = arguments
    place = ["--ward", ward] if ward else []
    given = ["--role", role, "--number", number, "--name", "甲", *place, "--data", str(data)]
    assert command(account, "add", *given) == status
    printed = capsys.readouterr()
    assert said in printed.out + printed.err


def test_no_ward_no_account_and_no_trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, STRONG)
    place = ("--data", str(tmp_path / "none"))
    given = ("--role", "audit_admin", "--number", "a1", "--name", "甲")
    assert command(account, "add", *given, *place) == 1
    assert command(audit, *place) == 2
    assert not (tmp_path / "none").exists()


def test_commands_leave_lines_that_hold_and_tampering_shows(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--data", str(data)]
    assert main(["enrol", "bed-b01", *place]) == 0
    code = capsys.readouterr().out.strip().partition("#enrol=")[2]
    assert main(["revoke", "bed-b01", *place]) == 0
    typed(monkeypatch, STRONG)
    assert main(["password", "n001", *place]) == 0
    typed(monkeypatch, STRONG)
    assert main(["password", "n001", *place]) == 1  # used before
    assert main(["revoke", "bed-b99", *place]) == 1
    assert "none of the last 5" in capsys.readouterr().err
    assert command(audit, "--format", "csv", *place) == 0
    printed = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO(printed.removeprefix("\ufeff"))))
    assert [(row["Action"], row["Subject"], row["Ward"]) for row in rows] == [
        ("password", "n001", ""),
        ("revoke", "bed-b01", "thoracic"),
        ("enrol_code", "bed-b01", "thoracic"),
    ]
    assert code not in printed
    assert STRONG not in printed
    assert command(audit, "--text", "revoke", *place) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert command(audit, "--verify", *place) == 0

    async def tamper() -> None:
        database = open_database(sqlite_url(data / "ward.sqlite"))
        async with database.session.begin() as session:
            await session.execute(text("DELETE FROM audit_lines WHERE seq = 2"))
        await database.close()

    asyncio.run(tamper())
    assert command(audit, "--verify", *place) == 3
    assert "broken at line 2" in capsys.readouterr().err
