"""What a series of kills came to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from loadtests.report import Figure


@dataclass
class Tally:
    """`lost`: which acknowledged writes a hub started again did not have."""

    kills: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    took_s: float = 0.0

    def compare(self, acknowledged: set[str], found: set[str]) -> None:
        """Count one kill: what had been acknowledged before it, and what was there after it."""
        self.kills += 1
        self.took_s = time.monotonic() - self.began
        self.acknowledged += len(acknowledged)
        missing = sorted(acknowledged - found)
        self.lost += missing
        for name in missing:
            print("LOST", name, flush=True)

    def figures(self, hub: str, what: str) -> list[Figure]:
        return [
            Figure(f"{hub}: acknowledged {what} lost", len(self.lost), "", 0),
            Figure(f"{hub}: acknowledged {what}", self.acknowledged, ""),
            Figure(f"{hub}: kills", self.kills, ""),
            Figure(f"{hub}: time", self.took_s, "s"),
        ]
