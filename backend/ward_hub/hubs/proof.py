"""How two hubs of an installation prove to each other that they are: by the secret they share."""

from __future__ import annotations

import hashlib
import hmac
import secrets

NONCE_CHARS = 32


def link_key(secret: bytes) -> bytes:
    """The key of the links, made of the secret that signs tokens: whoever has that is a hub already."""
    return hmac.digest(secret, b"wardline: link between hubs", hashlib.sha256)


def new_nonce() -> str:
    return secrets.token_hex(NONCE_CHARS // 2)


def prove(key: bytes, installation: str, who: str, to: str, nonce: str) -> str:
    """Return the proof of hub `who` for hub `to`, which asked with the nonce. 64 hex digits.

    Both names stand in it, so that a proof can be given neither to a third hub nor back to its maker.
    """
    text = "\n".join((installation, who, to, nonce))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def holds(key: bytes, installation: str, who: str, to: str, nonce: str, proof: str) -> bool:
    """Whether the proof is right; takes as long either way."""
    return hmac.compare_digest(prove(key, installation, who, to, nonce).encode(), proof.encode())
