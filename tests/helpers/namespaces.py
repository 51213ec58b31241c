"""A small network of its own: namespaces joined by a bridge, whose cables a test can pull.

It needs root and iproute2. The bridge stands in a namespace too, so nothing of the machine's own network is
touched or reached.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


class NoNamespaces(Exception):
    """Why this machine allows none."""


def ip(*arguments: str) -> None:
    """Run `ip`. Raises NoNamespaces with what it said."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNamespaces(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@dataclass(frozen=True)
class Host:
    """One namespace: its address, and how to run something in it."""

    name: str
    address: str
    _bridge: str
    _port: str

    def command(self, *words: str) -> list[str]:
        """The command, to be run inside."""
        return ["ip", "netns", "exec", self.name, *words]

    def wrapper(self, program: str, folder: Path) -> Path:
        """An executable file that runs `program` inside, for those who take only a path."""
        path = folder / f"{self.name}-{Path(program).name}"
        path.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        path.chmod(0o755)
        return path

    def pull(self) -> None:
        """Pull the cable: the host's own card keeps its address and sees nothing but silence."""
        ip("-n", self._bridge, "link", "set", self._port, "down")

    def plug(self) -> None:
        """Put the cable back."""
        ip("-n", self._bridge, "link", "set", self._port, "up")

    def block(self, other: Host) -> None:
        """Send nothing to one other host any more; everyone else is reached as before."""
        ip("-n", self.name, "route", "add", "blackhole", f"{other.address}/32")

    def unblock(self, other: Host) -> None:
        ip("-n", self.name, "route", "del", "blackhole", f"{other.address}/32")


@contextlib.contextmanager
def network(names: Sequence[str]) -> Iterator[dict[str, Host]]:
    """Hosts on one LAN without a way out. Raises NoNamespaces where the machine allows none."""
    if shutil.which("ip") is None:
        raise NoNamespaces("no `ip` command: install iproute2")
    prefix = f"wl{os.getpid() % 100_000}"
    switch = f"{prefix}-sw"
    made: list[str] = []
    try:
        ip("netns", "add", switch)
        made.append(switch)
        ip("-n", switch, "link", "add", "lan", "type", "bridge")
        ip("-n", switch, "link", "set", "lan", "up")
        hosts = {}
        for number, name in enumerate(names, 1):
            space, port = f"{prefix}-{name}", f"p{number}"
            ip("netns", "add", space)
            made.append(space)
            ip("link", "add", f"{prefix}{number}", "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", f"{prefix}{number}", "netns", switch, "name", port)
            ip("-n", switch, "link", "set", port, "master", "lan")
            ip("-n", switch, "link", "set", port, "up")
            address = f"10.91.7.{number}"
            ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")
            hosts[name] = Host(space, address, switch, port)
        yield hosts
    finally:
        for space in made:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)
