"""The browser's process: how it is started for a terminal, and how its DevTools address is learnt."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "msedge")
ARGUMENTS = (
    "--kiosk",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--hide-crash-restore-bubble",
    "--disable-session-crashed-bubble",
    "--disable-features=Translate",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required",
    # Timers and frames of a kiosk's page are never slowed, whatever lies over it.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # A free port on loopback; the browser writes it into its profile.
    "--remote-debugging-port=0",
    "--remote-debugging-address=127.0.0.1",
)
PORT_FILE = "DevToolsActivePort"
START_S = 30.0
STOP_S = 5.0
LOOK_EVERY_S = 0.1


class NoBrowser(Exception):
    """None was found, or the one that was given does not start; the message says which."""


def find_browser(given: str | None) -> str:
    """Return the browser's path: the given one, or the first of NAMES. Raises NoBrowser."""
    for name in [given] if given else NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    raise NoBrowser(f"no browser: expected {given or ' or '.join(NAMES)}; name one with --browser")


class Browser:
    """One browser on one profile."""

    def __init__(self, path: str, profile: Path, address: str, more: Sequence[str] = ()) -> None:
        self._command = [path, f"--user-data-dir={profile}", *ARGUMENTS, *more, address]
        self._port_file = profile / PORT_FILE
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Start it; returns the DevTools address. Raises NoBrowser."""
        self._port_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._port_file.unlink(missing_ok=True)
        # A group of its own, so that ending it ends what it has started.
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=sys.platform != "win32",
        )
        try:
            async with asyncio.timeout(START_S):
                while True:
                    if self._process.returncode is not None:
                        raise NoBrowser(f"{self._command[0]} ended with {self._process.returncode}")
                    lines = self._read_port()
                    if len(lines) >= 2:
                        return f"ws://127.0.0.1:{int(lines[0])}{lines[1]}"
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            await self.end()
            raise NoBrowser(f"{self._command[0]} did not open its DevTools within {START_S:.0f} s") from None

    async def end(self) -> None:
        """End it and all its processes."""
        process = self._process
        if process is None:
            return
        self._signal(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            self._signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
            await process.wait()
        self._process = None

    def _read_port(self) -> list[str]:
        try:
            return self._port_file.read_text("ascii").splitlines()
        except FileNotFoundError:
            return []

    def _signal(self, process: asyncio.subprocess.Process, how: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                process.terminate()
            else:
                os.killpg(process.pid, how)
