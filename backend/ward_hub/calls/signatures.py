"""Verifying the signature of a fact: ECDSA P-256 over SHA-256, as WebCrypto signs (CF8)."""

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ward_sync.facts import SIGNATURE_BYTES, signature_to_der

_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())
# A ward has some 100 terminals, the largest installation 3,300: every key stays loaded.
_KEYS_KEPT: Final = 4_096


def verify(key: bytes, body: bytes, signature: bytes) -> bool:
    """Return whether the key signed the body.

    `key`: uncompressed point, 65 bytes; `signature`: raw r‖s, 64 bytes. A key or signature that is none
    verifies nothing; never raises.
    """
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        _load(key).verify(signature_to_der(signature), body, _ALGORITHM)
    except (ValueError, InvalidSignature):
        return False
    return True


@lru_cache(maxsize=_KEYS_KEPT)
def _load(key: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
