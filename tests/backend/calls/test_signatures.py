"""Signatures of facts (CF8)."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ward_hub.calls.signatures import verify
from ward_sync.facts import signature_from_der


def test_what_the_key_signed_verifies_and_nothing_else() -> None:
    """CF8."""
    private = ec.generate_private_key(ec.SECP256R1())
    key = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    signature = signature_from_der(private.sign(b"body", ec.ECDSA(hashes.SHA256())))
    assert verify(key, b"body", signature)
    assert not verify(key, b"bodies", signature)
    assert not verify(key, b"body", bytes(64))
    assert not verify(key, b"body", signature[:63])
    assert not verify(key, b"body", signature + b"\0")
    assert not verify(other.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), b"body", signature)
    assert not verify(b"", b"body", signature)
    assert not verify(b"\x04" + bytes(64), b"body", signature)
