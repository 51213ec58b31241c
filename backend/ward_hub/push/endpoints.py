"""Which push endpoints the hub speaks to: those of its own service, and those whose beginning is listed.

An endpoint is an address that a browser hands in and the hub later posts to, so it is looked at twice:
its text when it is handed in, and the addresses its name stands for each time before a message goes out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

MAX_CHARS = 1024
"""Firefox and Chrome make endpoints of 200 to 400 characters."""
_TEXT = re.compile(r"[\x21-\x7e]+")
_DOTS = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)", re.IGNORECASE)
PUBLIC_SERVICES = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)
"""Services on the Internet, or what their names end in: they never stand in a private network."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class EndpointRefused(Exception):
    """An address that is no push endpoint of ours; the message says what was expected and never quotes it:
    whoever knows an endpoint could write to it."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """A listed beginning: scheme, host, port, and a path that ends in a slash."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that is allowed. `origin`: scheme, host and port, as VAPID's audience (RFC 8292, 2)."""

    scheme: str
    host: str
    port: int
    target: str
    origin: str


class AllowList:
    """The prefixes of `Settings.push_endpoints`."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for a prefix that is none."""
        self._prefixes = tuple(_prefix(one) for one in text.split())

    def __bool__(self) -> bool:
        return bool(self._prefixes)

    def check(self, endpoint: str) -> Endpoint:
        """Return the endpoint's parts. Raises EndpointRefused."""
        if not 0 < len(endpoint) <= MAX_CHARS:
            raise EndpointRefused(f"expected 1 to {MAX_CHARS} characters, got {len(endpoint)}")
        try:
            parts, port = _split(endpoint)
        except ValueError as error:
            raise EndpointRefused(f"expected an address: {error}") from None
        host = parts.hostname or ""
        for prefix in self._prefixes:
            if (parts.scheme, host, port) == (prefix.scheme, prefix.host, prefix.port) and (
                parts.path.startswith(prefix.path)
            ):
                target = f"{parts.path}?{parts.query}" if parts.query else parts.path
                return Endpoint(parts.scheme, host, port, target, origin_of(endpoint))
        raise EndpointRefused("expected an endpoint of the hub's own push service or one that is listed")


def origin_of(address: str) -> str:
    """Return scheme, host and, where it is not the scheme's own, port. Raises ValueError."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def may_connect(host: str, address: Address) -> bool:
    """Whether an endpoint's name may stand for this address.

    What the hospital lists may stand in its own network. A public service may not, and nothing but a listed
    literal leads to the hub itself, to a link's own addresses (169.254: where clouds keep their secrets) or
    to many at once.
    """
    literal = _literal(host)
    if literal is not None:
        return literal == address
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    public = any(host == name or host.endswith(f".{name}") for name in PUBLIC_SERVICES)
    return address.is_global if public else not address.is_reserved


def allowed_addresses(host: str, found: Sequence[str]) -> list[str]:
    """Return those of the addresses a name stands for that may be connected to, in their order."""
    return [text for text in found if may_connect(host, ipaddress.ip_address(text.partition("%")[0]))]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _split(text: str) -> tuple[SplitResult, int]:
    """Return the parts and the port. Raises ValueError; what readers may differ on is refused."""
    if not _TEXT.fullmatch(text) or "\\" in text or "#" in text:
        raise ValueError("only visible ASCII, without backslash and fragment")
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("https and a host are needed")
    if "@" in parts.netloc:
        raise ValueError("no user may stand in it")
    if _DOTS.search(parts.path):
        raise ValueError("no dots may lead out of its path")
    if parts.scheme == "http":
        literal = _literal(parts.hostname)
        if literal is None or not literal.is_loopback:
            raise ValueError("https is needed but for the hub's own machine")
    return parts, parts.port or (443 if parts.scheme == "https" else 80)


def _prefix(text: str) -> Prefix:
    try:
        parts, port = _split(text)
    except ValueError as error:
        raise ValueError(f"push_endpoints: expected https://host/path/, got {text[:80]!r}: {error}") from None
    if parts.query or not parts.path.endswith("/"):
        raise ValueError(f"push_endpoints: expected a prefix that ends in a slash, got {text[:80]!r}")
    return Prefix(parts.scheme, parts.hostname or "", port, parts.path)
