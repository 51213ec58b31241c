"""Who is connected, as the call rules read it (supervision troubles are derived from this)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PresenceEntry:
    """One terminal: connected now, last seen so (ms), its sound (ok, blocked, muted), its inputs.

    `layer`: 1 hub, 2 ward mesh, 3 room, 4 alone.
    """

    connected: bool
    seen_at: int
    sound: str = "ok"
    inputs: Mapping[str, str] = field(default_factory=dict)
    layer: int = 1


@dataclass(frozen=True, slots=True)
class Presence:
    """`since`: from when on (ms) absence means something: start of the hub, or of the own connection.

    `scope`: the terminals it can tell about, None for all of the ward; without the hub a terminal sees its
    neighbours only.
    """

    since: int
    terminals: Mapping[str, PresenceEntry]
    scope: frozenset[str] | None = None
