"""Fleet control put together: its parts, who hears which message of the devices, what is done each second."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ward_hub.access.port import Principal
from ward_hub.audit.port import AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.documents.port import Publisher
from ward_hub.fleet.commands import OUTCOMES, FleetCommands
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.fleet.live import LiveViews
from ward_hub.fleet.meter import DeviceMeter
from ward_hub.fleet.releases import Releases
from ward_hub.fleet.reports import DeviceReports
from ward_hub.fleet.rollouts import RollOuts
from ward_hub.fleet.seen import Lines
from ward_hub.fleet.slots import Slots
from ward_hub.fleet.terminal_lines import Presence, TerminalLines
from ward_hub.fleet.wishes import DeviceWishes

ROUND_S = 1.0
_MALFORMED = ['{"t":"error","reason":"malformed"}']


class Documents(Publisher, Presence, Protocol):
    """What fleet control asks of the host of doc rooms."""


def random_id() -> str:
    """16 hex digits."""
    return secrets.token_hex(8)


class Fleet:
    """The parts of fleet control. Call `load` before the first terminal joins, do `works` every ROUND_S."""

    def __init__(
        self,
        *,
        database: Database,
        data: Path,
        app_folder: Path,
        current: CurrentDirectory,
        documents: Documents,
        lines: Lines,
        line: DeviceLine,
        meter: DeviceMeter,
        audit: AuditTrail,
        directory_changed: Callable[[], Awaitable[None]],
        viewers: Callable[[], Awaitable[Collection[str]]],
        clock: Callable[[], int],
        reachable: Callable[[str], bool | None] = lambda _terminal: None,
        make_id: Callable[[], str] = random_id,
        elsewhere: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`clock` gives ms; `viewers`: ids of the office sessions that are open now and may look at screens;
        `reachable`: whether a PDA answers probes; `elsewhere`: terminals connected to other hubs.

        Raises BadRelease and OSError for the app in `app_folder`.
        """
        self.current = current
        self.reports = DeviceReports(database, lines, clock, elsewhere)
        self.releases = Releases(database, data, app_folder, audit, clock)
        self.rollouts = RollOuts(database, current, self.releases, self.reports, line, audit, clock, make_id)
        self.wishes = DeviceWishes(database, current, documents, self.reports.connected, self.rollouts.wanted)
        self.rollouts.attach(self.wishes)
        self.commands = FleetCommands(database, self.reports, self.wishes, line, audit, clock, make_id)
        self.live = LiveViews(self.reports.connected, line, audit, viewers, clock, make_id)
        self.slots = Slots(database, audit, directory_changed, clock)
        self.lines = TerminalLines(self.reports, self.wishes, documents, reachable)
        self.reports.on_report.append(self.commands.reported)
        meter.on_too_much = self.live.too_much
        line.on("report", self.reports.handle)
        line.on("did", self._did)
        line.on("live", lambda principal, message: self.live.take(principal.terminal, message))
        line.on("live_end", lambda principal, message: self.live.terminal_ended(principal.terminal, message))

    async def load(self) -> None:
        """Take up what an earlier process left."""
        await self.reports.load()
        await self.releases.load()
        await self.rollouts.load()
        await self.wishes.load()
        await self.commands.load()

    @property
    def works(self) -> tuple[Callable[[], Awaitable[object]], ...]:
        """What is to be done every ROUND_S, each as a round of its own: one that fails holds up no other."""
        return (self._look, self.rollouts.tick, self.commands.tick, self.live.tick)

    async def close(self) -> None:
        """Write down what is only in memory. The documents' host must still be open."""
        await self.live.close()
        await self.commands.close()
        await self.reports.close()

    def page_folder(self, terminal: str) -> Path:
        """See `edge.pages.Shelf`."""
        return self.releases.folder_of(self.wishes.wanted_build(terminal))

    def asset_folders(self) -> list[Path]:
        """See `edge.pages.Shelf`."""
        return self.releases.asset_folders()

    async def _look(self) -> None:
        come = await self.reports.tick()
        await self.wishes.refresh()
        self.wishes.mark(come)
        await self.wishes.publish()

    async def _did(self, principal: Principal, message: Mapping[str, Any]) -> list[str]:
        if message.keys() != {"t", "id", "outcome"} or not _is_outcome(message["outcome"]):
            return _MALFORMED
        message_id, terminal = message["id"], principal.terminal
        if not isinstance(message_id, str) or len(message_id) != 16:
            return _MALFORMED
        if self.commands.did(terminal, message_id, message["outcome"]):
            return []
        if await self.rollouts.did(terminal, message_id, message["outcome"]):
            return []
        return [json.dumps({"t": "error", "reason": "unknown", "id": message_id})]


def _is_outcome(value: object) -> bool:
    return isinstance(value, str) and value in OUTCOMES
