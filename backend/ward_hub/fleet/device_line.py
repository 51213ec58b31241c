"""The line to each terminal's device: stateless frames at its device document, by kind of message.

Who sends at a device document is that terminal itself (the gate says so); who hears is it alone.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from ward_hub.access.port import AccessRefused, Gate, Principal
from ward_hub.documents import names

Handler = Callable[[Principal, Mapping[str, Any]], Awaitable[list[str]]]
"""Takes a message (its `t` known, the rest not yet looked at), returns stateless answers."""


FORWARDED = frozenset({"visible", "probed", "did", "live", "live_end"})
"""What another hub may be waiting for: of a push, a command or a view that began there."""
Forward = Callable[[Principal, Mapping[str, Any]], None]


class Sender(Protocol):
    @property
    def principal(self) -> Principal | None: ...


class Documents(Protocol):
    def send_stateless(self, document: str, terminal: str, payload: str) -> bool: ...


class DeviceLine:
    """The StatelessHandler of device documents."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._handlers: dict[str, Handler] = {}
        self._documents: Documents | None = None
        self.forward: Forward | None = None
        """Tells the other hubs of the installation; None for a hub that is alone."""

    def attach(self, documents: Documents) -> None:
        """Give the line its way out; before the first message."""
        self._documents = documents

    def on(self, kind: str, handler: Handler) -> None:
        """Have messages whose `t` is `kind` handled. Raises ValueError when somebody does already."""
        if kind in self._handlers:
            raise ValueError(f"two handlers for {kind}")
        self._handlers[kind] = handler

    def tell(self, ward: str, terminal: str, message: Mapping[str, Any]) -> bool:
        """Send a message to the terminal; returns whether it has its device document open."""
        if self._documents is None:
            raise RuntimeError("attach() comes before the first message")
        payload = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        return self._documents.send_stateless(names.device(ward, terminal), terminal, payload)

    async def handle(self, peer: Sender, document: str, payload: str) -> list[str]:
        """Return the answers to one stateless frame at a device document."""
        principal = peer.principal
        if principal is None or not self._may_send(principal, document):
            return ['{"t":"error","reason":"forbidden"}']
        try:
            message = json.loads(payload)
        except (ValueError, RecursionError):
            return ['{"t":"error","reason":"malformed"}']
        handler = self._handlers.get(str(message.get("t"))) if isinstance(message, dict) else None
        if handler is None:
            return ['{"t":"error","reason":"malformed"}']
        answers = await handler(principal, message)
        if self.forward is None or message["t"] not in FORWARDED:
            return answers
        self.forward(principal, message)
        # What this hub knows nothing of, another one may.
        return []

    async def take_from_elsewhere(self, principal: Principal, message: Mapping[str, Any]) -> None:
        """A terminal that is connected to another hub said something there; it is answered by that hub."""
        handler = self._handlers.get(str(message.get("t"))) if message.get("t") in FORWARDED else None
        if handler is not None:
            await handler(principal, message)

    def _may_send(self, principal: Principal, document: str) -> bool:
        name = names.parse_document(document)
        if name is None or name.terminal != principal.terminal:
            return False
        try:
            self._gate.access(principal, document)
        except AccessRefused:
            return False
        return True
