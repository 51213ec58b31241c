"""Tokens: short-lived proof of who a terminal is and of who is signed in at it. JWT, HS256, one secret."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from ward_hub.access.hubs import WARD_HUB
from ward_hub.directory.model import Staff, Terminal
from ward_hub.identity.errors import IdentityCode, IdentityRefused, TokenExpired
from ward_hub.identity.secret_file import load_secret_file

TERMINAL_LIFE_MS = 10 * 60_000
STAFF_LIFE_MS = 12 * 3_600_000
MAX_TOKEN_CHARS = 4096
MAX_REMEMBERED = 8192
"""Tokens read before: a terminal shows the same one at each of its documents, and checking all of them would
cost seconds when a hospital joins at once."""
_ALGORITHM = "HS256"
_SECRET_BYTES = 32
_REQUIRED = ("sub", "kind", "ward", "key", "iat", "exp", "inst")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says. Instants in ms; `key` is the mark of the key it was issued to."""

    terminal: str
    kind: str
    ward: str
    key: str
    expires_at: int
    room: str | None = None
    bed: str | None = None
    staff: str | None = None
    role: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A token and when it ends, in ms."""

    token: str
    expires_at: int


class Tokens:
    """Issues and reads the tokens of one installation."""

    def __init__(self, secret: bytes, installation: str) -> None:
        self._secret = secret
        self._installation = installation
        self._read: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, terminal: Terminal, now: int) -> Issued:
        """A token for the terminal alone."""
        return self._issue(terminal, now, now + TERMINAL_LIFE_MS, {})

    def issue_staff(
        self, terminal: Terminal, staff: Staff, session: str, now: int, life_ms: int = STAFF_LIFE_MS
    ) -> Issued:
        """A token for a person at the terminal, tied to their session: it ends with that, or sooner."""
        claims = {"staff": staff.id, "role": staff.role.value, "sid": session}
        return self._issue(terminal, now, now + life_ms, claims)

    def issue_hub(self, name: str, public_key: bytes, now: int) -> Issued:
        """A token for a ward hub (`access/hubs.py`); `name` is one that no terminal can have."""
        about = {"sub": name, "kind": WARD_HUB, "ward": "", "key": key_mark(public_key)}
        return self._sign(about, now, now + TERMINAL_LIFE_MS)

    def read(self, token: str, now: int) -> Claims:
        """Return what it says. Raises IdentityRefused(TOKEN_INVALID): not ours or altered; TokenExpired."""
        claims = self._read.get(token) or self._check(token)
        if claims.expires_at <= now:
            self._read.pop(token, None)
            raise TokenExpired
        return claims

    def _check(self, token: str) -> Claims:
        if len(token) > MAX_TOKEN_CHARS:
            raise IdentityRefused(IdentityCode.TOKEN_INVALID)
        try:
            # The time is an argument here, so PyJWT must not look at its own clock.
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options={"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise IdentityRefused(IdentityCode.TOKEN_INVALID) from error
        if claims["inst"] != self._installation:
            raise IdentityRefused(IdentityCode.TOKEN_INVALID)
        made = Claims(
            terminal=claims["sub"],
            kind=claims["kind"],
            ward=claims["ward"],
            key=claims["key"],
            expires_at=claims["exp"] * 1000,
            room=claims.get("room"),
            bed=claims.get("bed"),
            staff=claims.get("staff"),
            role=claims.get("role"),
            session=claims.get("sid"),
        )
        self._read[token] = made
        while len(self._read) > MAX_REMEMBERED:
            self._read.popitem(last=False)
        return made

    def _issue(self, terminal: Terminal, now: int, expires_at: int, more: dict[str, Any]) -> Issued:
        if terminal.public_key is None:
            raise ValueError(f"terminal {terminal.id} has no key to issue a token to")
        claims = {
            "sub": terminal.id,
            "kind": terminal.kind.value,
            "ward": terminal.ward,
            "key": key_mark(terminal.public_key),
            **({"room": terminal.room} if terminal.room else {}),
            **({"bed": terminal.bed} if terminal.bed else {}),
            **more,
        }
        return self._sign(claims, now, expires_at)

    def _sign(self, claims: dict[str, Any], now: int, expires_at: int) -> Issued:
        expires_s = expires_at // 1000
        claims = {**claims, "iat": now // 1000, "exp": expires_s, "inst": self._installation}
        return Issued(jwt.encode(claims, self._secret, algorithm=_ALGORITHM), expires_s * 1000)


def key_mark(public_key: bytes) -> str:
    """A short mark of a key: a token issued to a device that was replaced is worth nothing."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def load_secret(data: Path) -> bytes:
    """Return the secret of the data folder, made at the first call; the file is for its owner alone (0600).

    Raises PermissionError when others may read it, ValueError when it is not a secret of ours.
    """
    path = data / "token.secret"
    secret = load_secret_file(path, lambda: secrets.token_bytes(_SECRET_BYTES))
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"{path}: expected {_SECRET_BYTES} bytes, got {len(secret)}")
    return secret
