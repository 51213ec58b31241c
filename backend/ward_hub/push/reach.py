"""Which PDAs on duty answer the hub's probes over their open socket (A14). Pure: rounds and answers go in.

A probe makes no noise and is never a push. A PDA that lets more than two pass unanswered is not reachable,
and the station and the PDA itself say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ward_hub.documents.port import Json

PROBE_S = 60.0
MAX_MISSED = 2
"""So many may be missed."""
MOST_SHOWN = 10
"""Counted no further: each count is written to a document, and a phone may lie in a drawer for days."""


@dataclass(frozen=True, slots=True)
class Probed:
    """A PDA's probes. `waiting`: id of the one that is out; `since`: when the first one missed went out."""

    waiting: str | None = None
    sent_at: int = 0
    missed: int = 0
    since: int = 0


class Reach:
    """The PDAs of one ward."""

    def __init__(self, shown: Mapping[str, Json] | None = None) -> None:
        """`shown`: what the ward's reach document says from before a restart; it holds until answered."""
        self._pdas: dict[str, Probed] = {}
        for pda, value in (shown or {}).items():
            if isinstance(value, Mapping):
                since, missed = value.get("since"), value.get("missed")
                if isinstance(since, int | float) and isinstance(missed, int | float):
                    self._pdas[pda] = Probed(None, 0, min(int(missed), MOST_SHOWN), int(since))

    def round(self, on_duty: Iterable[str], new_id: Callable[[], str], now: int) -> dict[str, str]:
        """Begin a round: what was not answered counts as missed. Returns PDA → id of the probe to send."""
        probes: dict[str, str] = {}
        before, self._pdas = self._pdas, {}
        for pda in sorted(set(on_duty)):
            state = before.get(pda, Probed())
            if state.waiting is not None:
                since = state.since if state.missed else state.sent_at
                state = replace(state, missed=min(state.missed + 1, MOST_SHOWN), since=since)
            probes[pda] = new_id()
            self._pdas[pda] = replace(state, waiting=probes[pda], sent_at=now)
        return probes

    def answered(self, pda: str, probe: str) -> bool:
        """The PDA answers; returns whether it is reachable again by that. An old probe's answer is none."""
        state = self._pdas.get(pda)
        if state is None or state.waiting != probe:
            return False
        self._pdas[pda] = Probed()
        return state.missed > MAX_MISSED

    def unreachable(self) -> dict[str, Json]:
        """Return the root `pdas` of the ward's reach document: PDA → since (ms), missed."""
        return {
            pda: {"since": state.since, "missed": state.missed}
            for pda, state in self._pdas.items()
            if state.missed > MAX_MISSED
        }
