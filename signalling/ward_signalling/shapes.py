"""What a value in a signal may look like: one reader a shape, each strict (SG2 to SG6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from ward_sync.canonical import MAX_INTEGER, Json

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")
_HEX: Final = re.compile(r"[0-9a-f]{16}")
_FACT_ID: Final = re.compile(r"[0-9a-f]{32}")
_FINGERPRINT: Final = re.compile(r"sha-256 [0-9A-F]{2}(:[0-9A-F]{2}){31}")
# ASCII only: what is counted in characters is then as long in every language.
_PRINTABLE: Final = re.compile(r"[ -~]*")
_LINES: Final = re.compile(r"[\t\r\n -~]*")


class Shapeless(ValueError):
    """A value that does not have the shape; the message says what was expected."""


def terminal_id(value: Json) -> str:
    """An id as in facts: 1 to 48 small letters, digits, `.`, `_`, `-`."""
    return _match(value, _ID)


def connection_id(value: Json) -> str:
    """16 hex digits, small: a connection, a talk, a session."""
    return _match(value, _HEX)


def fingerprint(value: Json) -> str:
    """As an SDP's `a=fingerprint` says it: `sha-256` and 32 pairs of capital hex digits."""
    return _match(value, _FINGERPRINT)


def flag(value: Json) -> int:
    """0 or 1."""
    if type(value) is not int or value not in (0, 1):
        raise Shapeless("is neither 0 nor 1")
    return value


def integer(least: int) -> Callable[[Json], int]:
    """An integer from `least` to 2^53-1."""

    def read(value: Json) -> int:
        if type(value) is not int or not least <= value <= MAX_INTEGER:
            raise Shapeless(f"is not an integer from {least} to 2^53-1")
        return value

    return read


def choice(words: Iterable[str]) -> Callable[[Json], str]:
    """One of some words; an enum's member comes back as such."""
    known = {str(word): word for word in words}

    def read(value: Json) -> str:
        if not isinstance(value, str) or value not in known:
            raise Shapeless(f"is none of {sorted(known)}")
        return known[value]

    return read


def ascii_text(least: int, most: int, *, line_ends: bool = False) -> Callable[[Json], str]:
    """Printable ASCII of so many characters, with line ends and tabs where they belong."""
    pattern = _LINES if line_ends else _PRINTABLE

    def read(value: Json) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most or not pattern.fullmatch(value):
            raise Shapeless(f"is not {least} to {most} characters of ASCII")
        return value

    return read


def fact_ids(most: int) -> Callable[[Json], tuple[str, ...]]:
    """0 to `most` call ids, sorted, each once."""
    return _sorted(_FACT_ID, 0, most)


def terminal_ids(most: int) -> Callable[[Json], tuple[str, ...]]:
    """1 to `most` terminals, sorted, each once."""
    return _sorted(_ID, 1, most)


def _sorted(pattern: re.Pattern[str], least: int, most: int) -> Callable[[Json], tuple[str, ...]]:
    def read(value: Json) -> tuple[str, ...]:
        items = value if isinstance(value, list) else []
        texts = [item for item in items if isinstance(item, str) and pattern.fullmatch(item)]
        if value != texts or sorted(set(texts)) != texts or not least <= len(texts) <= most:
            raise Shapeless(f"is not a list of {least} to {most} ids, sorted, each once")
        return tuple(texts)

    return read


def _match(value: Json, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Shapeless(f"does not match {pattern.pattern}")
    return value
