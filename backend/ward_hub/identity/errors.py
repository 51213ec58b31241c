"""Why identity says no: a closed list of codes. The edge turns them into answers and words."""

from __future__ import annotations

from enum import StrEnum


class IdentityCode(StrEnum):
    CODE_INVALID = "code_invalid"
    """The enrolment code is unknown, used, or too old."""
    KEY_INVALID = "key_invalid"
    """Not a point of P-256, or a key that another terminal has or had."""
    TERMINAL_UNKNOWN = "terminal_unknown"
    """No active terminal has this id and key; also said of revoked ones."""
    CHALLENGE_INVALID = "challenge_invalid"
    """The challenge is not ours, used, or too old."""
    SIGNATURE_INVALID = "signature_invalid"
    TOKEN_INVALID = "token_invalid"  # noqa: S105
    SIGN_IN_REFUSED = "sign_in_refused"
    """Number or password is wrong; which of them is not said."""
    SIGN_IN_LOCKED = "sign_in_locked"
    """Too many tries with this number. Without `retry_at` waiting does not help: the password does."""
    PIN_REFUSED = "pin_refused"
    """Number, PIN or badge is wrong; which of them is not said."""
    SIGN_IN_ELSEWHERE = "sign_in_elsewhere"
    """This person or this kind of terminal cannot sign in here."""
    TOO_MANY_TRIES = "too_many_tries"
    """Too many failures from this address or at this terminal."""


class IdentityRefused(Exception):
    """Identity says no. `retry_at` (ms) where waiting helps."""

    def __init__(self, code: IdentityCode, retry_at: int | None = None) -> None:
        super().__init__(code.value)
        self.code = code
        self.retry_at = retry_at


class TokenExpired(IdentityRefused):
    """The token was ours and is over: a new one helps."""

    def __init__(self) -> None:
        super().__init__(IdentityCode.TOKEN_INVALID)
