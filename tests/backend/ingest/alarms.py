"""ORU^R40 as monitors, pumps and beds send it, for the tests; and call points that keep what they hear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ward_hub.ingest.ports import AlarmNotTaken

from tests.backend.ingest.feeding import hl7_time


def alert(
    phase: str = "start",
    event: str = "196652^MDC_EVT_LO^MDC",
    source: str = "149530^MDC_PULS_OXIM_PULS_RATE^MDC",
    state: str = "active",
    priority: str = "PM",
    inactivation: str = "enabled",
    device: str = "MON-7",
    at: int | None = None,
) -> list[str]:
    """Return the segments of one alert."""
    time = "" if at is None else hl7_time(at)
    identity = f"{'|' * 7}{device}^^0012210000000001^EUI-64"
    return [
        f"OBR|1||A1^ICU^0012210000000009^EUI-64|196616^MDC_EVT_ALARM^MDC|||{time}",
        f"OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.1.1.0.1|{event}||||||F|||{time}{identity[3:]}",
        f"OBX|2|NM|{source}|1.1.1.0.2|48||||||F",
        f"OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.1.1.0.3|{phase}||||||F",
        f"OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.1.1.0.4|{state}||||||F",
        f"OBX|5|ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|1.1.1.0.5|{priority}||||||F",
        f"OBX|6|ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.1.1.0.6|{inactivation}||||||F",
    ]


def r40(*alerts: Sequence[str], at: int, control_id: str, place: str = "THORACIC^701^1") -> bytes:
    """Return the whole message."""
    segments = [
        f"MSH|^~\\&|GATEWAY|ICU|WARD|HUB|{hl7_time(at)}||ORU^R40^ORU_R40|{control_id}|P|2.6"
        "|||AL|NE||UNICODE UTF-8",
        "PID|||P1^^^H^MR||张^伟",
        f"PV1||I|{place}",
        *(segment for one in alerts for segment in one),
    ]
    return ("\r".join(segments) + "\r").encode()


@dataclass
class Points:
    """Call points by name; `heard` is what they were told. `failing`: what the next telling raises."""

    names: dict[str, str]
    heard: list[tuple[str, str, str | None, int | None]] = field(default_factory=list)
    failing: AlarmNotTaken | None = None

    def find(self, names: Sequence[str]) -> str | None:
        return next((self.names[name] for name in names if name in self.names), None)

    async def tell(self, point: str, phase: str, alert: str, call_type: str | None, at: int | None) -> None:
        if self.failing is not None:
            raise self.failing
        self.heard.append((point, phase, call_type, at))
