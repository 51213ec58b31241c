"""Messages, a small ward and stand-ins for the ports, for the tests of the feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ward_hub.directory.model import Priority
from ward_hub.documents.port import Roots
from ward_hub.ingest.mapping import load_mapping
from ward_hub.ingest.ports import BedPlace, RoomPlace, WardPlaces

MAPPING = load_mapping()
NOON = 1_767_240_000_000
"""2026-01-01 12:00 in China: minute 0 of the tests."""


def minutes(count: float) -> int:
    """Return the instant that many minutes after the tests' noon, in ms."""
    return NOON + round(count * 60_000)


def hl7_time(instant_ms: int) -> str:
    """Return an instant as the hospital writes it: local, without a zone."""
    local = datetime.fromtimestamp(instant_ms / 1000, UTC) + MAPPING.utc_offset
    return (
        local.strftime("%Y%m%d%H%M%S") if local.microsecond == 0 else local.strftime("%Y%m%d%H%M%S.%f")[:-2]
    )


def small_ward() -> WardPlaces:
    """Three rooms: 701 with beds 1 and 2, 702 with 3 and 4, 703 with +5."""
    return WardPlaces(
        "thoracic",
        (
            RoomPlace("r01", "701", (BedPlace("b01", "1"), BedPlace("b02", "2"))),
            RoomPlace("r02", "702", (BedPlace("b03", "3"), BedPlace("b04", "4"))),
            RoomPlace("r03", "703", (BedPlace("b05", "+5"),)),
        ),
        (("director", "陆景明"), ("head_nurse", "顾云溪")),
    )


class SmallPlaces:
    """The small ward, always."""

    def wards(self) -> Sequence[WardPlaces]:
        return [small_ward()]


class Documents:
    """A publisher that keeps what it was given; `failing` makes it refuse."""

    def __init__(self) -> None:
        self.held: dict[str, Roots] = {}
        self.order: list[str] = []
        self.failing = False

    async def publish(self, document: str, roots: Roots) -> None:
        if self.failing:
            raise OSError("the log is full")
        self.held[document] = roots
        self.order.append(document)

    def text(self) -> str:
        """Everything that any document shows."""
        return repr(self.held)


class Beds:
    """An occupancy sink that keeps what it was told."""

    def __init__(self) -> None:
        self.stays: dict[str, str | None] = {}
        self.priorities: dict[str, Priority] = {}

    async def set_occupancy(self, ward: str, stays: Mapping[str, str | None]) -> None:
        self.stays |= stays

    async def set_bed_priorities(self, ward: str, priorities: Mapping[str, Priority]) -> None:
        self.priorities |= priorities


class Clock:
    """A day after the tests' noon, unless moved."""

    def __init__(self) -> None:
        self.now = NOON + int(timedelta(days=1).total_seconds() * 1000)

    def __call__(self) -> int:
        return self.now


def message(
    event: str,
    at: int,
    visit: str = "V1",
    bed: str | None = "1",
    *,
    name: str = "张^伟",
    patient: str | None = None,
    ward: str = "胸壁外科",
    prior: str = "",
    extra: Sequence[str] = (),
    control_id: str | None = None,
    charset: str = "UNICODE UTF-8",
) -> bytes:
    """Return an ADT message; `bed` None leaves PV1-3 empty, `extra` are whole segments."""
    place = "" if bed is None else f"{ward}^^{bed}"
    number = control_id or f"{event}-{visit}-{at}"
    segments = [
        f"MSH|^~\\&|HIS|H|WARD|HUB|{hl7_time(at)}||ADT^{event}|{number}|P|2.5.1||||||{charset}",
        f"EVN|{event}|{hl7_time(at)}",
        f"PID|1||{patient or f'P{visit}'}^^^H^MR||{name}||19800315|M",
        f"PV1|1|I|{place}|||{prior}|D1^陆^景明{'|' * 12}{visit}",
        *extra,
    ]
    codec = "gb18030" if charset.startswith("GB") else "utf-8"
    return ("\r".join(segments) + "\r").encode(codec)


def swap(at: int, first: tuple[str, str], second: tuple[str, str]) -> bytes:
    """Return an A17 for two (visit, new bed)."""
    pairs = [
        f"PID|{index}||P{visit}^^^H^MR||张^伟\rPV1|{index}|I|胸壁外科^^{bed}{'|' * 16}{visit}"
        for index, (visit, bed) in enumerate((first, second), start=1)
    ]
    header = f"MSH|^~\\&|HIS|H|WARD|HUB|{hl7_time(at)}||ADT^A17|A17-{at}|P|2.5.1||||||UNICODE UTF-8"
    return "\r".join([header, f"EVN|A17|{hl7_time(at)}", *pairs, ""]).encode()


def identity(
    event: str,
    at: int,
    patient: str,
    prior: str | None = None,
    *,
    name: str = "",
    visit: str = "",
    extra: Sequence[str] = (),
    control_id: str | None = None,
) -> bytes:
    """Return an ADT message about people: PID with `patient`, MRG with `prior`, PID-18 `visit`."""
    number = control_id or f"{event}-{patient}-{prior}-{at}"
    segments = [
        f"MSH|^~\\&|HIS|H|WARD|HUB|{hl7_time(at)}||ADT^{event}|{number}|P|2.5.1||||||UNICODE UTF-8",
        f"EVN|{event}|{hl7_time(at)}",
        f"PID|1||{patient}^^^H^MR||{name}{'|' * 13}{visit}",
        *([] if prior is None else [f"MRG|{prior}^^^H^MR"]),
        *extra,
    ]
    return ("\r".join(segments) + "\r").encode()
