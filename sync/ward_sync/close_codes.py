"""The WebSocket close codes: one list, the same in pwa/src/core/protocol/close_codes.ts (rule CL1)."""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """Why the hub closed a socket. 1009 is RFC 6455's, the others Hocuspocus' (4409 is ours)."""

    TOO_BIG = 1009
    """A message over the frame limit, or a reader that lets more pile up than the hub keeps for it."""
    SERVICE_RESTART = 1012
    """This hub ends; another one of the installation takes the terminal at once."""
    RESET = 4205
    """Replaced by a newer socket of the same terminal, or over a limit; connect again."""
    UNAUTHORIZED = 4401
    """A frame whose envelope cannot be read, or no sign-in within the time for it."""
    FORBIDDEN = 4403
    """The terminal's key has been revoked."""
    TIMEOUT = 4408
    """Nothing heard for too long."""
    OPENED_ELSEWHERE = 4409
    """Another page holds this terminal."""
