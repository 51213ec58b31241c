"""What this process uses of its machine. Read when asked; Linux tells most of it, other systems less."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc/self")


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """`resident_bytes` and `open_files` are None where the system does not tell."""

    cpu_s: float
    resident_bytes: int | None
    open_files: int | None


def process_use() -> ProcessUse:
    """Return what the process uses now."""
    try:
        pages = int((_PROC / "statm").read_text("ascii").split()[1])
        resident: int | None = pages * os.sysconf("SC_PAGE_SIZE")
        files: int | None = len(os.listdir(_PROC / "fd"))
    except (OSError, ValueError, IndexError):
        resident = files = None
    return ProcessUse(time.process_time(), resident, files)
