"""What a notification says: place and kind of a call, in the phone's language. Never who lies there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ward_sync.calls import CallRow
from ward_sync.facts import Json, source_of

from ward_hub.directory.model import Ward

Language = Literal["zh", "en"]
MAX_CHARS = 80
"""Of a title: a phone shows less, and a push holds 4096 bytes with everything."""


def title(row: CallRow, ward: Ward, call_types: Mapping[str, Json], language: Language) -> str:
    """Return place and kind, "12床 呼叫"; what the directory does not know is told by its id."""
    parting = "：" if language == "zh" and row.type == "code" else " "
    return f"{_place(row, ward, language)}{parting}{_kind(row.type, call_types, language)}"[:MAX_CHARS]


def body(row: CallRow, language: Language) -> str:
    """Return what is to be said beside the title: that it rings again, or was late; usually nothing."""
    if row.missed:
        return "补报的呼叫" if language == "zh" else "A call that arrived late"
    if row.taken is not None:
        return "仍未处理，再次提醒" if language == "zh" else "Still open: a reminder"
    if row.count > 1:
        return f"已呼叫 {row.count} 次" if language == "zh" else f"Called {row.count} times"
    return ""


def _kind(type_: str, call_types: Mapping[str, Json], language: Language) -> str:
    value = call_types.get(type_)
    name = value.get(language) if isinstance(value, Mapping) else None
    return name if isinstance(name, str) and name else type_


def _place(row: CallRow, ward: Ward, language: Language) -> str:
    kind, name = source_of(row.source)
    chinese = language == "zh"
    if kind == "bed":
        bed = ward.beds.get(name)
        label = bed.label if bed else name
        return f"{label}床" if chinese else f"Bed {label}"
    if kind in ("bathroom", "room"):
        room = ward.rooms.get(name)
        label = room.name if room else name
        if kind == "room" or row.type == "bathroom":
            return f"{label}室" if chinese else f"Room {label}"
        return f"{label}卫生间" if chinese else f"Bathroom {label}"
    terminal = ward.terminals.get(name)
    if terminal is None:
        return name
    return terminal.name if chinese else terminal.name_en or terminal.name
