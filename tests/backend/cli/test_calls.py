"""`ward-hub calls` and `ward-hub refused`: read beside the running hub, said plainly where there is none."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path

import pytest
from ward_hub.calls.tables import CallLine
from ward_hub.cli.main import main
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.record.tables import FeedMessage


@pytest.fixture
def data(standard_ward: Path, tmp_path: Path) -> Path:
    """A data folder with one call and one message that was not taken."""
    shutil.copytree(standard_ward, tmp_path / "data")
    asyncio.run(_fill(tmp_path / "data"))
    return tmp_path / "data"


async def _fill(data: Path) -> None:
    now = time.time_ns() // 1_000_000
    database = open_database(sqlite_url(data / "ward.sqlite"))
    line = CallLine(id="a" * 32, ward="thoracic", room="r01", bed="b01", source="bed:b01", type="patient")
    line.at, line.approx, line.missed, line.waited_ms, line.closed_by = (
        now - 60_000,
        False,
        False,
        42_000,
        "n001",
    )
    message = FeedMessage(sender="HIS", control_id="C1", digest="d", received_at=now, kind="ADT^A40")
    message.body, message.state, message.answer, message.reason = b"MSH", "not_taken", "AR", "no such event"
    async with database.session.begin() as session:
        session.add_all([line, message])
    await database.close()


def test_the_journal_is_printed_in_three_forms(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CALL-06."""
    for form, expected in (("table", "00:42"), ("csv", "waited_ms"), ("json", '"waited_ms": 42000')):
        assert main(["calls", "--data", str(data), "--format", form]) == 0
        assert expected in capsys.readouterr().out
    assert main(["calls", "--data", str(data), "--bed", "b02", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"calls": []}


def test_what_the_feed_left_is_listed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refused", "--data", str(data)]) == 0
    printed = capsys.readouterr().out
    assert "C1 ADT^A40" in printed
    assert "no such event" in printed


@pytest.mark.parametrize("command", ["calls", "refused"])
def test_a_folder_without_a_ward_is_said(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--data", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
