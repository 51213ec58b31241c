"""Which certificate the settings mean, and at which address a hub is reached."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ward_hub.settings import SettingError
from ward_hub.tls.folder import CertificateFolder
from ward_hub.tls.live import LiveCertificate

ADDRESS_FILE = "hub.address"
_ANYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  what is compared with, not listened on


def open_certificate(tls: str, data: Path, clock: Callable[[], datetime]) -> LiveCertificate | None:
    """Return the certificate to listen with, None for plain HTTP.

    Raises SettingError for a value that is none, CertificateRefused for files that cannot be used.
    """
    match tls.strip():
        case "" | "off":
            return None
        case "auto":
            folder = CertificateFolder(data)
            if not folder.chain.exists():
                raise SettingError(f"no certificate in {folder.path}: make one with ward-hub certs")
            return LiveCertificate(folder.chain, folder.key, clock)
        case paths:
            parts = paths.split()
            if len(parts) != 2:
                raise SettingError(f"tls: expected auto, off or two paths parted by a blank, got {tls!r}")
            return LiveCertificate(Path(parts[0]), Path(parts[1]), clock)


def hub_address(public_url: str, host: str, port: int, names: tuple[str, ...] | None) -> str:
    """Where people and terminals reach the hub, without a slash at the end.

    `names`: of the certificate, None for plain HTTP. A hub that listens everywhere is called by the first of
    them, or by its host name.
    """
    if public_url:
        return public_url.rstrip("/")
    if names is not None and host in {*_ANYWHERE, "127.0.0.1", "::1"}:
        # The name on the certificate is one the browser takes; a wildcard is none.
        host = next((name for name in names if "*" not in name), host)
    if host in _ANYWHERE:
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    scheme, usual = ("http", 80) if names is None else ("https", 443)
    return f"{scheme}://{shown}" if port == usual else f"{scheme}://{shown}:{port}"


def store_address(data: Path, address: str) -> None:
    """Leave the address in the data folder for the commands beside the hub (0600). Raises OSError."""
    fresh = data / f".{ADDRESS_FILE}.{secrets.token_hex(4)}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(address + "\n")
    fresh.replace(data / ADDRESS_FILE)


def load_address(data: Path) -> str | None:
    """The address the hub was last reached at; None when none has run here."""
    try:
        return (data / ADDRESS_FILE).read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
