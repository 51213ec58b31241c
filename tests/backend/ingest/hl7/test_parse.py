"""Bytes to values: character sets, header checks, escapes, times."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_hub.ingest.hl7.acknowledge import acknowledge, read_header
from ward_hub.ingest.hl7.charset import CharsetError, decode
from ward_hub.ingest.hl7.parse import MessageRefused, parse_message, parse_time

from tests.backend.ingest.feeding import NOON, message

CHINA = timedelta(hours=8)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("GB 18030-2000", "gb18030"),
        ("", "utf-8"),
        ("", "gb18030"),
        ("GB 18030-2000~UNICODE UTF-8", "gb18030"),
    ],
)
def test_chinese_names_are_read_in_both_sets_declared_or_not(declared: str, codec: str) -> None:
    """Second bytes of GB 18030 may be delimiters (`|` in 東, `^` in 証), so the text comes before fields."""
    text = f"MSH|^~\\&|東証系统|H|||2026||ADT^A01|1|P|2.5||||||{declared}\rPID|1||1||龘^乚𠮷"
    found = parse_message(text.encode(codec))
    pid = found.first("PID")
    assert pid is not None
    assert (pid.text(5, 1), pid.text(5, 2)) == ("龘", "乚𠮷")
    assert found.sender == "東証系统|H"


def test_latin_and_ascii_are_read() -> None:
    assert decode(b"MSH|^~\\&|A|||||||||||||||8859/1\rPID|\xe9")[0].endswith("é")
    assert decode(b"MSH|^~\\&|A|||||||||||||||ASCII\rPID|e")[1] == "ASCII"


def test_what_does_not_fit_its_declared_set_is_refused() -> None:
    for declared, rest in (("UNICODE UTF-8", b"\xd5\xc5"), ("ASCII", b"\xe5"), ("KLINGON", b"")):
        with pytest.raises(CharsetError, match="MSH-18"):
            decode(f"MSH|^~\\&|A|||||||||||||||{declared}\rPID|".encode() + rest)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", 100),
        (b"\x00\xff\xfe", 102),
        (b"MSH", 100),
        (b"MSH|", 100),
        (b"PID|1", 100),
        (b"MSH|||||A", 102),
        (b"MSHABCDEFG", 102),
        (b"MSH|^~\\&|A|B|||2026|||1|P|2.5", 101),
        (b"MSH|^~\\&|A|B|||2026||ADT^A01||P|2.5", 101),
        (b"MSH|^~\\&|A|B|||2026||ADT^A01|1|X|2.5", 202),
        (b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|3.0", 203),
        (b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\rhello", 100),
        (b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\rPID|\x00|1", 102),
    ],
)
def test_a_broken_header_is_rejected_with_what_was_expected_and_what_came(data: bytes, code: int) -> None:
    with pytest.raises(MessageRefused) as caught:
        parse_message(data)
    assert caught.value.reject
    assert caught.value.code == code
    assert "expected" in caught.value.text
    answer = acknowledge(read_header(data), caught.value, now_ms=NOON, utc_offset=CHINA, own_id="X1")
    assert b"MSA|AR|" in answer


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(data: bytes, headed: bool) -> None:
    data = (b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\r" if headed else b"") + data
    try:
        parse_message(data)
    except MessageRefused as refused:
        acknowledge(read_header(data), refused, now_ms=NOON, utc_offset=CHINA, own_id="X1")


def test_segments_may_end_with_lf_and_have_blank_lines_between() -> None:
    data = message("A01", NOON).replace(b"\r", b"\r\n\r\n")
    assert [segment.name for segment in parse_message(data).segments] == ["MSH", "EVN", "PID", "PV1"]


def test_delimiters_of_the_sender_and_the_truncation_mark_are_obeyed() -> None:
    found = parse_message(b"MSH#*!@%#A*1#B###2026##ADT*A01#1#P#2.5\rPID#1##7*8!9")
    pid = found.first("PID")
    assert pid is not None
    assert pid.text(3, 2) == "8"
    assert pid.text(3, 1, 1) == "9"
    assert parse_message(b"MSH|^~\\&#|A|B|||2026||ADT^A01|1|P|2.7").event == "A01"


def test_escapes_are_undone_after_splitting() -> None:
    found = parse_message(b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\rPID|1||a\\F\\b\\S\\c\\T\\d")
    pid = found.first("PID")
    assert pid is not None
    assert pid.text(3) == "a|b^c&d"
    assert pid.text(99) == ""


def test_times_are_local_unless_they_say_otherwise() -> None:
    assert parse_time("20260101120000", CHINA, "EVN-2") == NOON
    assert parse_time("20260101040000+0000", CHINA, "EVN-2") == NOON
    assert parse_time("20260101120000.25", CHINA, "EVN-2") == NOON + 250
    assert parse_time("202601011200", CHINA, "EVN-2") == NOON
    assert parse_time("", CHINA, "EVN-2") is None
    for wrong in ("2026-01-01", "20261301", "20260101250000", "yesterday"):
        with pytest.raises(MessageRefused, match="EVN-2: expected a time"):
            parse_time(wrong, CHINA, "EVN-2")


def test_an_answer_turns_the_header_round_in_the_same_character_set() -> None:
    data = message("A01", NOON, control_id="C-1", charset="GB 18030-2000").replace(
        b"|HIS|", "|系统|".encode("gbk")
    )
    refused = MessageRefused(204, "PV1-3: expected a bed, got '9|^床'", location="PV1^1^3")
    answer = acknowledge(read_header(data), refused, now_ms=NOON, utc_offset=CHINA, own_id="X1")
    text = answer.decode("gb18030")
    assert text.startswith(
        "MSH|^~\\&|WARD|HUB|系统|H|20260101120000+0800||ACK^A01^ACK|X1|P|2.5.1||||||GB 18030-2000\r"
    )
    assert "\rMSA|AE|C-1|PV1-3: expected a bed, got '9\\F\\\\S\\床'\r" in text
    assert "\rERR||PV1^1^3|204^Unknown key identifier^HL70357|E||||PV1-3" in text
    taken = acknowledge(read_header(data), None, now_ms=NOON, utc_offset=CHINA, own_id="X1").decode("gb18030")
    assert taken.endswith("\rMSA|AA|C-1\r")
