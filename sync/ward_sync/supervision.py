"""Troubles: a terminal missing, its sound blocked, an input open (CF36, CF37). Derived from presence."""

from dataclasses import dataclass
from typing import Final

from ward_sync.directory import Directory, TerminalEntry
from ward_sync.presence import Presence

# A wired terminal is flagged within 15 s, a PDA within 30 s (acceptance A13).
WIRED_GRACE_MS: Final = 15_000
PDA_GRACE_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble; `key` is "{kind}:{terminal}", kinds missing, sound, input; `since` in ms."""

    key: str
    kind: str
    terminal: str
    room: str | None
    since: int


def troubles(directory: Directory, presence: Presence | None, now: int) -> tuple[Trouble, ...]:
    """Return the ward's troubles at `now` (ms), by key; none without presence or in its first 15 s.

    Presence with a scope tells only of the terminals in it (CF36).
    """
    if presence is None or now - presence.since < WIRED_GRACE_MS:
        return ()
    on_duty = {duty.pda for duty in directory.duty.values() if duty.active(now)}
    found = [
        trouble
        for entry in directory.terminals.values()
        if entry.state == "active" and (presence.scope is None or entry.id in presence.scope)
        for trouble in _of(entry, entry.id in on_duty, presence, now)
    ]
    return tuple(sorted(found, key=lambda trouble: trouble.key))


def _of(entry: TerminalEntry, on_duty: bool, presence: Presence, now: int) -> list[Trouble]:
    seen = presence.terminals.get(entry.id)
    if seen is None or not seen.connected:
        gone_at = presence.since if seen is None else max(seen.seen_at, presence.since)
        grace = PDA_GRACE_MS if entry.kind == "pda" else WIRED_GRACE_MS
        # A PDA in the drawer is none; one that somebody carries is.
        expected = on_duty if entry.kind == "pda" else entry.supervised
        missing = expected and now - gone_at >= grace
        since = gone_at if seen is None else seen.seen_at
        return [Trouble(f"missing:{entry.id}", "missing", entry.id, entry.room, since)] if missing else []
    found = []
    if seen.sound == "blocked":
        found.append(Trouble(f"sound:{entry.id}", "sound", entry.id, entry.room, seen.seen_at))
    if "open" in seen.inputs.values():
        found.append(Trouble(f"input:{entry.id}", "input", entry.id, entry.room, seen.seen_at))
    return found
