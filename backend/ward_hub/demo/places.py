"""Where a demo runs: its ports on loopback and its data folder."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from ward_hub.log.sqlite import is_held

LOOPBACK = "127.0.0.1"


class DemoFailed(Exception):
    """The demo cannot start; the message is the line for the person who started it."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """`port`: the hub's; the control takes the next one. `mllp_port`: where the feed connects."""

    port: int
    mllp_port: int
    data: Path


def check_data(settings: DemoSettings) -> None:
    """Raises DemoFailed when a hub is running on the data folder."""
    if is_held(settings.data / "log.sqlite"):
        raise DemoFailed(f"a hub is running on {settings.data}: end it, or choose another folder with --data")


def check_ports(settings: DemoSettings) -> None:
    """Raises DemoFailed when a port of the demo is taken or out of range."""
    for port, option in (
        (settings.port, "--port"),
        (settings.port + 1, "--port"),
        (settings.mllp_port, "--mllp-port"),
    ):
        if not 1 <= port <= 65535:
            raise DemoFailed(f"port {port} does not exist: choose another with {option}")
        with socket.socket() as probe:
            # As servers do: a port of a server that has just ended may be taken again.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError as error:
                reason = f"port {port} is in use (the demo takes --port, the one after it, and --mllp-port)"
                raise DemoFailed(f"{reason}: choose another with {option}") from error
