"""How a device proves that a request is its own and new: an HMAC over all of it, a time, a nonce.

A device without a clock asks for a challenge and uses it as its nonce; challenges are kept nowhere, the hub
knows its own by their seal. Whether a nonce was used before is nonces.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

WINDOW_MS = 5 * 60_000
"""How far a device's clock may be off."""
CHALLENGE_MS = 60_000
"""From asking to using it a device needs one round trip."""
NO_CLOCK = "0"
"""What a device without a clock sends as its time."""

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TIME = re.compile(r"0|[1-9][0-9]{11,14}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_RANDOM_BYTES = 12
_SEAL_BYTES = 16


@dataclass(frozen=True, slots=True)
class Proof:
    """The headers of a request as they came: X-Wardline-Time, -Nonce, -Signature."""

    time: str
    nonce: str
    signature: str

    @property
    def readable(self) -> bool:
        """Whether each has its form: ms since the epoch or 0, 16 to 64 characters, 64 hex digits."""
        return bool(
            _TIME.fullmatch(self.time)
            and _NONCE.fullmatch(self.nonce)
            and _SIGNATURE.fullmatch(self.signature)
        )


def sign(key: bytes, method: str, path: str, time: str, nonce: str, body: bytes) -> str:
    """Return the signature of a request, hex: HMAC-SHA256 over method, path, time, nonce and the hex SHA-256
    of the body, parted by line feeds."""
    text = "\n".join((method, path, time, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()


def holds(key: bytes, method: str, path: str, proof: Proof, body: bytes) -> bool:
    """Whether the holder of the key signed this request."""
    wanted = sign(key, method, path, proof.time, proof.nonce, body)
    return hmac.compare_digest(wanted, proof.signature)


def expires_at(proof: Proof, terminal: str, secret: bytes, now: int) -> int | None:
    """Return until when (ms) the request could come again, None when it is not of this time.

    `secret`: what challenges are sealed with.
    """
    if proof.time == NO_CLOCK:
        made_at = _challenge_time(secret, terminal, proof.nonce)
        if made_at is None or not 0 <= now - made_at <= CHALLENGE_MS:
            return None
        return made_at + CHALLENGE_MS
    at = int(proof.time)
    return at + WINDOW_MS if abs(now - at) <= WINDOW_MS else None


def make_challenge(secret: bytes, terminal: str, now: int, random: bytes) -> str:
    """Return a nonce for one request of the terminal within `CHALLENGE_MS`. `random`: 12 bytes."""
    head = now.to_bytes(8, "big") + random[:_RANDOM_BYTES]
    return base64.urlsafe_b64encode(head + _seal(secret, terminal, head)).decode("ascii")


def _challenge_time(secret: bytes, terminal: str, challenge: str) -> int | None:
    try:
        data = base64.b64decode(challenge, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    head, seal = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    if len(head) != 8 + _RANDOM_BYTES or not hmac.compare_digest(seal, _seal(secret, terminal, head)):
        return None
    return int.from_bytes(head[:8], "big")


def _seal(secret: bytes, terminal: str, head: bytes) -> bytes:
    return hmac.digest(secret, head + terminal.encode(), hashlib.sha256)[:_SEAL_BYTES]
