"""Browsers and Chinese glyphs for the tests, from the system's packages where they are missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import system_packages
from stamps import Step

# Without the fonts every Chinese character is the same box, and a picture proves nothing.
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")


def has_chromium() -> bool:
    return shutil.which("chromium") is not None


def has_firefox() -> bool:
    # Web Push with the hub's own push service is tried in it: Chromium has no other service than its maker's.
    return shutil.which("firefox-esr") is not None


def has_fonts() -> bool:
    return any(next(Path(folder).rglob("NotoSansCJK*"), None) is not None for folder in FONT_FOLDERS)


# apt's name of a package, and whether what it brings is there
PACKAGES = {"chromium": has_chromium, "firefox-esr": has_firefox, "fonts-noto-cjk": has_fonts}


def ready() -> bool:
    return all(present() for present in PACKAGES.values())


def install() -> None:
    """Install what is missing with apt, as root; otherwise raises Failure naming it."""
    missing = [name for name, present in PACKAGES.items() if not present()]
    if missing:
        system_packages.install(missing, "the browser tests")


BROWSER = Step("browser", "browser for the tests", install, done=ready)
