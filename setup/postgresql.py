"""PostgreSQL for the tests, by Debian's package where there is none. It is never a reason to stop.

The tests start a private server from the package's programs; the server that Debian would set up and run is
not wanted, and one that is there already is left as it is.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import system_packages
from failure import Failure
from stamps import Step

PROGRAMS = Path("/usr/lib/postgresql")
SETTINGS = Path("/etc/postgresql-common/createcluster.d")
"""Debian's package makes and starts a server when it is installed, unless a file here says otherwise."""


def has_server() -> bool:
    return any(PROGRAMS.glob("*/bin/initdb")) or shutil.which("initdb") is not None


def ready() -> bool:
    """Whether there is a server to try, or none to be had: then the tests say that they were skipped."""
    return has_server() or bool(os.environ.get("POSTGRESQL_URL")) or not system_packages.may_install()


def install() -> None:
    if has_server() or os.environ.get("POSTGRESQL_URL"):
        return
    try:
        with _no_cluster():
            system_packages.install(("postgresql",), "the tests of PostgreSQL")
    except (Failure, OSError) as error:
        print(f"set-up: {error}. Those tests are skipped.", file=sys.stderr)


@contextmanager
def _no_cluster() -> Iterator[None]:
    """Have Debian's package make no server while it is installed; later installations are as ever."""
    if not system_packages.may_install():
        yield
        return
    made = [folder for folder in (SETTINGS.parent, SETTINGS) if not folder.exists()]
    SETTINGS.mkdir(parents=True, exist_ok=True)
    setting = SETTINGS / "wardline-tests.conf"
    setting.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        setting.unlink()
        for folder in reversed(made):
            if not any(folder.iterdir()):
                folder.rmdir()


POSTGRESQL = Step("postgresql", "PostgreSQL for the tests", install, done=ready)
