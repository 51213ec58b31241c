"""Which hub of an installation this is: a name that stays, for what it writes where several hubs write."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from ward_hub.identity.secret_file import load_secret_file

_NAME = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class HubName:
    """`name`: eight hex digits, made at the first start and kept in the data folder."""

    name: str


def load_hub_identity(data: Path) -> HubName:
    """Return the hub's name from `hub.id` in its data folder, made at the first call.

    Raises PermissionError when others may read the file, ValueError when it holds something else.
    """
    path = data / "hub.id"
    name = load_secret_file(path, lambda: secrets.token_hex(4).encode()).decode("ascii", "replace").strip()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{path}: expected eight hex digits, got {name[:16]!r}")
    return HubName(name)
