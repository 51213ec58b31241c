"""ORU^R40 → alarms of devices: monitors, pumps and beds that speak IHE PCD-04 (Report Alert).

One OBR is one alert: its OBX say which event, of what, in which phase and state. Which call point that is and
what it calls is others' business. Source: IHE PCD TF-2 3.4, ISO/IEEE 11073-10201 (names of the facets).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ward_hub.ingest.event import Location
from ward_hub.ingest.hl7.parse import NULL, Message, MessageRefused, Segment, parse_time, part
from ward_hub.ingest.mapping import Mapping

MOST_ALARMS = 20
LONGEST_NAME = 200

_PHASE = frozenset(("68481", "MDC_ATTR_EVENT_PHASE"))
_STATE = frozenset(("68482", "MDC_ATTR_ALARM_STATE"))
_INACTIVATION = frozenset(("68483", "MDC_ATTR_ALARM_INACTIVATION_STATE"))
_PRIORITY = frozenset(("68484", "MDC_ATTR_ALARM_PRIORITY"))
_FACETS = _PHASE | _STATE | _INACTIVATION | _PRIORITY | {"68485", "MDC_ATTR_ALERT_TYPE"}
_EVENT = "MDC_EVT_"
_EVENT_CODES = frozenset(("196616", "196648", "196670"))
"""MDC_EVT_ALARM, MDC_EVT_ADVIS and their kind, where a sender leaves the names out."""


class Phase(StrEnum):
    START = "start"
    CONTINUE = "continue"
    END = "end"


_PHASES = {
    "START": Phase.START,
    "TPOINT": Phase.START,
    "CONTINUE": Phase.CONTINUE,
    "PRESENT": Phase.CONTINUE,
    "UPDATE": Phase.CONTINUE,
    "ESCALATE": Phase.CONTINUE,
    "DE-ESCALATE": Phase.CONTINUE,
    "DEESCALATE": Phase.CONTINUE,
    "END": Phase.END,
    "RESET": Phase.END,
}
_STATES = frozenset(("ACTIVE", "LATCHED", "INACTIVE"))
_PRIORITIES = frozenset(("PN", "PL", "PM", "PH"))
_INACTIVATIONS = frozenset(
    ("ENABLED", "AUDIO-PAUSED", "AUDIO-OFF", "ALARM-PAUSED", "ALARM-OFF", "ALERT-ACKED")
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alert. `devices`: every name the message gives to what raised it; `alert`: the same for all phases
    of one alert; `call_type`: by the mapping, None where that says nothing of the event; `silenced`: somebody
    has at the device; `at` in ms, None where it is not told."""

    devices: tuple[str, ...]
    alert: str
    phase: Phase
    call_type: str | None
    rings: bool
    silenced: bool
    at: int | None
    place: Location | None

    @property
    def where(self) -> str:
        """What the message calls the place, for a person to read."""
        if self.place is None:
            return "no place"
        return "^".join((self.place.ward, self.place.room, self.place.bed)).rstrip("^")


def read_alarms(message: Message, mapping: Mapping) -> tuple[Alarm, ...]:
    """Return the alarms of an ORU^R40. Raises MessageRefused for what is missing or not understood."""
    groups = list(_groups(message))
    if not 0 < len(groups) <= MOST_ALARMS:
        text = f"expected 1 to {MOST_ALARMS} OBR, got {len(groups)}"
        raise MessageRefused(100, text, location="OBR^1")
    pv1 = message.first("PV1")
    ward, room, bed = ("", "", "") if pv1 is None else (pv1.text(3, number) for number in (1, 2, 3))
    place = Location(ward, room, bed) if ward and ward != NULL else None
    return tuple(_alarm(group, place, mapping) for group in groups)


def _alarm(group: tuple[Segment, ...], place: Location | None, mapping: Mapping) -> Alarm:
    observations = [segment for segment in group if segment.name == "OBX"]
    word = _facet(observations, _PHASE, frozenset(_PHASES), "phase of the event")
    if word is None:
        raise MessageRefused(101, "OBX-3: expected MDC_ATTR_EVENT_PHASE, got none", location="OBX^1^3")
    phase = _PHASES[word]
    state = _facet(observations, _STATE, _STATES, "state of the alarm")
    priority = _facet(observations, _PRIORITY, _PRIORITIES, "priority")
    inactivation = _facet(observations, _INACTIVATION, _INACTIVATIONS, "inactivation")
    names = _event_names(observations)
    if not names:
        raise MessageRefused(101, "OBX-3: expected an event (MDC_EVT_…), got none", location="OBX^1^3")
    devices = tuple(dict.fromkeys(_device_names(group)))
    if not devices:
        raise MessageRefused(101, "OBX-18: expected the device, got nothing", location="OBX^1^18")
    call_type = next((mapping.alarms[name] for name in names if name in mapping.alarms), None)
    return Alarm(
        devices=devices,
        alert="|".join((names[-1], _source(observations)))[:LONGEST_NAME],
        phase=Phase.END if state == "INACTIVE" else phase,
        call_type=call_type,
        rings=priority != "PN",
        silenced=inactivation is not None and inactivation != "ENABLED",
        at=_time(group, mapping),
        place=place,
    )


def _groups(message: Message) -> Iterator[tuple[Segment, ...]]:
    group: list[Segment] = []
    for segment in (*message.segments, None):
        if segment is None or segment.name == "OBR":
            if group:
                yield tuple(group)
            group = [] if segment is None else [segment]
        elif group:
            group.append(segment)


def _facet(
    observations: list[Segment], names: frozenset[str], known: frozenset[str], what: str
) -> str | None:
    """The word of a facet, in capitals; None where it is not told."""
    for segment in observations:
        if names & _said(segment, 3):
            said = _said(segment, 5)
            if found := sorted(said & known):
                return found[0]
            if said:
                text = f"OBX-5: expected a {what}, got {' '.join(sorted(said))[:40]!r}"
                raise MessageRefused(103, text, location="OBX^1^5")
    return None


def _event_names(observations: list[Segment]) -> list[str]:
    """Code and reference id of the event: of OBX-5 where that names one, else of OBX-3."""
    for segment in observations:
        kind = _said(segment, 3)
        if kind & _FACETS or not (kind & _EVENT_CODES or any(name.startswith(_EVENT) for name in kind)):
            continue
        names = [name for name in (segment.text(5, 1), segment.text(5, 2)) if name and name != NULL]
        names = names or [name for name in (segment.text(3, 1), segment.text(3, 2)) if name]
        return [name.upper()[:LONGEST_NAME] for name in names]
    return []


def _source(observations: list[Segment]) -> str:
    """What the alert is about (a pulse, a channel): the first OBX that is neither event nor facet."""
    for segment in observations:
        kind = _said(segment, 3)
        is_event = kind & _EVENT_CODES or any(name.startswith(_EVENT) for name in kind)
        if kind and not kind & _FACETS and not is_event:
            return sorted(kind)[0]
    return ""


def _device_names(group: tuple[Segment, ...]) -> Iterator[str]:
    """Equipment by OBX-18 and PRT-10 (EI: id and universal id), the reporting system's by OBR-3."""
    for segment in group:
        field = {"OBX": 18, "PRT": 10}.get(segment.name)
        if field is None:
            continue
        for one in segment.repetitions(field):
            yield from _names(part(one, 1), part(one, 3))
    yield from _names(group[0].text(3, 3))


def _names(*words: str) -> Iterator[str]:
    return (word[:LONGEST_NAME] for word in words if word and word != NULL)


def _said(segment: Segment, field: int) -> frozenset[str]:
    return frozenset(
        word.upper() for number in (1, 2) if (word := segment.text(field, number)) and word != NULL
    )


def _time(group: tuple[Segment, ...], mapping: Mapping) -> int | None:
    for segment in group:
        field = {"OBX": 14, "OBR": 7}.get(segment.name)
        if field is None:
            continue
        at = parse_time(segment.text(field), mapping.utc_offset, f"{segment.name}-{field}")
        if at is not None and at > 0:
            return at
    return None
