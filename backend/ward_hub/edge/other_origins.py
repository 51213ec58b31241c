"""Pages of one hub's address speak to the others' HTTP interface too: an app lives at the origin it was
installed from, and moves to another hub without leaving it.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

KEPT_S = 600
"""How long a browser may remember that it may."""


def other_origins(addresses: Sequence[str]) -> list[Middleware]:
    """CORS for the installation's own addresses, none where there are none. Without credentials: terminals
    show a token, and the back office's cookie works at its own origin only."""
    if not addresses:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=[address.rstrip("/") for address in addresses],
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["authorization", "content-type", "if-none-match"],
            expose_headers=["retry-after", "etag"],
            max_age=KEPT_S,
        )
    ]


def spoken_to(addresses: Sequence[str]) -> list[str]:
    """What a page's content security policy must name beside its own origin: addresses and their sockets."""
    origins = [address.rstrip("/") for address in addresses]
    return [*origins, *(origin.replace("http", "ws", 1) for origin in origins)]
