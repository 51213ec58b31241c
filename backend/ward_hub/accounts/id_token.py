"""What an ID token must say before anybody is taken for whom it names (OpenID Connect Core 3.1.3.7). Pure."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ALGORITHMS = ("RS256", "ES256")
LEEWAY_S = 60
"""How far the provider's clock may be off."""
OLDEST_S = 10 * 60
"""A token is made while the person waits; an older one was made for something else."""
MAX_TOKEN_CHARS = 16 * 1024
MIN_RSA_BITS = 2048


class TokenRefused(Exception):
    """The token, or the answer that should have held one, proves nothing; the message says why."""


class UnknownKey(TokenRefused):
    """Signed with a key that is not among the provider's: perhaps they are new ones."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must be about. `now_s`: seconds since the epoch."""

    issuer: str
    client: str
    nonce: str
    now_s: int


def read_token(token: str, keys: Iterable[Mapping[str, Any]], expected: Expected) -> Mapping[str, Any]:
    """Return the token's claims. `keys`: the provider's, as JWKs (RFC 7517).

    Raises TokenRefused; UnknownKey when it names a key that is not there.
    """
    if len(token) > MAX_TOKEN_CHARS:
        raise TokenRefused("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenRefused("not a signed token") from error
    algorithm, kid = header.get("alg"), header.get("kid")
    # Said by the token, so believed only where it is one of two, and then only with a key of that kind.
    if algorithm not in ALGORITHMS:
        raise TokenRefused(f"expected {' or '.join(ALGORITHMS)}, got {str(algorithm)[:20]!r}")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("expected the token to name its key")
    key = _key(kid, algorithm, keys)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            options={
                "require": ["iss", "aud", "exp", "iat", "nonce", "sub"],
                # Looked at below, against a clock that is an argument.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise TokenRefused(f"the token does not hold: {type(error).__name__}") from error
    _check(claims, expected)
    return claims


def _key(
    kid: str, algorithm: str, keys: Iterable[Mapping[str, Any]]
) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    named = [key for key in keys if key.get("kid") == kid and key.get("use", "sig") == "sig"]
    if not named:
        raise UnknownKey("no such key")
    for jwk in named:
        if jwk.get("alg", algorithm) != algorithm:
            continue
        try:
            key = jwt.PyJWK(dict(jwk), algorithm).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if algorithm == "RS256" and isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            return key
        if (
            algorithm == "ES256"
            and isinstance(key, ec.EllipticCurvePublicKey)
            and isinstance(key.curve, ec.SECP256R1)
        ):
            return key
    raise TokenRefused(f"the key is none for {algorithm}")


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims["iss"] != expected.issuer:
        raise TokenRefused("of another issuer")
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if expected.client not in audience:
        raise TokenRefused("for another client")
    if (len(audience) > 1 or "azp" in claims) and claims.get("azp") != expected.client:
        raise TokenRefused("given to another client")
    nonce = claims["nonce"]
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise TokenRefused("of another sign-in")
    now_s, exp, iat = expected.now_s, _seconds(claims, "exp"), _seconds(claims, "iat")
    if exp + LEEWAY_S <= now_s:
        raise TokenRefused("expired")
    if iat - LEEWAY_S > now_s or ("nbf" in claims and _seconds(claims, "nbf") - LEEWAY_S > now_s):
        raise TokenRefused("of the future")
    if iat + OLDEST_S + LEEWAY_S <= now_s:
        raise TokenRefused("too old")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(f"expected {name} in seconds")
    return value
