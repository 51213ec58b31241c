"""Secrets of the data folder: made at the first call, for their owner alone, one for all processes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def load_secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return what the file holds; where there is none, what `make` returns is written first (mode 0600).

    Raises PermissionError when others may read it.
    """
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # whole or not at all, and never over another process's secret
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} must be readable by its owner only: chmod 600")
    return path.read_bytes()
