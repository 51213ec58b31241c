"""Where things lie, and the environment commands run in."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PWA = ROOT / "pwa"
STAMPS = ROOT / ".stamps"
STAND_IN_SERVER = ROOT / "tests" / "couchdb_stand_in"
PEER_SERVERS = ROOT / "loadtests" / "peers"

# The machine's certificate authorities, where Debian and Red Hat keep them. Node brings a list of its own and
# does not look there: behind a house's own authority npm would fail where pip and git work.
AUTHORITIES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))


def environment() -> dict[str, str]:
    """The caller's environment with the project's own programs first on the path."""
    values = dict(os.environ)
    values["PATH"] = f"{VENV / 'bin'}{os.pathsep}{values.get('PATH', os.defpath)}"
    values["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    authorities = next((str(path) for path in AUTHORITIES if path.exists()), None)
    if authorities:
        values.setdefault("NODE_EXTRA_CA_CERTS", authorities)
    values.pop("PYTHONHOME", None)
    values.pop("VIRTUAL_ENV", None)
    return values
