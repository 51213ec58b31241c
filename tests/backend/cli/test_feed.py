"""`ward-hub feed`: splits a file, sends it, counts and names the answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ward_hub.cli.feed import read_answer, recode, split_messages
from ward_hub.cli.main import main
from ward_hub.ingest.hl7.mllp import Frame, MllpServer, Oversized, frame
from ward_hub.ingest.hl7.parse import parse_message

from tests.backend.ingest.feeding import NOON, message

ONE = message("A01", NOON)
TWO = message("A02", NOON, bed="99")


async def _answer(found: Frame | Oversized) -> bytes:
    bad = isinstance(found, Frame) and b"ADT^A02" in found.message
    return b"MSH|^~\\&\r" + (b"MSA|AE|2|no bed \\F\\99\\F\\\r" if bad else b"MSA|AA|1\r")


@pytest.fixture
def port() -> Iterator[int]:
    """An MLLP port in a thread of its own, as the command brings its own event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = MllpServer(_answer)
    yield asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0), loop).result()
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    "data",
    [
        ONE + b"\r" + TWO,
        ONE + b"\n" + TWO,
        ONE.replace(b"\r", b"\n") + b"\n" + TWO.replace(b"\r", b"\n"),
        ONE.replace(b"\r", b"\r\n") + b"\r\n\r\n" + TWO.replace(b"\r", b"\r\n"),
        b"\xef\xbb\xbf" + ONE + TWO,
        frame(ONE) + b"\n" + frame(TWO),
    ],
)
def test_a_file_is_split_into_its_messages(data: bytes) -> None:
    assert [parse_message(one).event for one in split_messages(data)] == ["A01", "A02"]


def test_a_file_in_another_set_is_sent_as_utf_8() -> None:
    national = message("A01", NOON, charset="GB 18030-2000")
    sent = parse_message(recode(national, "GB 18030-2000"))
    assert sent.charset == "UNICODE UTF-8"
    assert sent == parse_message(ONE.replace(b"GB 18030-2000", b"UNICODE UTF-8"))
    with pytest.raises(ValueError, match="expected a character set"):
        recode(national, "KLINGON")


def test_answers_are_counted_and_refusals_named(
    port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "messages.hl7"
    path.write_bytes(ONE + b"\r" + TWO + b"\r" + ONE)
    assert main(["feed", str(path), "--port", str(port)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out == [
        f"2: ADT^A02 A02-V1-{NOON}: AE no bed |99|",
        "3 of 3 messages answered: AA 2, AE 1",
    ]


def test_only_a_file_that_was_taken_whole_is_a_success(
    port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "messages.hl7"
    path.write_bytes(ONE)
    assert main(["feed", str(path), "--port", str(port)]) == 0
    assert capsys.readouterr().out == "1 of 1 messages answered: AA 1\n"
    with pytest.raises(SystemExit):
        main(["feed", "--help"])
    assert "Exit status: 0 when every message was answered AA" in capsys.readouterr().out


def test_a_lost_connection_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "messages.hl7"
    path.write_bytes(ONE)
    assert main(["feed", str(path), "--port", "1"]) == 1
    assert "after 0 of 1" in capsys.readouterr().err
    assert main(["feed", str(tmp_path / "absent"), "--port", "1"]) == 1


def test_an_answer_without_msa_is_not_an_acceptance() -> None:
    assert read_answer(b"MSH|^~\\&\r") == ("??", "no MSA segment")
    assert read_answer(b"\xff\xfe")[0] == "??"
