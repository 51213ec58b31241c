"""A ward hub's dealings with the hub above over HTTP: it enrols once, then proves its key for a token."""

from __future__ import annotations

import ipaddress
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ward_hub.identity.keys import encode_base64url
from ward_hub.identity.secret_file import raw_point
from ward_hub.upstream.hubs import PROOF_TEXT

TIMEOUT_S = 5.0
EARLY_MS = 60_000
"""A token is asked for anew this long before its end."""


class UpstreamAway(OSError):
    """The hospital's hub did not answer, or could not do it now: try again."""


class UpstreamRefused(ValueError):
    """The hospital's hub said no. `code` is one of edge/errors.py."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the hospital's hub refused this ward hub: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Standing:
    """Which installation is above, at which generation."""

    installation: str
    generation: int


@dataclass(frozen=True, slots=True)
class UpstreamToken:
    """`expires_at` by the clock of the hub above (ms), which said it was `now` there."""

    token: str
    expires_at: int
    now: int
    standing: Standing


def check_urls(given: str) -> list[str]:
    """Return the addresses, parted by blanks. Raises ValueError: as `check_url`, or for none."""
    urls = [check_url(url) for url in given.split()]
    if not urls:
        raise ValueError("--upstream: expected an address")
    return urls


def check_url(url: str) -> str:
    """Return the address without a slash at its end. Raises ValueError: only TLS leaves this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return url.rstrip("/")
    if parts.scheme == "http" and _is_loopback(host):
        return url.rstrip("/")
    raise ValueError(f"--upstream: expected https://…, got {url!r}")


class UpstreamAccount:
    """One ward hub's key at the hub above. Used as an asynchronous context: it holds connections."""

    def __init__(
        self, urls: Sequence[str], key: ec.EllipticCurvePrivateKey, authority: Path | None = None
    ) -> None:
        """`urls`: the hubs of the installation above, tried in turn; `authority`: a certificate in PEM that
        is believed beside the system's."""
        self._urls = deque(urls)
        self._authority = authority
        self._key = key
        self._session: aiohttp.ClientSession | None = None
        self._token: UpstreamToken | None = None

    @property
    def url(self) -> str:
        """The hub that is spoken to now."""
        return self._urls[0]

    def turn(self) -> None:
        """That one did not answer: the next is spoken to. Its tokens hold at all of them."""
        self._urls.rotate(-1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Connections to the hub above. Raises OSError for an authority that cannot be read."""
        if self._session is None:
            context = ssl.create_default_context()
            if self._authority is not None and self._authority.exists():
                context.load_verify_locations(self._authority)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context), timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
            )
        return self._session

    async def enrol(self, code: str) -> Mapping[str, Any]:
        """Give the hub above this key against a one-time code. Raises UpstreamAway, UpstreamRefused."""
        point = encode_base64url(raw_point(self._key))
        return await self._ask("POST", "/api/ward-hubs/enrol", {"code": code, "public_key": point}) or {}

    async def token(self, name: str) -> UpstreamToken:
        """Prove the key and return a new token. Raises UpstreamAway, UpstreamRefused."""
        asked = await self._ask("POST", "/api/ward-hubs/challenge", {"hub": name}) or {}
        challenge = str(asked.get("challenge"))
        signature = encode_base64url(self._sign((PROOF_TEXT + challenge).encode()))
        proof = {"hub": name, "challenge": challenge, "signature": signature}
        told = await self._ask("POST", "/api/ward-hubs/token", proof) or {}
        standing = Standing(str(told["installation"]), int(told["generation"]))
        self._token = UpstreamToken(str(told["token"]), int(told["expires_at"]), int(told["now"]), standing)
        return self._token

    async def mirror(self, name: str, after: str) -> Mapping[str, Any] | None:
        """Return the mirror, None while it is that of `after`. Raises UpstreamAway, UpstreamRefused."""
        token = self._token or await self.token(name)
        try:
            return await self._mirror(token, after)
        except UpstreamRefused as refused:
            if refused.code not in ("unauthorized", "token_invalid"):
                raise
            return await self._mirror(await self.token(name), after)

    async def forward(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Pass a terminal's request on; returns status and body of the answer. Raises UpstreamAway."""
        try:
            headers = {"content-type": "application/json"}
            async with self.session.post(self.url + path, data=body, headers=headers) as answer:
                return answer.status, await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise UpstreamAway(f"{path}: {type(error).__name__}") from error

    async def _mirror(self, token: UpstreamToken, after: str) -> Mapping[str, Any] | None:
        path = f"/api/ward-hubs/mirror?after={after}"
        return await self._ask("GET", path, None, {"authorization": f"Bearer {token.token}"})

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, str] | None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any] | None:
        where = path.partition("?")[0]
        try:
            request = self.session.request(method, self.url + path, json=body, headers=headers)
            async with request as answer:
                if answer.status == 204:
                    return None
                if answer.status >= 500 or answer.status == 429:
                    raise UpstreamAway(f"{where}: {answer.status}")
                value = await answer.json()
                if answer.status >= 400:
                    told = value.get("error", {}) if isinstance(value, dict) else {}
                    raise UpstreamRefused(str(told.get("code", answer.status)))
                if not isinstance(value, dict):
                    raise UpstreamAway(f"{where}: expected a JSON object")
                return value
        except UpstreamAway:
            raise
        except UpstreamRefused:
            raise
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            # Without the error's own text: it may hold what was sent.
            raise UpstreamAway(f"{where}: {type(error).__name__}") from error

    def _sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
