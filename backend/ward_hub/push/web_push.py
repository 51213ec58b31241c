"""The carrier: encrypts with pywebpush (RFC 8291), signs (RFC 8292), posts with httpx (RFC 8030).

The hub's own push service is handed the same message without a socket: no certificate, no way round.
pywebpush and httpx cost 16 MiB between them, so both are imported when the first push is sent, and not in the
event loop.
"""

from __future__ import annotations

import asyncio
import email.utils
import importlib
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from ward_hub.push.carrier import Gone, Later, Message, Outcome, Refused, outcome_of
from ward_hub.push.endpoints import AllowList, Endpoint, EndpointRefused, allowed_addresses, origin_of
from ward_hub.push.keys import VapidKey
from ward_hub.push.subscriptions import Subscription

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 10.0
WORKERS = 2
"""Encrypting takes a millisecond; looking up a name may take seconds."""
AT_ONCE_A_SERVICE = 4
MAX_SERVICES = 16
LONGEST_RETRY_S = 3600.0
OWN_CONTACT = "mailto:wardline@localhost"

log = logging.getLogger(__name__)

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) → the addresses it stands for. Raises OSError."""


class OwnService(Protocol):
    """What the carrier needs of the hub's own push service (service/service.py)."""

    def holds(self, endpoint: str) -> bool:
        """Whether it gave out this endpoint."""
        ...

    async def accept(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a message for the endpoint as if it had been posted; returns the HTTP status."""
        ...


class WebPush:
    """Sends to the hub's own service and, with a contact, to services whose endpoints are listed."""

    def __init__(
        self,
        key: VapidKey,
        own: OwnService,
        allowed: AllowList,
        contact: str,
        clock: Callable[[], int],
        resolve: Resolve | None = None,
    ) -> None:
        self._key = key
        self._own = own
        self._allowed = allowed
        self._contact = contact
        self._clock = clock
        self._pool = ThreadPoolExecutor(WORKERS, "push")
        self._resolve = resolve or self._look_up
        self._services: dict[str, _Service] = {}

    def check(self, endpoint: str) -> None:
        """Make sure that the hub may send there. Raises EndpointRefused."""
        if self._own.holds(endpoint):
            return
        self._allowed.check(endpoint)
        if not self._contact:
            raise EndpointRefused("expected the hub's own push service: no contact is set for others")

    async def send(self, subscription: Subscription, message: Message) -> Outcome:
        """See `Carrier`."""
        try:
            self.check(subscription.endpoint)
        except EndpointRefused:
            # The list has changed since it was handed in, or the browser has let go of it.
            return Gone()
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(self._pool, encrypt, subscription, message.text)
        own = self._own.holds(subscription.endpoint)
        contact = self._contact or OWN_CONTACT
        headers = {
            "authorization": self._key.header(origin_of(subscription.endpoint), contact, self._clock()),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(message.ttl_s),
            "topic": message.topic,
            "urgency": "high" if message.urgent else "normal",
        }
        if own:
            return outcome_of(await self._own.accept(subscription.endpoint, headers, body), None)
        return await self._post(self._allowed.check(subscription.endpoint), headers, body)

    async def close(self) -> None:
        """Let go of connections and threads."""
        for service in self._services.values():
            await service.client.aclose()
        self._services.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Outcome:
        service = await self._service(endpoint.origin)
        async with service.at_once:
            try:
                found = await asyncio.wait_for(self._resolve(endpoint.host, endpoint.port), TIMEOUT_S)
            except (OSError, TimeoutError) as error:
                return Later(f"no address: {type(error).__name__}")
            addresses = allowed_addresses(endpoint.host, found)
            if not addresses:
                return Refused("its name stands for no address that is allowed")
            return await service.post(endpoint, addresses[0], headers, body, self._clock())

    async def _service(self, origin: str) -> _Service:
        if origin not in self._services:
            loop = asyncio.get_running_loop()
            # The import alone may take half a second.
            await loop.run_in_executor(self._pool, importlib.import_module, "httpx")
        service = self._services.get(origin)
        if service is None:
            service = self._services[origin] = _Service()
            if len(self._services) > MAX_SERVICES:
                oldest = next(iter(self._services))
                await self._services.pop(oldest).client.aclose()
        return service

    async def _look_up(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[4][0]) for address in found]


class _Service:
    """The connections to one push service: a few, so that one that hangs holds up only itself."""

    def __init__(self) -> None:
        import httpx

        self._errors = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
        self.at_once = asyncio.Semaphore(AT_ONCE_A_SERVICE)
        # A redirect would lead past the allow-list, a proxy of the environment past the look at addresses.
        self.client: httpx.AsyncClient = httpx.AsyncClient(
            timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
        )

    async def post(
        self, endpoint: Endpoint, address: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Outcome:
        """Post to the address that was looked at, under the name that was listed."""
        host = f"[{address}]" if ":" in address else address
        url = f"{endpoint.scheme}://{host}:{endpoint.port}{endpoint.target}"
        named = {**headers, "host": endpoint.origin.partition("://")[2]}
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                request = self.client.build_request(
                    "POST", url, headers=named, content=body, extensions={"sni_hostname": endpoint.host}
                )
                # The answer's words are nobody's here; they are not even read.
                response = await self.client.send(request, stream=True)
                await response.aclose()
        except (*self._errors, TimeoutError, OSError) as error:
            return Later(type(error).__name__)
        return outcome_of(response.status_code, retry_after_s(response.headers.get("retry-after"), now))


def encrypt(subscription: Subscription, text: str) -> bytes:
    """Return the text as the subscription's browser alone can read it (RFC 8291, aes128gcm)."""
    from pywebpush import WebPusher

    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    pusher = WebPusher({"endpoint": subscription.endpoint, "keys": keys})
    body = pusher.encode(text.encode(), "aes128gcm")["body"]
    if not isinstance(body, bytes):
        raise TypeError(f"expected bytes, got {type(body).__name__}")
    return body


def retry_after_s(text: str | None, now: int) -> float | None:
    """Return how long a service asks to wait (RFC 9110, 10.2.3), an hour at most; None where it says nothing
    that can be read. `now` in ms."""
    if text is None:
        return None
    if text.strip().isdecimal() and len(text) <= 9:
        return min(float(text), LONGEST_RETRY_S)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return min(max(0.0, at.timestamp() - now / 1000), LONGEST_RETRY_S) if at.tzinfo else None
