"""The hub as a child process that can be started, stopped, and really killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import httpx

START_S = 30.0
"""Longest wait for the hub's first answer; a ward's data from disk takes well below two seconds."""
STOP_S = 10.0
LOOK_EVERY_S = 0.05


class HubState(StrEnum):
    RUNNING = "running"
    STARTING = "starting"
    KILLED = "killed"


class HubFailed(Exception):
    """The hub ended, or did not answer, when it should have started."""


class HubChild:
    """`ward-hub serve` on loopback, with its own port, HL7 port and data folder."""

    def __init__(
        self,
        port: int,
        mllp_port: int,
        data: Path,
        *,
        control: str = "",
        on_end: Callable[[int], None] = lambda status: None,
    ) -> None:
        """`control`: origins the wall's page may speak to. `on_end`: told the status of a hub that ended."""
        self.log = data / "hub.log"
        self.url = f"http://127.0.0.1:{port}"
        self._arguments = (
            *(sys.executable, "-m", "ward_hub.cli.main", "serve", "--host", "127.0.0.1"),
            *("--port", str(port), "--mllp-port", str(mllp_port), "--data", str(data)),
        )
        self._environment = {**os.environ, "WARDLINE_CONTROL": control}
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self.state = HubState.KILLED

    async def start(self) -> None:
        """Start the hub and wait until it answers; nothing when it runs. Raises HubFailed."""
        async with self._turn:
            if self.state is HubState.RUNNING:
                return
            self.state = HubState.STARTING
            # A session of its own: Ctrl-C in the terminal reaches the supervisor only, which ends the hub.
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._arguments, env=self._environment, start_new_session=True, stdout=log, stderr=log
                )
            self._watch = asyncio.create_task(self._wait(self._process))
            try:
                await self._answering(self._process)
            except HubFailed:
                await self._end(signal.SIGKILL)
                raise
            self.state = HubState.RUNNING

    async def kill(self) -> None:
        """End the hub as a power cut would: SIGKILL, no chance to tidy up."""
        async with self._turn:
            await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End the hub in order, and by force when it does not listen."""
        async with self._turn:
            await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        process, watch = self._process, self._watch
        if process is None or watch is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            await asyncio.wait_for(asyncio.shield(watch), STOP_S)
        except TimeoutError:
            process.kill()
            await watch

    async def _wait(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        self.state = HubState.KILLED
        self._process = self._watch = None
        self._on_end(status)

    async def _answering(self, process: asyncio.subprocess.Process) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=2, trust_env=False) as http:
            for _ in range(round(START_S / LOOK_EVERY_S)):
                if process.returncode is not None:
                    raise HubFailed(f"the hub ended with status {process.returncode}: {self._last_line()}")
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get("/health/live")).status_code == 200:
                        return
                await asyncio.sleep(LOOK_EVERY_S)
        raise HubFailed(f"the hub did not answer within {START_S:.0f} s; its log: {self.log}")

    def _last_line(self) -> str:
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return lines[-1] if lines else f"nothing in {self.log}"
