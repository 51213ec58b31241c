"""The disk before the word: `python -m loadtests.fdatasync_before_status` (design 9).

strace writes down, in order, what the lab hub asks of the system: data synced to the disk, bytes handed to
sockets. Writes come one at a time, each after the SyncStatus of the one before; between an update and its
SyncStatus an fdatasync or fsync must have returned. Skipped, and said so, where strace is not allowed.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from ward_sync.codec import encode
from ward_sync.messages import SyncStatus, Update

from loadtests.report import Figure, arguments, report
from loadtests.terminals import LightTerminal, Writer

DOCUMENT = "traced"
_CALLS = "fdatasync,fsync,write,writev,sendto,sendmsg"
_SYNCED = re.compile(r"(fdatasync|fsync)(\(\d+\)| resumed>\))\s+= 0")


@dataclass(frozen=True, slots=True)
class Order:
    """What the trace shows after the join. `late`: statuses with no sync since the status before."""

    statuses: int
    syncs: int
    late: int


def read_order(lines: Sequence[str], status: bytes) -> Order:
    """Read a trace made with `-xx`: every byte as \\x00, one call a line.

    A status counts when the call that writes it begins, a sync when it has returned: the strictest reading.
    The first status answers the join, for which nothing is stored.
    """
    mark = "".join(f"\\x{byte:02x}" for byte in status)
    statuses, syncs, late, fresh = -1, 0, 0, True
    for line in lines:
        if _SYNCED.search(line):
            syncs += statuses >= 0
            fresh = True
        elif mark in line and "resumed" not in line:
            statuses += 1
            late += not fresh
            fresh = False
    return Order(statuses, syncs, late)


async def write_one_by_one(port: int, writes: int) -> None:
    """Write so often, each time when the write before has been acknowledged."""
    terminal, writer = LightTerminal(port, [DOCUMENT]), Writer()
    await terminal.join()
    for number in range(writes):
        await terminal.send(DOCUMENT, Update(writer.set("k", number)))
        await terminal.settle(number + 1)
    await terminal.leave()


def traced(strace: str, folder: Path, writes: int) -> Order:
    """Run a lab under strace from its first moment, write, and read what was written down."""
    trace, data = folder / "trace", folder / "data"
    data.mkdir(mode=0o700)
    command = [strace, "-f", "-xx", "-s", "256", "-e", f"trace={_CALLS}", "-o", str(trace)]
    command += [
        sys.executable,
        "-m",
        "ward_hub.cli.main",
        "lab",
        "--port",
        "0",
        "--data",
        str(folder / "data"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            said = process.stderr.read() if process.stderr is not None else ""
            raise (PermissionError if "not permitted" in said else RuntimeError)(said)
        (hub,) = psutil.Process(process.pid).children()
        try:
            asyncio.run(write_one_by_one(int(line.rsplit(":", 1)[1]), writes))
        finally:
            hub.terminate()
            process.wait(30)
    return read_order(trace.read_text("ascii").splitlines(), encode(DOCUMENT, SyncStatus(True)))


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--writes", type=int, help="default 200, quick 20")
    options = parser.parse_args()
    writes = options.writes or (20 if options.quick else 200)
    strace = shutil.which("strace")
    order, why = None, "strace is not installed"
    if strace is not None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                order = traced(strace, Path(folder), writes)
            except PermissionError as error:
                why = f"strace may not trace here: {error}"
    if order is None:
        print(f"Skipped: {why}")
        return report("fdatasync before SyncStatus", [Figure("skipped", 1, "")], options)
    figures = [
        Figure("SyncStatus sent for writes", order.statuses, ""),
        Figure("  missing or too many", abs(order.statuses - writes), "", 0),
        Figure("fdatasync or fsync returned", order.syncs, ""),
        Figure("SyncStatus with no sync since the one before", order.late, "", 0),
    ]
    return report(f"fdatasync before SyncStatus, {writes} writes one at a time", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())
