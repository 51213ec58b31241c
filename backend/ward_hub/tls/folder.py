"""Where the hub's own certificates lie: `tls/` in the data folder. Keys are for their owner alone (0600).

ca.key, ca.pem, ca.cer   the authority; .cer is the same in DER, as Android and Windows take it
server.key, server.pem   the server's key, and its certificate with the authority's behind it
"""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ward_hub.tls.authority import KeyAndCertificate, make_authority, make_server_certificate, names_of

AUTHORITY_NAME = "Wardline private CA"


class CertificatesPresent(Exception):
    """There are certificates already; they are not written over unasked."""


class CertificatesMissing(Exception):
    """There is no authority to renew with, or it cannot be read."""


class CertificateFolder:
    """The certificates of one hub."""

    def __init__(self, data: Path) -> None:
        self.path = data / "tls"

    @property
    def chain(self) -> Path:
        return self.path / "server.pem"

    @property
    def key(self) -> Path:
        return self.path / "server.key"

    @property
    def authority(self) -> Path:
        return self.path / "ca.pem"

    def make(self, names: list[str], now: datetime) -> None:
        """Make an authority and a server certificate. Raises CertificatesPresent, NameInvalid, OSError."""
        present = [name for name in ("ca.key", "ca.pem", "server.key", "server.pem") if self._has(name)]
        if present:
            raise CertificatesPresent(f"{self.path} has {', '.join(present)}")
        authority = make_authority(AUTHORITY_NAME, now)
        server = make_server_certificate(authority, names, now)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write("ca.key", authority.key_pem, 0o600)
        self._write("ca.pem", authority.certificate_pem, 0o644)
        self._write("ca.cer", _der(authority.certificate), 0o644)
        self._write_server(server, authority)

    def renew(self, names: list[str], now: datetime) -> None:
        """Make a new server certificate under the same authority; without names, for those it has now.

        Terminals that trust the authority notice nothing. Raises CertificatesMissing, NameInvalid, OSError.
        """
        authority = self._load_authority()
        if authority.certificate.not_valid_after_utc <= now:
            raise CertificatesMissing(f"the authority in {self.path} has expired: move the folder away")
        names = names or self._names_now()
        self._write_server(make_server_certificate(authority, names, now), authority)

    def export(self, folder: Path) -> list[Path]:
        """Copy the authority's certificate out as PEM and DER. Raises CertificatesMissing,
        CertificatesPresent where there is another file of that name, OSError."""
        certificate = self._load_certificate("ca.pem")
        written = []
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in (
            ("wardline-ca.pem", certificate.public_bytes(serialization.Encoding.PEM)),
            ("wardline-ca.cer", _der(certificate)),
        ):
            path = folder / name
            if path.exists() and path.read_bytes() != content:
                raise CertificatesPresent(f"{path} is there and is another certificate")
            path.write_bytes(content)
            written.append(path)
        return written

    def _has(self, name: str) -> bool:
        return (self.path / name).exists()

    def _names_now(self) -> list[str]:
        names = names_of(self._load_certificate("server.pem"))
        if not names:
            raise CertificatesMissing(f"{self.chain} names no host: say which with --name")
        return names

    def _load_authority(self) -> KeyAndCertificate:
        certificate = self._load_certificate("ca.pem")
        path = self.path / "ca.key"
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise CertificatesMissing(f"{path} cannot be read: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise CertificatesMissing(f"{path} is not the key of {self.authority}")
        return KeyAndCertificate(key, certificate)

    def _load_certificate(self, name: str) -> x509.Certificate:
        path = self.path / name
        try:
            return x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError) as error:
            raise CertificatesMissing(f"{path} cannot be read: {error}") from error

    def _write_server(self, server: KeyAndCertificate, authority: KeyAndCertificate) -> None:
        self._write("server.key", server.key_pem, 0o600)
        self._write("server.pem", server.certificate_pem + authority.certificate_pem, 0o644)

    def _write(self, name: str, content: bytes, mode: int) -> None:
        """Whole or not at all: a running hub may be reading."""
        fresh = self.path / f".{name}.{secrets.token_hex(4)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
