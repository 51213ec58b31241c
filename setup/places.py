"""Where things lie, and the environment commands run in."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PWA = ROOT / "pwa"
STAMPS = ROOT / ".stamps"


def environment() -> dict[str, str]:
    """The caller's environment with the project's own programs first on the path."""
    values = dict(os.environ)
    values["PATH"] = f"{VENV / 'bin'}{os.pathsep}{values.get('PATH', os.defpath)}"
    values["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    values.pop("PYTHONHOME", None)
    values.pop("VIRTUAL_ENV", None)
    return values
