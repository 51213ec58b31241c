"""What this hub knows of the others: which terminals are connected there and what they announce.

It is kept for as long as the other hub is heard, and KEEP_MS longer: a link that was cut for a moment makes
nobody missing, and when it stays cut a terminal counts as missing rather than as there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ward_sync.awareness import GONE, Entry

from ward_hub.doc_rooms.elsewhere import Held

KEEP_MS = 15_000
"""As long as a terminal has after its own link was cut (CF36)."""


@dataclass(slots=True)
class OtherHub:
    """One other hub. `heard_at`: ms of a monotonic clock."""

    heard_at: int
    terminals: set[str] = field(default_factory=set)
    presence: dict[str, dict[int, Held]] = field(default_factory=dict)


Change = tuple[str, list[Held]]
"""(document, entries): what a room is to be told."""


class OtherHubs:
    """All other hubs by name."""

    def __init__(self) -> None:
        self._hubs: dict[str, OtherHub] = {}

    def names(self) -> list[str]:
        return list(self._hubs)

    def heard(self, hub: str, now: int) -> OtherHub:
        """The hub said something just now."""
        known = self._hubs.get(hub)
        if known is None:
            known = self._hubs[hub] = OtherHub(now)
        known.heard_at = now
        return known

    def replace(
        self, hub: str, terminals: Iterable[str], presence: Mapping[str, Sequence[Held]], now: int
    ) -> list[Change]:
        """A link has come up and the hub says how all stands there; returns what changed by that."""
        known = self.heard(hub, now)
        known.terminals = set(terminals)
        changes: list[Change] = []
        for document, held in known.presence.items():
            here = {one.entry.client for one in presence.get(document, ())}
            gone = [_gone(one) for client, one in held.items() if client not in here]
            if gone:
                changes.append((document, gone))
        known.presence = {
            document: {one.entry.client: one for one in entries} for document, entries in presence.items()
        }
        changes += [(document, list(entries)) for document, entries in presence.items() if entries]
        return changes

    def announced(self, hub: str, document: str, entries: Sequence[Held], now: int) -> None:
        """Terminals of that hub announce something or go."""
        held = self.heard(hub, now).presence.setdefault(document, {})
        for one in entries:
            if one.entry.state == GONE:
                held.pop(one.entry.client, None)
            else:
                held[one.entry.client] = one

    def presence(self, document: str) -> Iterable[tuple[str, Held]]:
        for name, hub in self._hubs.items():
            for held in hub.presence.get(document, {}).values():
                yield name, held

    def terminals(self) -> Iterable[str]:
        for hub in self._hubs.values():
            yield from hub.terminals

    def hub_of(self, terminal: str) -> str | None:
        """The hub a terminal is connected to; where two say so, the one heard last."""
        found = [(hub.heard_at, name) for name, hub in self._hubs.items() if terminal in hub.terminals]
        return max(found)[1] if found else None

    def forget_silent(self, now: int) -> list[tuple[str, list[Change]]]:
        """Let go of hubs that were not heard for KEEP_MS; returns each with what goes with it."""
        silent = [name for name, hub in self._hubs.items() if now - hub.heard_at > KEEP_MS]
        result = []
        for name in silent:
            hub = self._hubs.pop(name)
            gone = [
                (document, [_gone(one) for one in held.values()])
                for document, held in hub.presence.items()
                if held
            ]
            result.append((name, gone))
        return result


def _gone(held: Held) -> Held:
    return Held(Entry(held.entry.client, held.entry.clock, GONE), "")
