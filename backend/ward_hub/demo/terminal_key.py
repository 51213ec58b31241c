"""The key of a simulated terminal: what a browser makes with WebCrypto, made with `cryptography`."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ward_sync.facts import signature_from_der


class TerminalKey:
    """A P-256 key that signs as WebCrypto does: raw r‖s, 64 bytes."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @classmethod
    def generate(cls) -> TerminalKey:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def parse(cls, text: str) -> TerminalKey:
        """Read what `text` wrote. Raises ValueError for anything else."""
        number = int(text, 16)
        return cls(ec.derive_private_key(number, ec.SECP256R1()))

    @property
    def text(self) -> str:
        """The private number in hex, to be kept in a file of mode 0600."""
        return f"{self._private.private_numbers().private_value:064x}"

    @property
    def point(self) -> bytes:
        """The raw public point, 65 bytes."""
        return self._private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    @property
    def public_key(self) -> str:
        """The public point in base64url without padding: as the enrolment sends it."""
        return base64url(self.point)

    def sign(self, data: bytes) -> bytes:
        """Return the raw r‖s signature, 64 bytes, of `data` under SHA-256."""
        return signature_from_der(self._private.sign(data, ec.ECDSA(hashes.SHA256())))


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
