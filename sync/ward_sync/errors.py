"""What can go wrong with bytes: our own mistakes and the peer's, each with a closed code.

The manner is h11's: a LocalProtocolError is a bug in this program, a RemoteProtocolError is something the
peer sent and never a reason to crash.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Why bytes were refused. Closed list; stands in sync/vectors/frames.json too."""

    TRUNCATED = "truncated"
    LEFTOVER = "leftover"
    NUMBER = "number"
    UTF8 = "utf8"
    ADDRESS = "address"
    UNKNOWN_TYPE = "unknown_type"
    UNEXPECTED = "unexpected"
    TOO_LARGE = "too_large"
    JSON = "json"
    UPDATE = "update"


class ProtocolError(Exception):
    """Root of this package's errors."""

    def __init__(self, code: ErrorCode, text: str, address: str | None = None) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.address = address
        """Address of the frame when its envelope could be read (rule FR8), else None."""


class LocalProtocolError(ProtocolError):
    """This program tried to send what the protocol does not have."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what the protocol does not have."""
