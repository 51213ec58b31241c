"""A private certificate authority and the server certificate it signs. Pure: time and names are arguments.

Where they lie on disk is `folder.py`'s. P-256 with SHA-256: every browser since Android 5 takes it. No name
constraints: older Android and Java stacks misread those on addresses, and the key lies on the hub's own disk.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=824)
"""With the day before it 825 in all: the most that browsers on Apple devices take of a private authority."""
BACKDATED = timedelta(days=1)
"""Terminals whose clock is behind, before they have heard the hub's."""
MAX_NAMES = 64
MAX_NAME_CHARS = 253
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class NameInvalid(ValueError):
    """Not a DNS name or IP address a certificate can carry; the message names it."""


@dataclass(frozen=True, slots=True)
class KeyAndCertificate:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def parse_name(text: str) -> x509.GeneralName:
    """Return a DNS name (a wildcard in front is fine) or an IP address. Raises NameInvalid."""
    name = text.strip().lower().rstrip(".")
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        pass
    labels = name.removeprefix("*.").split(".")
    if len(name) > MAX_NAME_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise NameInvalid(f"expected a DNS name or an IP address, got {text[:80]!r}")
    if labels[-1].isdigit():
        raise NameInvalid(f"expected an IP address of four numbers, got {text[:80]!r}")
    return x509.DNSName(name)


def make_authority(name: str, now: datetime) -> KeyAndCertificate:
    """Return a new authority that may sign server certificates and nothing below them."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return KeyAndCertificate(key, certificate)


def make_server_certificate(
    authority: KeyAndCertificate, names: Sequence[str], now: datetime
) -> KeyAndCertificate:
    """Return a new key and a certificate for these names, signed by the authority.

    It ends with the authority where that is sooner. Raises NameInvalid: none, too many, or not a name.
    """
    if not 0 < len(names) <= MAX_NAMES:
        raise NameInvalid(f"expected 1 to {MAX_NAMES} names, got {len(names)}")
    parsed = list(dict.fromkeys(parse_name(name) for name in names))
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + SERVER_LIFE, authority.certificate.not_valid_after_utc)
    # The names count, not the subject; 64 characters are all that a common name may have.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name_text(parsed[0])[:64])])
    signer = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(parsed), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return KeyAndCertificate(key, certificate)


def name_text(name: x509.GeneralName) -> str:
    """The name as a person writes it."""
    return str(name.value)


def names_of(certificate: x509.Certificate) -> list[str]:
    """The DNS names and addresses the certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name_text(name) for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
