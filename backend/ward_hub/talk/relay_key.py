"""The key of the hub's media relay, which signs as terminals do. It lies in the data folder, `relay.key`."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from ward_sync.facts import signature_from_der

from ward_hub.identity.keys import encode_base64url
from ward_hub.identity.secret_file import load_secret_file


class RelayKey:
    """A P-256 key. `public`: base64url of the raw point, as the directory holds it (`ward.relay_key`)."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public = encode_base64url(point)

    def sign(self, body: bytes) -> bytes:
        """Return the raw r‖s signature of a body, 64 bytes (SG7)."""
        return signature_from_der(self._key.sign(body, ec.ECDSA(hashes.SHA256())))


def load_relay_key(data: Path) -> RelayKey:
    """Return the key of the data folder, made at the first call.

    Raises PermissionError when others may read it, ValueError when it is not a key of ours.
    """
    path = data / "relay.key"
    pem = load_secret_file(path, _make)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: expected a private key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError(f"{path}: expected a P-256 key")
    return RelayKey(key)


def _make() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
