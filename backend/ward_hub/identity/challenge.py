"""Challenges: a terminal proves its key by signing one.

They carry their own proof, so asking costs no memory and a flood of requests cannot push out anybody's; only
those answered with a good signature are remembered, until they would have expired.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict

from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.keys import decode_base64url, encode_base64url

LIFE_MS = 60_000
MAX_USED = 100_000
"""Answered challenges remembered; 3,300 terminals renew 330 a minute, a join storm 3,300 at once."""
_NONCE, _TIME, _PROOF = 16, 8, 16
_LENGTH = _NONCE + _TIME + _PROOF


class Challenges:
    """Gives out and takes back challenges, each once and for one terminal."""

    def __init__(self, secret: bytes | None = None) -> None:
        """`secret`: shared by hubs that take each other's challenges; each remembers those it took itself."""
        self._key = (
            secrets.token_bytes(32)
            if secret is None
            else hmac.digest(secret, b"wardline: challenges", hashlib.sha256)
        )
        self._used: OrderedDict[bytes, int] = OrderedDict()

    def give(self, terminal: str, now: int) -> str:
        """Return a new challenge for the terminal, good for LIFE_MS."""
        body = secrets.token_bytes(_NONCE) + (now + LIFE_MS).to_bytes(_TIME, "big")
        return encode_base64url(body + self._proof(terminal, body))

    def check(self, terminal: str, challenge: str, now: int) -> None:
        """Raises IdentityRefused(CHALLENGE_INVALID) unless given to the terminal, fresh and unused."""
        self._parse(terminal, challenge, now)

    def use(self, terminal: str, challenge: str, now: int) -> None:
        """The signature was good: as `check`, and never again. Call only after verifying."""
        data, expires_at = self._parse(terminal, challenge, now)
        while self._used and next(iter(self._used.values())) <= now:
            self._used.popitem(last=False)
        if len(self._used) >= MAX_USED:
            raise IdentityRefused(IdentityCode.TOO_MANY_TRIES, now + LIFE_MS)
        self._used[data] = expires_at

    def _parse(self, terminal: str, challenge: str, now: int) -> tuple[bytes, int]:
        data = decode_base64url(challenge, _LENGTH)
        if data is None:
            raise IdentityRefused(IdentityCode.CHALLENGE_INVALID)
        body, proof = data[: _NONCE + _TIME], data[_NONCE + _TIME :]
        expires_at = int.from_bytes(body[_NONCE:], "big")
        if (
            not hmac.compare_digest(proof, self._proof(terminal, body))
            or expires_at <= now
            or data in self._used
        ):
            raise IdentityRefused(IdentityCode.CHALLENGE_INVALID)
        return data, expires_at

    def _proof(self, terminal: str, body: bytes) -> bytes:
        message = body + terminal.encode()
        return hmac.digest(self._key, message, hashlib.sha256)[:_PROOF]
