"""Looks at a certificate and its key before a hub listens with them: whether they fit, and until when."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ward_hub.tls.authority import names_of

MAX_FILE_BYTES = 256 * 1024
"""A chain of some ten certificates has 20 KiB."""


class CertificateRefused(Exception):
    """The hub must not listen with these files; the message says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """What is shown of a server certificate. Instants are aware; `names` are DNS names and addresses."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


def check_pair(chain: Path, key: Path, now: datetime) -> CertificateInfo:
    """Return what the certificate says. Raises CertificateRefused: unreadable, not each other's, expired,
    not valid yet, or a key that others may read."""
    info, public = read_certificate(chain)
    if os.name == "posix" and key.exists() and key.stat().st_mode & 0o007:
        raise CertificateRefused(f"{key} must not be readable by everybody: chmod 600 (or 640)")
    try:
        private = serialization.load_pem_private_key(_content(key), None)
    except TypeError as error:
        raise CertificateRefused(f"{key}: expected a key without a passphrase") from error
    except ValueError as error:
        raise CertificateRefused(f"{key}: expected a private key in PEM: {error}") from error
    if _raw(private.public_key()) != _raw(public):
        raise CertificateRefused(f"{key} is not the key of the first certificate in {chain}")
    if now >= info.not_after:
        raise CertificateRefused(f"{chain} expired on {info.not_after:%Y-%m-%d %H:%M} UTC")
    if now < info.not_before:
        raise CertificateRefused(
            f"{chain} is valid only from {info.not_before:%Y-%m-%d %H:%M} UTC: is the clock right?"
        )
    if not info.names:
        raise CertificateRefused(f"{chain} has no subject alternative names: browsers refuse it")
    return info


def read_certificate(chain: Path) -> tuple[CertificateInfo, object]:
    """Return what the first certificate of the file says, and its public key. Raises CertificateRefused."""
    try:
        first = x509.load_pem_x509_certificates(_content(chain))[0]
    except ValueError as error:
        raise CertificateRefused(f"{chain}: expected certificates in PEM: {error}") from error
    info = CertificateInfo(
        first.subject.rfc4514_string(),
        first.issuer.rfc4514_string(),
        tuple(names_of(first)),
        first.not_valid_before_utc,
        first.not_valid_after_utc,
    )
    return info, first.public_key()


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CertificateRefused(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise CertificateRefused(f"{path}: expected at most {MAX_FILE_BYTES} bytes")
    return content


def _raw(key: object) -> bytes:
    return key.public_bytes(  # type: ignore[attr-defined,no-any-return]  # every kind of public key has it
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
