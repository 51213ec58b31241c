"""Certificates as browsers want them, checked with `cryptography`'s own path validation."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from ward_hub.tls.authority import (
    MAX_NAMES,
    NameInvalid,
    make_authority,
    make_server_certificate,
    names_of,
    parse_name,
)

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = ["ward.hospital.example", "10.1.2.3", "fd00::7", "*.ward.example"]


def verify(leaf: x509.Certificate, root: x509.Certificate, name: str, at: datetime) -> None:
    subject: x509.DNSName | x509.IPAddress
    try:
        subject = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        subject = x509.DNSName(name)
    builder = PolicyBuilder().store(Store([root])).time(at)
    builder.build_server_verifier(subject).verify(leaf, [])


@pytest.mark.parametrize("name", ["ward.hospital.example", "10.1.2.3", "fd00::7", "a.ward.example"])
def test_a_server_certificate_holds_for_each_of_its_names(name: str) -> None:
    authority = make_authority("CA", NOW)
    server = make_server_certificate(authority, NAMES, NOW)
    verify(server.certificate, authority.certificate, name, NOW)
    with pytest.raises(VerificationError):
        verify(server.certificate, authority.certificate, "other.example", NOW)
    with pytest.raises(VerificationError):
        verify(server.certificate, make_authority("CA", NOW).certificate, name, NOW)


def test_lives_and_uses_are_what_browsers_take() -> None:
    authority = make_authority("CA", NOW)
    server = make_server_certificate(authority, NAMES, NOW).certificate
    assert server.not_valid_after_utc - server.not_valid_before_utc == timedelta(days=825)
    assert authority.certificate.not_valid_after_utc == NOW + timedelta(days=3650)
    assert isinstance(server.public_key(), ec.EllipticCurvePublicKey)
    usage = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    constraints = authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    assert names_of(server) == NAMES
    assert names_of(authority.certificate) == []


def test_a_server_certificate_does_not_outlive_its_authority() -> None:
    authority = make_authority("CA", NOW)
    late = NOW + timedelta(days=3600)
    server = make_server_certificate(authority, NAMES, late).certificate
    assert server.not_valid_after_utc == authority.certificate.not_valid_after_utc


@pytest.mark.parametrize(
    "text", ["", "a b", "ward..x", "-x.example", "1.2.3", "ward_1", "x" * 64, "https://ward.example", "*"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(NameInvalid):
        parse_name(text)


def test_names_are_written_once_and_not_without_limit() -> None:
    authority = make_authority("CA", NOW)
    assert names_of(make_server_certificate(authority, ["A.example.", "a.example"], NOW).certificate) == [
        "a.example"
    ]
    for names in ([], [f"h{n}.example" for n in range(MAX_NAMES + 1)]):
        with pytest.raises(NameInvalid):
            make_server_certificate(authority, names, NOW)
