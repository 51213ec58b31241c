"""Single sign-on: the hub as a client of the hospital's OpenID Connect provider (code flow with PKCE).

Asks the provider only; whom the number belongs to, and what they may, the hub knows itself. Sign-in of people
at terminals is not done this way: it must work without any other server.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from ward_hub.accounts.id_token import Expected, TokenRefused, UnknownKey, read_token

CALLBACK = "/api/office/oidc/callback"
TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 256 * 1024
DISCOVERY_KEPT_MS = 60 * 60_000
KEYS_APART_MS = 60_000
"""Keys that are not known are asked for once a minute at most: anybody can make up a key's name."""
DOWN_KEPT_MS = 5_000
"""So long nobody waits again for a provider that did not answer."""
MAX_NUMBER_CHARS = 32

log = logging.getLogger(__name__)


class ProviderDown(Exception):
    """The provider does not answer, or not as a provider does."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the provider says of itself (OpenID Connect Discovery 3)."""

    issuer: str
    authorize: str
    token: str
    keys: str
    secret_in_body: bool


class OidcProvider:
    """One provider and this hub's registration with it. `clock` gives ms."""

    def __init__(
        self,
        issuer: str,
        client: str,
        secret: str,
        claim: str,
        base: str,
        http: httpx.AsyncClient,
        clock: Callable[[], int],
    ) -> None:
        """`base`: the hub's public address. `http` must follow no redirects. Raises ValueError for an issuer
        that could be anybody: https, or http on this machine, is expected."""
        if not _is_safe(issuer):
            raise ValueError(f"WARDLINE_OIDC_ISSUER: expected an https address, got {issuer!r}")
        if urlsplit(base).scheme not in ("https", "http"):
            raise ValueError(f"WARDLINE_PUBLIC_URL: expected the address people come back to, got {base!r}")
        if not client:
            raise ValueError("WARDLINE_OIDC_CLIENT: expected the hub's client id at the provider")
        self._issuer = issuer
        self._client = client
        self._secret = secret
        self._claim = claim
        self._redirect = base.rstrip("/") + CALLBACK
        self._http = http
        self._clock = clock
        self._turn = asyncio.Lock()
        self._discovery: Discovery | None = None
        self._discovered_at = 0
        self._down_until = 0
        self._keys: list[Mapping[str, Any]] = []
        self._keys_at: int | None = None

    @property
    def name(self) -> str:
        """What people call it: the host of its address."""
        return urlsplit(self._issuer).hostname or self._issuer

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in (RFC 6749 4.1.1, RFC 7636 4.3). Raises ProviderDown."""
        found = await self._discover()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._client,
                "redirect_uri": self._redirect,
                "scope": "openid profile",
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge.decode(),
                "code_challenge_method": "S256",
            }
        )
        return f"{found.authorize}{'&' if '?' in found.authorize else '?'}{query}"

    async def number(self, code: str, nonce: str, verifier: str) -> str:
        """The staff number of who signed in. Raises ProviderDown, TokenRefused."""
        found = await self._discover()
        token = await self._exchange(found, code, verifier)
        expected = Expected(found.issuer, self._client, nonce, self._clock() // 1000)
        try:
            claims = read_token(token, await self._known_keys(found, renew=False), expected)
        except UnknownKey:
            claims = read_token(token, await self._known_keys(found, renew=True), expected)
        number = claims.get(self._claim)
        if not isinstance(number, str) or not 0 < len(number) <= MAX_NUMBER_CHARS:
            raise TokenRefused(f"expected a staff number in the claim {self._claim}")
        return number

    async def _exchange(self, found: Discovery, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
        }
        headers = {}
        if not self._secret or found.secret_in_body:
            form["client_id"] = self._client
            if self._secret:
                form["client_secret"] = self._secret
        else:
            # Both are form-encoded before they are put together (RFC 6749 2.3.1).
            pair = f"{quote(self._client, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        status, answer = await self._ask("POST", found.token, form, headers)
        if status == 400 and answer.get("error") == "invalid_grant":
            raise TokenRefused("the provider does not know the code")
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            log.warning("the sign-in service refused the hub: %d %.40s", status, answer.get("error"))
            raise ProviderDown(f"expected a token, got {status}")
        return token

    async def _discover(self) -> Discovery:
        async with self._turn:
            now = self._clock()
            if self._discovery is not None and now - self._discovered_at < DISCOVERY_KEPT_MS:
                return self._discovery
            if now < self._down_until:
                raise ProviderDown("it did not answer a moment ago")
            try:
                url = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
                status, answer = await self._ask("GET", url)
                if status != 200:
                    raise ProviderDown(f"expected its description, got {status}")
                self._discovery, self._discovered_at = _discovery(answer, self._issuer), now
            except ProviderDown:
                self._down_until = now + DOWN_KEPT_MS
                if self._discovery is None:
                    raise
            return self._discovery

    async def _known_keys(self, found: Discovery, renew: bool) -> list[Mapping[str, Any]]:
        async with self._turn:
            now = self._clock()
            fresh = self._keys_at is not None and now - self._keys_at < KEYS_APART_MS
            if self._keys_at is None or (renew and not fresh):
                status, answer = await self._ask("GET", found.keys)
                keys = answer.get("keys")
                if status != 200 or not isinstance(keys, list):
                    raise ProviderDown(f"expected its keys, got {status}")
                self._keys = [key for key in keys if isinstance(key, dict)]
                self._keys_at = now
            return self._keys

    async def _ask(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        body = bytearray()
        sent = {"Accept": "application/json", **(headers or {})}
        try:
            # The client's own limit is for each piece: one that drips would keep people waiting for ever.
            async with (
                asyncio.timeout(2 * TIMEOUT_S),
                self._http.stream(method, url, data=form, headers=sent) as response,
            ):
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise ProviderDown("its answer is too long")
            value = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ProviderDown(type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise ProviderDown("its answer is no JSON") from error
        if not isinstance(value, dict):
            raise ProviderDown("its answer is no object")
        return response.status_code, value


def http_client() -> httpx.AsyncClient:
    """A client as OidcProvider wants it."""
    return httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False)


def _discovery(answer: Mapping[str, Any], issuer: str) -> Discovery:
    said = answer.get("issuer")
    if not isinstance(said, str) or said.rstrip("/") != issuer.rstrip("/"):
        raise ProviderDown("it says it is another")
    addresses = [answer.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    for address in addresses:
        # Where the issuer speaks TLS, so must all it names.
        if not isinstance(address, str) or not _is_safe(address, issuer):
            raise ProviderDown("expected https addresses of its endpoints")
    methods = answer.get("token_endpoint_auth_methods_supported")
    in_body = (
        isinstance(methods, list) and "client_secret_post" in methods and "client_secret_basic" not in methods
    )
    authorize, token, keys = map(str, addresses)
    return Discovery(said, authorize, token, keys, in_body)


def _is_safe(address: str, issuer: str | None = None) -> bool:
    try:
        parts = urlsplit(address)
        own = parts.hostname in ("127.0.0.1", "::1", "localhost")
    except ValueError:
        return False
    if not parts.hostname or parts.fragment:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and own and (issuer is None or issuer.startswith("http://"))
