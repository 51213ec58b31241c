"""How much one device may say: a burst, then a steady rate."""

from __future__ import annotations

from dataclasses import dataclass, field

BURST = 10
EVERY_MS = 1_000


@dataclass(slots=True)
class Bucket:
    """One device's allowance: full at the start, one more each second."""

    since: int
    left: float = field(default=float(BURST))

    def take(self, now: int) -> bool:
        """Take one; whether there was one. A clock that is set back gives nothing and takes nothing."""
        self.left = min(float(BURST), self.left + max(0, now - self.since) / EVERY_MS)
        self.since = now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    @property
    def wait_s(self) -> int:
        """In how many whole seconds there is one again."""
        return max(1, -(-int((1 - self.left) * EVERY_MS) // 1000))
