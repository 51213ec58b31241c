"""Terminals that sign facts, for tests of whatever receives them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ward_sync.facts import (
    Act,
    FactBody,
    WireFact,
    decode_wire,
    encode_body,
    encode_wire,
    signature_from_der,
)

_NONCES = count(1)


@dataclass
class Signer:
    """One terminal's key and place; `make` signs a fact as its page would."""

    terminal: str
    ward: str = "thoracic"
    room: str | None = "r01"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public_key(self) -> str:
        """base64url of the raw point, as the directory holds it."""
        raw = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")

    def make(self, act: Act, at: int, calls: tuple[str, ...] = (), **more: Any) -> str:
        """Return the wire fact."""
        values: dict[str, Any] = {"room": self.room, "clock": "hub", **more}
        body = FactBody(
            act=act,
            at=at,
            nonce=hashlib.sha256(str(next(_NONCES)).encode()).hexdigest()[:16],
            terminal=self.terminal,
            ward=self.ward,
            calls=tuple(sorted(calls)),
            **values,
        )
        data = encode_body(body)
        return encode_wire(signature_from_der(self.key.sign(data, ec.ECDSA(hashes.SHA256()))), data)

    def place(self, at: int, bed: str = "b01", type_: str = "patient", **more: Any) -> str:
        return self.make(Act.PLACED, at, source=f"bed:{bed}", type=type_, **more)


def read(wire: str) -> WireFact:
    return decode_wire(wire)


def id_of(wire: str) -> str:
    return decode_wire(wire).id
