"""The ICE servers of the settings, as a terminal gets them with its token (rule SG24)."""

from __future__ import annotations

from ward_signalling.ice import IceServer, ice_servers


class IceServers:
    """What `stun`, `turn` and `turn_secret` of the settings name."""

    def __init__(self, stun: str, turn: str, turn_secret: str) -> None:
        """Raises ValueError for an address that is none, and for TURN servers without their secret."""
        self._stun = _urls("stun", stun, ("stun:", "stuns:"))
        self._turn = _urls("turn", turn, ("turn:", "turns:"))
        if self._turn and not turn_secret:
            raise ValueError("turn: expected turn_secret beside it, the static-auth-secret of coturn")
        self._secret = turn_secret

    def of(self, terminal: str, now: int) -> list[IceServer]:
        """Return the servers a terminal may use from now (ms) on, for an hour."""
        return ice_servers(self._stun, self._turn, self._secret, terminal, now)


def _urls(setting: str, text: str, schemes: tuple[str, ...]) -> tuple[str, ...]:
    urls = tuple(text.split())
    for url in urls:
        if not url.startswith(schemes) or url in schemes:
            raise ValueError(f"{setting}: expected {schemes[0]}host:port, got {url!r}")
    return urls
