"""A small OpenID Connect provider for tests, in process: discovery, authorize, token, keys.

It does what it should until a test tells it not to: `claims`, `header`, `key` and `broken` make it lie.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

ISSUER = "https://login.example"
CLIENT, SECRET = "wardline", "s3cret: with/odd+signs"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_rsa_keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


@dataclass(frozen=True)
class Asked:
    """What the client wanted when it sent the browser."""

    redirect: str
    nonce: str
    challenge: str


class Provider:
    """The provider. `person` is who sits at the browser; `clock` gives ms."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.person = "h001"
        self.algorithm = "RS256"
        self.kid = "k1"
        self.keys: dict[str, Key] = {"k1": _rsa_keys[0]}
        self.published: list[dict[str, Any]] | None = None
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.down = False
        self.answers: dict[str, Response] = {}
        self.asked: dict[str, int] = {"discovery": 0, "keys": 0, "token": 0}
        self._codes: dict[str, Asked] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.jwks),
            ]
        )

    def http(self) -> httpx.AsyncClient:
        """The hub's client: reaches nothing but this provider."""
        return httpx.AsyncClient(transport=_Line(self))

    def rotate(self, key: Key | None = None, algorithm: str = "RS256") -> None:
        """Sign with another key from now on."""
        self.kid, self.algorithm = f"k{len(self.keys) + 1}", algorithm
        self.keys[self.kid] = key or _rsa_keys[1]

    async def discovery(self, _request: Request) -> Response:
        self.asked["discovery"] += 1
        return self.answers.get("discovery") or JSONResponse(
            {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            }
        )

    async def authorize(self, request: Request) -> Response:
        """The person is signed in already: straight back with a code."""
        given = request.query_params
        assert (given["response_type"], given["client_id"]) == ("code", CLIENT)
        assert given["code_challenge_method"] == "S256"
        assert "openid" in given["scope"].split()
        code = f"code-{len(self._codes)}"
        self._codes[code] = Asked(given["redirect_uri"], given["nonce"], given["code_challenge"])
        query = urlencode({"code": code, "state": given["state"]})
        return RedirectResponse(f"{given['redirect_uri']}?{query}")

    async def token(self, request: Request) -> Response:
        self.asked["token"] += 1
        if "token" in self.answers:
            return self.answers["token"]
        form = dict(
            part.split("=", 1) for part in (await request.body()).decode().replace("+", " ").split("&")
        )
        form = {name: unquote(value) for name, value in form.items()}
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        client, _, secret = base64.b64decode(pair).decode().partition(":")
        if scheme != "Basic":
            client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if (unquote(client), unquote(secret)) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked.challenge != challenge or asked.redirect != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "x", "token_type": "Bearer", "id_token": self.signed(asked.nonce)}
        )

    async def jwks(self, _request: Request) -> Response:
        self.asked["keys"] += 1
        if "keys" in self.answers:
            return self.answers["keys"]
        if self.published is not None:
            return JSONResponse({"keys": self.published})
        return JSONResponse({"keys": [public_jwk(kid, key) for kid, key in self.keys.items()]})

    def signed(self, nonce: str) -> str:
        now_s = self.clock() // 1000
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": f"id-of-{self.person}",
            "nonce": nonce,
            "iat": now_s,
            "exp": now_s + 300,
            "preferred_username": self.person,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"kid": self.kid, **self.header}
        key: Any = self.keys[self.kid]
        if self.algorithm == "none":
            key = None
        elif self.algorithm.startswith("HS"):
            key = SECRET * 2
        return jwt.encode(claims, key, self.algorithm, {k: v for k, v in header.items() if v is not None})


class _Line(httpx.AsyncBaseTransport):
    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._there = httpx.ASGITransport(provider.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._provider.down or request.url.host != "login.example":
            raise httpx.ConnectError("nobody there", request=request)
        return await self._there.handle_async_request(request)


def public_jwk(kid: str, key: Key) -> dict[str, Any]:
    """The public half as a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        text = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())
    else:
        text = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())
    return {**json.loads(text), "kid": kid, "use": "sig"}
