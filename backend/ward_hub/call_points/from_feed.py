"""Alarms that the feed hears of devices (ORU^R40), told to the call points that stand for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from ward_hub.call_points.event import PointEvent, Said
from ward_hub.call_points.port import PointRefused
from ward_hub.call_points.service import CallPoints
from ward_hub.directory.model import Terminal, TerminalKind, TerminalState
from ward_hub.ingest.ports import AlarmNotTaken

_EVENTS = {
    "start": PointEvent.PRESSED,
    "continue": PointEvent.ALIVE,
    "end": PointEvent.CANCELLED,
}


class FeedAlarms:
    """Implements `AlarmPoints`. `terminals`: the directory of this moment."""

    def __init__(self, points: CallPoints, terminals: Callable[[], Mapping[str, Terminal]]) -> None:
        self._points = points
        self._terminals = terminals

    def find(self, names: Sequence[str]) -> str | None:
        """Return the one active call point that bears one of the names as its id or serial."""
        words = {name.casefold() for name in names if name}
        found = [
            terminal.id
            for terminal in self._terminals().values()
            if terminal.kind is TerminalKind.CALL_POINT
            and terminal.state is TerminalState.ACTIVE
            and {terminal.id.casefold(), (terminal.serial or terminal.id).casefold()} & words
        ]
        return found[0] if len(found) == 1 else None

    async def tell(
        self,
        point: str,
        phase: Literal["start", "continue", "end"],
        alert: str,
        call_type: str | None,
        at: int | None,
    ) -> None:
        """Tell the point. Raises AlarmNotTaken."""
        try:
            await self._points.tell_alert(point, Said(_EVENTS[phase], call_type, at), alert)
        except PointRefused as refused:
            raise AlarmNotTaken(refused.detail, again=refused.code == "storage") from None
