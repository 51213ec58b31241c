"""HL7 v2.5.1 as the demo's hospital writes it: whole messages with CR segments, in GB 18030 or UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from ward_hub.demo.people import Patient

CHINA = timezone(timedelta(hours=8))
CHARSETS = (("GB 18030-2000", "gb18030"), ("UNICODE UTF-8", "utf-8"))
WARD = "胸壁外科"


@dataclass(frozen=True, slots=True)
class Staff:
    """Who may be named: (number, name) of doctors and nurses."""

    doctors: tuple[tuple[str, str], ...]
    nurses: tuple[tuple[str, str], ...]

    def nurse_of(self, bed: str) -> tuple[str, str]:
        """Return the nurse of a bed: neighbours have the same one."""
        group = max(1, len(self.nurses[:8]))
        digits = "".join(mark for mark in bed if mark.isdecimal()) or "1"
        return self.nurses[(int(digits) - 1) * group // 46 % group]


@dataclass(frozen=True, slots=True)
class Lying:
    """A patient, the bed (of a room) where they lie, and the one they came from."""

    patient: Patient
    room: str
    bed: str
    prior: tuple[str, str] | None = None


def write(event: str, at: int, serial: str, charset: int, staff: Staff, lying: Sequence[Lying]) -> bytes:
    """Return an ADT message of the event at `at` (ms) about one patient, or two (A17).

    `serial` is the control id, `charset` an index of CHARSETS.
    """
    name, codec = CHARSETS[charset % len(CHARSETS)]
    time = _time(at)
    segments = [
        f"MSH|^~\\&|HIS|DEMO|WARDLINE|WARD|{time}||ADT^{event}|{serial}|P|2.5.1||||||{name}",
        f"EVN|{event}|{time}",
    ]
    for index, one in enumerate(lying, start=1):
        segments += _patient(index, one, staff)
        if event in ("A01", "A08"):
            segments += _story(one, staff)
    return ("\r".join(segments) + "\r").encode(codec)


def _patient(index: int, lying: Lying, staff: Staff) -> list[str]:
    patient = lying.patient
    number, doctor = staff.doctors[patient.doctor % len(staff.doctors)]
    place = f"{WARD}^{lying.room}^{lying.bed}^DEMO"
    prior = f"{WARD}^{lying.prior[0]}^{lying.prior[1]}^DEMO" if lying.prior else ""
    visit = ["PV1", str(index), "I", place, "", "", prior, f"{number}^{doctor[:1]}^{doctor[1:]}"]
    visit += [""] * 12
    visit[10], visit[19] = "胸外科", patient.visit
    visit += [""] * 24 + [_time(patient.admitted_at)]
    return [
        f"PID|{index}||{patient.record_number}^^^DEMO^MR||{patient.family}^{patient.given}||{patient.birth}"
        f"|{patient.sex}",
        "|".join(visit),
    ]


def _story(lying: Lying, staff: Staff) -> list[str]:
    patient = lying.patient
    segments = [
        f"AL1|{index}|DA|{code}^{text}|{severity}"
        for index, (code, text, severity) in enumerate(patient.allergies, start=1)
    ] or ["AL1|1|DA|NKA^无过敏史"]
    segments.append(f"DG1|1||{patient.code}^{patient.diagnosis}^ICD10|||A|||||||||1")
    nurse, name = staff.nurse_of(lying.bed)
    observations = [
        ("CARE_LEVEL", f"{patient.care_level}^{'特一二三'[int(patient.care_level)]}级护理"),
        ("CONDITION", f"^{patient.condition}"),
        ("DIET", "~".join(f"^{diet}" for diet in patient.diet)),
        ("RISK", "~".join(f"^{risk}" for risk in patient.risks) or '""'),
        ("ISOLATION", f"^{patient.isolation}"),
        ("PAYMENT", f"^{patient.payment}"),
        ("ARREARS", f"{'Y' if patient.arrears else 'N'}"),
        ("NURSE", f"{nurse}^{name[:1]}^{name[1:]}"),
    ]
    segments += [
        f"OBX|{index}|CWE|{code}||{value}" for index, (code, value) in enumerate(observations, start=1)
    ]
    if patient.operation_at is not None:
        index = len(observations) + 1
        segments.append(
            f"OBX|{index}|CWE|SURGERY||OP^{patient.operation}||||||F|||{_time(patient.operation_at)}"
        )
    return segments


def _time(instant: int) -> str:
    return datetime.fromtimestamp(instant // 1000, UTC).astimezone(CHINA).strftime("%Y%m%d%H%M%S")
