"""Keys at rest: sealed under a secret file of the data folder, each bound to its terminal and its use.

Whoever copies the database alone can neither speak for a call point nor sign for it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ward_hub.identity.secret_file import load_secret_file

FILE = "call_points.key"
_SECRET_BYTES = 32
_NONCE_BYTES = 12


class Custody:
    """AES-256-GCM under one secret. `challenge_secret` is derived from it for another use."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(secret)
        self.challenge_secret = hmac.digest(secret, b"call point challenges", hashlib.sha256)

    def seal(self, terminal: str, use: str, key: bytes) -> bytes:
        """Return the key as it may lie in the database."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, _bound_to(terminal, use))

    def open(self, terminal: str, use: str, sealed: bytes) -> bytes | None:
        """Return the key, None when it was sealed under another secret or for something else."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(terminal, use)
            )
        except (InvalidTag, ValueError):
            return None


def load_custody(data: Path) -> Custody:
    """Return the custody of the data folder; its secret is made at the first call.

    Raises PermissionError when others may read the secret, ValueError when it is not one of ours.
    """
    path = data / FILE
    secret = load_secret_file(path, lambda: secrets.token_bytes(_SECRET_BYTES))
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"{path}: expected {_SECRET_BYTES} bytes")
    return Custody(secret)


def _bound_to(terminal: str, use: str) -> bytes:
    return f"{use}:{terminal}".encode()
