"""ORU^R40 is read as IHE PCD-04 has it; no bytes crash the reader."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_hub.ingest.hl7.oru_r40 import Alarm, Phase, read_alarms
from ward_hub.ingest.hl7.parse import MessageRefused, parse_message

from tests.backend.ingest.alarms import alert, r40
from tests.backend.ingest.feeding import MAPPING, NOON


def read(data: bytes) -> tuple[Alarm, ...]:
    return read_alarms(parse_message(data), MAPPING)


def one(**more: str) -> Alarm:
    (alarm,) = read(r40(alert(**more), at=NOON, control_id="1"))  # type: ignore[arg-type]
    return alarm


def test_an_alert_with_all_it_says() -> None:
    (alarm,) = read(r40(alert(at=NOON), at=NOON, control_id="1"))
    assert alarm.devices == ("MON-7", "0012210000000001", "0012210000000009")
    assert (alarm.phase, alarm.rings, alarm.silenced, alarm.at) == (Phase.START, True, False, NOON)
    assert (alarm.call_type, alarm.where) == (None, "THORACIC^701^1")


@pytest.mark.parametrize(
    ("phase", "read_as"),
    [
        ("start", Phase.START), ("tpoint", Phase.START), ("continue", Phase.CONTINUE),
        ("escalate", Phase.CONTINUE), ("update", Phase.CONTINUE), ("END", Phase.END), ("reset", Phase.END),
    ],
)  # fmt: skip
def test_phases(phase: str, read_as: Phase) -> None:
    assert one(phase=phase).phase is read_as


def test_an_inactive_alarm_has_ended_whatever_its_phase() -> None:
    assert one(phase="continue", state="inactive").phase is Phase.END
    assert one(phase="continue", state="latched").phase is Phase.CONTINUE


def test_all_phases_of_an_alert_have_one_name_and_other_alerts_others() -> None:
    assert one(phase="start").alert == one(phase="end", state="inactive").alert
    assert one().alert != one(source="150456^MDC_PULS_OXIM_SAT_O2^MDC").alert
    assert one().alert != one(event="196648^MDC_EVT_HI^MDC").alert


@pytest.mark.parametrize(
    "event", ["197292^MDC_EVT_PUMP_DELIV_COMP^MDC", "197292", "^MDC_EVT_PUMP_DELIV_COMP"]
)
def test_the_mapping_says_which_call_it_is(event: str) -> None:
    assert one(event=event).call_type == "drip_end"


def test_several_alerts_in_one_message() -> None:
    alarms = read(r40(alert(), alert(phase="end", device="PUMP-1"), at=NOON, control_id="1"))
    assert [(alarm.devices[0], alarm.phase) for alarm in alarms] == [
        ("MON-7", Phase.START), ("PUMP-1", Phase.END),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        ("MDC_ATTR_EVENT_PHASE", "OBX-3: expected MDC_ATTR_EVENT_PHASE"),
        ("OBR", "expected 1 to 20 OBR"),
        ("MDC_EVT_ALARM^MDC|1.1.1", "OBX-3: expected an event"),
    ],
)
def test_what_is_missing_is_named(removed: str, reason: str) -> None:
    lines = [line for line in r40(alert(), at=NOON, control_id="1").decode().split("\r") if line]
    kept = [line for line in lines if removed not in line]
    with pytest.raises(MessageRefused, match=reason):
        read("\r".join(kept).encode())


@pytest.mark.parametrize(
    "more", [{"phase": "maybe"}, {"state": "odd"}, {"priority": "PX"}, {"inactivation": "?"}]
)
def test_words_that_are_none_are_refused(more: dict[str, str]) -> None:
    with pytest.raises(MessageRefused, match="OBX-5: expected"):
        one(**more)


def test_an_alert_of_no_device_is_refused() -> None:
    data = r40(alert(device=""), at=NOON, control_id="1")
    for number in (b"0012210000000001", b"0012210000000009"):
        data = data.replace(number, b"")
    with pytest.raises(MessageRefused, match="OBX-18"):
        read(data)


SAMPLE = r40(alert(), at=NOON, control_id="1")


@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), max_size=12),
    st.binary(max_size=40),
)
def test_no_bytes_crash_the_reader(changes: list[tuple[int, int]], tail: bytes) -> None:
    data = bytearray(SAMPLE)
    for place, byte in changes:
        data[place] = byte
    with contextlib.suppress(MessageRefused):
        read(bytes(data) + tail)


@given(st.text(alphabet="|^~\\&\r OBXRPTM0123456789", max_size=200))
def test_nor_does_any_nonsense_behind_a_header(text: str) -> None:
    header = SAMPLE.decode().split("\r", 1)[0]
    with contextlib.suppress(MessageRefused):
        read(f"{header}\r{text}".encode())
