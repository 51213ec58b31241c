"""Packages of the system, by Debian's apt, where the person who sets the project up may install them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from failure import Failure


def may_install() -> bool:
    """Whether this is root on a system with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str], what_for: str) -> None:
    """Install packages. Raises Failure that names them and `what_for`, which needs them."""
    wanted = " ".join(packages)
    if not may_install():
        raise Failure(f"{what_for} need {wanted}. On Debian: sudo apt-get install {wanted}")
    # dpkg looks for ldconfig and its like in the system's own folders, which a bare PATH may lack.
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    environment = {**os.environ, "PATH": path, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print("\n".join((done.stdout + done.stderr).splitlines()[-25:]), file=sys.stderr)
            raise Failure(f"apt-get {arguments[0]} failed; {what_for} need {wanted}")
