"""The key a hub shows to push services (VAPID, RFC 8292). It lies in the data folder, `push.key`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from ward_hub.identity.keys import encode_base64url
from ward_hub.identity.secret_file import load_key_file, raw_point

LIFE_S = 12 * 3600
"""A token is good for half of what RFC 8292, 2 allows."""
RENEW_S = 3600
"""Made anew this long before its end: a service's clock may be ahead."""
LONGEST_S = 24 * 3600
MAX_HEADER_CHARS = 2048


class VapidRefused(Exception):
    """An Authorization header that does not prove this hub's key; the message says what was expected."""


class VapidKey:
    """A P-256 key. `public`: base64url of the raw point, what a browser subscribes with."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public = encode_base64url(raw_point(key))
        self._made: dict[tuple[str, str], tuple[int, str]] = {}

    def header(self, audience: str, contact: str, now: int) -> str:
        """Return the Authorization header for a service: `vapid t=…, k=…` (RFC 8292, 3).

        `audience`: the endpoint's origin; `contact`: mailto: or https:; `now` in ms.
        """
        now_s = now // 1000
        ends_at, header = self._made.get((audience, contact), (0, ""))
        if ends_at - now_s < RENEW_S:
            ends_at = now_s + LIFE_S
            claims = {"aud": audience, "exp": ends_at, "sub": contact}
            header = f"vapid t={jwt.encode(claims, self._key, algorithm='ES256')},k={self.public}"
            self._made[(audience, contact)] = (ends_at, header)
        return header

    def check(self, header: str, audience: str, now: int) -> None:
        """Make sure that the header is of this key for this audience. Raises VapidRefused. `now` in ms."""
        token, key = _parts(header)
        if key != self.public:
            raise VapidRefused("expected this hub's key")
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["ES256"],
                audience=audience,
                # The time is an argument here, so PyJWT must not look at its own clock.
                options={"require": ["exp", "aud"], "verify_exp": False, "verify_iat": False},
            )
            ends_at = int(claims["exp"])
        except (jwt.InvalidTokenError, TypeError, ValueError) as error:
            raise VapidRefused("expected a token of this hub for this service") from error
        if not now // 1000 < ends_at <= now // 1000 + LONGEST_S:
            raise VapidRefused("expected a token that ends within 24 h")


def load_push_key(data: Path) -> VapidKey:
    """Return the key of the data folder, made at the first call; the file is for its owner alone (0600).

    Raises PermissionError when others may read it, ValueError when it is not a key of ours.
    """
    return VapidKey(load_key_file(data / "push.key"))


def _parts(header: str) -> tuple[str, str]:
    if len(header) > MAX_HEADER_CHARS:
        raise VapidRefused(f"expected at most {MAX_HEADER_CHARS} characters")
    scheme, _, rest = header.partition(" ")
    found: Mapping[str, str] = {
        name.strip(): value.strip() for name, _, value in (part.partition("=") for part in rest.split(","))
    }
    if scheme.lower() != "vapid" or set(found) != {"t", "k"}:
        raise VapidRefused("expected vapid t=…, k=…")
    return found["t"], found["k"]
