"""The device of a light terminal: what fleet control asks of a screen, done by one that has none.

It takes wishes and commands and reports as a page does (pwa/src/core/fleet/types.ts); what cannot be done
without a screen it says it is not able to do.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

CAN = ("brightness", "restart", "screen", "volume")
LEVELS = ("volume", "brightness")


class LightDevice:
    """Volume, brightness, screen and build of one light terminal. `now`: hub's ms."""

    def __init__(self, terminal: str, now: Callable[[], int]) -> None:
        self._terminal = terminal
        self._now = now
        self._started_at = now()
        self.volume = 60
        self.brightness = 80
        self.screen = "on"
        self.build = "light"
        self.rtt_ms: int | None = None
        self.offset_ms: int | None = None
        self.done: list[str] = []
        """Ids of commands carried out."""

    def report(self) -> dict[str, Any]:
        """A DeviceReport of this moment."""
        number = zlib.crc32(self._terminal.encode())
        return {
            "t": "report",
            "mac": ":".join(f"{byte:02X}" for byte in (0x02, 0x00, *number.to_bytes(4, "big"))),
            "serial": f"LIGHT-{number:08X}",
            "model": "light terminal",
            "browser": "none",
            "version": "light",
            "build": self.build,
            "can": list(CAN),
            "volume": self.volume,
            "brightness": self.brightness,
            "screen": self.screen,
            "offset_ms": self.offset_ms,
            "rtt_ms": self.rtt_ms,
            "hung": 0,
            "started_at": self._started_at,
        }

    def wish(self, wish: Mapping[str, Any]) -> bool:
        """Take the wishes of the device document; returns whether anything is another now."""
        before = self.report()
        for name in LEVELS:
            if isinstance(level := wish.get(name), int | float):
                setattr(self, name, round(level))
        if wish.get("screen") in ("on", "off"):
            self.screen = str(wish["screen"])
        if isinstance(release := wish.get("release"), str):
            self.build = release
        return self.report() != before

    def take(self, message: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The answers to one message of the hub at the device document."""
        name = str(message.get("id"))
        match message.get("t"):
            case "probe":
                return [{"t": "probed", "id": name}]
            case "live":
                return [{"t": "live_end", "id": name, "reason": "not_able"}]
            case "do":
                self.done.append(name)
                if message.get("do") == "restart":
                    self._started_at = self._now()
                return [{"t": "did", "id": name, "outcome": "done"}, self.report()]
            case _:
                return []
