"""A bare hub for trials and benchmarks: any document, two tokens, no ward. Loopback only.

The same codec, gate port, DocRoom, log and fan-out as the product.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette

from ward_hub import __version__
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import DocumentRules, same_rules
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.edge.sync_socket import sync_route
from ward_hub.edge.y_socket import y_route
from ward_hub.log.port import Log

_TOKENS = {
    "secret": Access(read=True, write=True, announce=True, facts=True),
    "readonly": Access(read=True, announce=True),
}
_FOREVER = 2**53 - 1
_CLIENT_ID = 1
LAB_LIMITS = EdgeLimits(
    silence_ms=60_000,
    unsigned_bytes=5 * 2**20,
    one_socket_a_terminal=False,
    max_documents=10_000,
    max_sockets=50_000,
    max_sockets_per_address=50_000,
    max_frames_per_s=1_000_000,
    renew_ms=1_000,
)
"""As @hocuspocus/server has them; a benchmark is one address and floods on purpose."""


class LabGate:
    """`secret` reads and writes, `readonly` reads; documents named `forbidden…` are refused.

    `secret@1700000000000` ends then (ms since 1970).
    """

    def authenticate(self, token: str) -> Principal:
        name, _, end = token.partition("@")
        if name not in _TOKENS or (end and not end.isdecimal()):
            raise AccessRefused("permission-denied")
        ends_at = int(end) if end else _FOREVER
        if ends_at <= _now_ms():
            raise AccessRefused("expired")
        return Principal(name, "lab", "lab", None, None, None, None, ends_at)

    def access(self, principal: Principal, document: str) -> Access:
        if document.startswith("forbidden") or not document.strip():
            raise AccessRefused("permission-denied")
        return _TOKENS[principal.terminal]


class Echo:
    """Stateless messages go back to the document's connections."""

    host: Host

    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        self.host.broadcast_stateless(document, payload)
        return []


def lab_app(log: Log, limits: EdgeLimits = LAB_LIMITS) -> Starlette:
    """The application of `ward-hub lab`. Closes the log when it ends."""
    echo = Echo()
    gate = LabGate()
    rules = DocumentRules(max_update_bytes=8 * 2**20, max_document_bytes=64 * 2**20)
    host = echo.host = Host(log, gate, same_rules(rules), echo, _now_ms, _CLIENT_ID)
    sockets = Sockets(host, gate, HubIdentity("lab", 1, __version__), limits)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        host.start()
        sockets.start()
        yield
        await sockets.close()
        await host.close()
        await log.close()

    return Starlette(routes=[sync_route(sockets), y_route(sockets)], lifespan=lifespan)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
