"""ICE servers as a page wants them, with TURN credentials that end by themselves.

The scheme is coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00): what the server can compute from
the secret it shares with the hub needs no table of users. Rule SG24.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final, TypedDict

LIFE_S: Final = 3_600
"""A token is asked for each ten minutes: the servers of the next talk are never older than that."""


class IceServer(TypedDict, total=False):
    """One of RTCConfiguration.iceServers."""

    urls: list[str]
    username: str
    credential: str


def turn_credentials(secret: str, terminal: str, now: int, life_s: int = LIFE_S) -> tuple[str, str]:
    """Return username and credential for a terminal from `now` (ms) on: `{expiry in s}:{terminal}` and its
    HMAC-SHA1 under the shared secret in base64."""
    username = f"{now // 1000 + life_s}:{terminal}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode("ascii")


def ice_servers(
    stun: Sequence[str], turn: Sequence[str], secret: str, terminal: str, now: int
) -> list[IceServer]:
    """Return the servers a terminal may use now (ms); nothing where the hub knows none."""
    servers: list[IceServer] = []
    if stun:
        servers.append({"urls": list(stun)})
    if turn:
        username, credential = turn_credentials(secret, terminal, now)
        servers.append({"urls": list(turn), "username": username, "credential": credential})
    return servers
