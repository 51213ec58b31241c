"""Signals between terminals of a ward hub and those of the hospital's hub, over the uplink (UP6).

Terminals sign their signals, so whoever carries them need not be believed; each hub judges them anyway.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from ward_hub.doc_rooms.host import Host
from ward_hub.documents.names import parse_document
from ward_hub.upstream.hubs import WardHubs

MAX_PAYLOAD = 256 * 1024


class SignalsDown:
    """At the hospital's hub: what is for a terminal behind a ward hub goes to that hub."""

    def __init__(self, host: Host, known: WardHubs) -> None:
        self._host = host
        self._known = known

    def send_stateless(self, document: str, terminal: str, payload: str) -> bool:
        """As the host's; also True for a terminal that a ward hub announces."""
        if self._host.send_stateless(document, terminal, payload):
            return True
        name = parse_document(document)
        hubs = self._known.of_ward(name.ward) if name and name.ward else []
        mark = json.dumps(terminal)
        if not hubs or not any(mark in state for state in self._host.presence(document)):
            return False
        frame = json.dumps({"t": "for", "terminal": terminal, "payload": payload})
        # To each: a ward may have two, and only they know which of them has the terminal.
        sent = [self._host.send_stateless(document, hub, frame) for hub in hubs]
        return any(sent)


class SignalsUp:
    """At a ward hub: what is for a terminal that is not here goes up."""

    def __init__(self, host: Host, up: Callable[[str, str], bool]) -> None:
        """`up(document, payload)`: whether there is a link to send it by."""
        self._host = host
        self._up = up

    def send_stateless(self, document: str, terminal: str, payload: str) -> bool:
        """As the host's; also True where the frame went up: whether anybody is there, nobody says."""
        return self._host.send_here(document, terminal, payload) or self._up(document, payload)

    def came_down(self, document: str, payload: str) -> None:
        """A stateless frame of the hub above at a presence document. Refusals of what went up end here."""
        try:
            frame = json.loads(payload) if len(payload) <= MAX_PAYLOAD else None
        except ValueError:
            frame = None
        if not isinstance(frame, dict) or frame.get("t") != "for":
            return
        terminal, text = frame.get("terminal"), frame.get("payload")
        if isinstance(terminal, str) and isinstance(text, str):
            self._host.send_here(document, terminal, text)
