"""The device list (DEV-01, DEV-03): what directory, reports, presence and wishes say of each terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from ward_hub.directory.model import Terminal, TerminalKind
from ward_hub.documents import names
from ward_hub.documents.port import Json
from ward_hub.fleet.reports import DeviceReports
from ward_hub.fleet.seen import Line
from ward_hub.fleet.wishes import DeviceWishes


class Presence(Protocol):
    """Who announces what at a ward's presence document (doc_rooms/host.py)."""

    def presence(self, document: str) -> list[str]: ...


class TerminalLines:
    """Makes TerminalLines of the API. `reachable`: whether a PDA answers probes, None when nobody knows."""

    def __init__(
        self,
        reports: DeviceReports,
        wishes: DeviceWishes,
        presence: Presence,
        reachable: Callable[[str], bool | None],
    ) -> None:
        self._reports = reports
        self._wishes = wishes
        self._presence = presence
        self._reachable = reachable

    def of(self, terminals: Iterable[Terminal]) -> list[dict[str, Json]]:
        """The lines of these terminals, in their order."""
        connected = self._reports.connected()
        announced: dict[str, Mapping[str, Mapping[str, Json]]] = {}
        lines: list[dict[str, Json]] = []
        for terminal in terminals:
            if terminal.ward not in announced:
                announced[terminal.ward] = self._announced(terminal.ward)
            state = announced[terminal.ward].get(terminal.id, {})
            lines.append(self._line(terminal, connected.get(terminal.id), state))
        return lines

    def _announced(self, ward: str) -> dict[str, Mapping[str, Json]]:
        states = [json.loads(state) for state in self._presence.presence(names.presence(ward))]
        # Each was checked when it was announced (access/presence.py).
        return {state["terminal"]: state for state in states if state}

    def _line(self, terminal: Terminal, line: Line | None, state: Mapping[str, Json]) -> dict[str, Json]:
        known = self._reports.of(terminal.id)
        report = known.report if known else None
        return {
            "id": terminal.id,
            "ward": terminal.ward,
            "kind": terminal.kind.value,
            "profile": terminal.profile,
            "name": terminal.name,
            "name_en": terminal.name_en,
            "room": terminal.room,
            "bed": terminal.bed,
            "state": terminal.state.value,
            "seen": self._reports.seen(terminal.id, line),
            "last_heard_at": known.last_heard_at if known else None,
            "address": (line.address if line else None) or (known.address if known else None),
            "mac": (report.mac if report else None) or terminal.mac,
            "serial": (report.serial if report else None) or terminal.serial,
            "model": report.model if report else None,
            "browser": report.browser if report else None,
            "version": report.version if report else None,
            "build": report.build if report else None,
            "wanted_build": self._wishes.wanted_build(terminal.id),
            "offset_ms": report.offset_ms if report else None,
            "rtt_ms": report.rtt_ms if report else None,
            "layer": state.get("layer"),
            "sound": state.get("sound"),
            "screen": report.screen if report else None,
            "volume": report.volume if report else None,
            "brightness": report.brightness if report else None,
            "can": list(report.can) if report else [],
            "hung": report.hung if report else 0,
            "reachable": self._reachable(terminal.id) if terminal.kind is TerminalKind.PDA else None,
        }
