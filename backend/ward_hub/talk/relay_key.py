"""The key of the hub's media relay, which signs as terminals do. It lies in the data folder, `relay.key`."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ward_sync.facts import signature_from_der

from ward_hub.identity.keys import encode_base64url
from ward_hub.identity.secret_file import load_key_file, raw_point


class RelayKey:
    """A P-256 key. `public`: base64url of the raw point, as the directory holds it (`ward.relay_key`)."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public = encode_base64url(raw_point(key))

    def sign(self, body: bytes) -> bytes:
        """Return the raw r‖s signature of a body, 64 bytes (SG7)."""
        return signature_from_der(self._key.sign(body, ec.ECDSA(hashes.SHA256())))


def load_relay_key(data: Path) -> RelayKey:
    """Return the key of the data folder, made at the first call.

    Raises PermissionError when others may read it, ValueError when it is not a key of ours.
    """
    return RelayKey(load_key_file(data / "relay.key"))
