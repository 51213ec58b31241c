"""P-256 keys and signatures as WebCrypto gives them: raw points, raw r‖s, base64url without padding."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

POINT_BYTES = 65
"""Uncompressed point: 04, x, y (SEC 1, 2.3.3)."""
SIGNATURE_BYTES = 64
"""r and s, 32 bytes each (W3C WebCrypto, ECDSA sign)."""


def decode_base64url(text: str, length: int) -> bytes | None:
    """Return exactly `length` bytes, or None when the text is not their one base64url form."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    if len(data) != length or encode_base64url(data) != text:
        return None
    return data


def encode_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 4648, 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def is_public_key(point: bytes) -> bool:
    """Whether the bytes are an uncompressed point on P-256."""
    return _load(point) is not None


def verify(point: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (raw r‖s) over `message` is of the key, ECDSA P-256 with SHA-256."""
    key = _load(point)
    if key is None or len(signature) != SIGNATURE_BYTES:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _load(point: bytes) -> ec.EllipticCurvePublicKey | None:
    if len(point) != POINT_BYTES or point[0] != 4:
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return None
