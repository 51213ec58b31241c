"""What is said when a new password cannot be taken: the hospital's rule, in both languages."""

from __future__ import annotations

from ward_hub.edge.errors import WardError
from ward_hub.identity.passwords import MAX_CHARS
from ward_hub.identity.staff import PasswordUsed, WeakPassword
from ward_hub.office.port import Problem


def password_refused(error: WeakPassword | PasswordUsed) -> WardError:
    """The refusal to answer with: `password_weak` or `password_used`, with one problem."""
    if isinstance(error, WeakPassword):
        chars, chars_zh = f"{error.min_chars} to {MAX_CHARS}", f"{error.min_chars} 至 {MAX_CHARS}"
        return _refused(
            "password_weak",
            f"Expected {chars} characters of three of: small, capital, digit, other.",
            f"密码需 {chars_zh} 位，且包含大写、小写、数字、符号中的三类。",
        )
    return _refused(
        "password_used",
        f"Expected none of the last {error.last} passwords.",
        f"不能使用最近 {error.last} 次用过的密码。",
    )


def _refused(code: str, message: str, message_zh: str) -> WardError:
    return WardError(code, problems=[Problem(0, "password", message, message_zh)])
