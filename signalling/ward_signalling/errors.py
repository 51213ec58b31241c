"""What can be wrong with a signal: the closed list of the wire, and the two sides an error can be on."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a signal is not taken. The first seven are also the hub's answers (SG16)."""

    MALFORMED = "malformed"
    WRONG_WARD = "wrong_ward"
    UNKNOWN_TERMINAL = "unknown_terminal"
    REVOKED = "revoked"
    NOT_ALLOWED = "not_allowed"
    BAD_SIGNATURE = "bad_signature"
    TOO_MANY = "too_many"
    NOT_FOR_ME = "not_for_me"
    OLD_SESSION = "old_session"
    REPLAY = "replay"
    FINGERPRINT = "fingerprint"


class SignallingError(Exception):
    """Base of this package's errors."""


class LocalProtocolError(SignallingError):
    """Our mistake: an event that does not fit, a message that cannot be sent."""


class RemoteProtocolError(SignallingError):
    """The other's mistake; `reason` is told to it."""

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason
