"""The P-256 key with which the hub signs for a call point, as terminals sign for themselves (CF8)."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ward_sync.facts import signature_from_der

_BYTES = 32


class SigningKey:
    """`point`: the raw public point, 65 bytes, as the directory holds it."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        self.point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @classmethod
    def make(cls) -> SigningKey:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, data: bytes) -> SigningKey:
        """Read what `data` wrote. Raises ValueError for anything else."""
        if len(data) != _BYTES:
            raise ValueError(f"expected {_BYTES} bytes, got {len(data)}")
        return cls(ec.derive_private_key(int.from_bytes(data, "big"), ec.SECP256R1()))

    @property
    def data(self) -> bytes:
        """The private number, 32 bytes: only to be sealed."""
        return self._private.private_numbers().private_value.to_bytes(_BYTES, "big")

    def sign(self, body: bytes) -> bytes:
        """Return the raw r‖s signature of a body, 64 bytes."""
        return signature_from_der(self._private.sign(body, ec.ECDSA(hashes.SHA256())))
