"""Signed bodies as bytes: canonical JSON, and the wire form of signature and body. Pure.

What a body may hold is facts.py's for call facts (CF) and ward_signalling's for signals (SG).
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final, NoReturn, TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

SIGNATURE_BYTES: Final = 64
# The largest integer a browser holds exactly.
MAX_INTEGER: Final = 2**53 - 1


class NotCanonical(ValueError):
    """Bytes or text that are not in the one form."""


class TooLarge(NotCanonical):
    """More bytes than such a body may have."""


def encode_canonical(value: Mapping[str, Json]) -> bytes:
    """Return the one form of an object: sorted keys, separators `,` and `:`, ASCII only (CF1)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def parse_canonical(data: bytes) -> dict[str, Json]:
    """Read an object that must be exactly in its one form; numbers are integers (CF1 to CF3).

    The caller has looked at the size. Raises NotCanonical.
    """
    try:
        value = json.loads(
            data.decode("ascii"), object_pairs_hook=_unique, parse_float=_no_number, parse_constant=_no_number
        )
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise NotCanonical(f"body is not canonical JSON: {error}") from error
    if not isinstance(value, dict):
        raise NotCanonical("body is not an object")
    try:
        same = encode_canonical(value) == data
    except RecursionError as error:
        raise NotCanonical("body is too deep") from error
    if not same:
        raise NotCanonical("body is not in canonical form")
    return value


def encode_signed(signature: bytes, data: bytes) -> str:
    """Return signature ‖ body in standard base64 (CF7). Raises NotCanonical unless it has 64 bytes."""
    if len(signature) != SIGNATURE_BYTES:
        raise NotCanonical(f"signature has {len(signature)} bytes, expected {SIGNATURE_BYTES}")
    return base64.b64encode(signature + data).decode("ascii")


def decode_signed(wire: str, max_body_bytes: int) -> tuple[bytes, bytes]:
    """Return signature and body of a wire text (CF7). Raises NotCanonical, or TooLarge."""
    # Base64 takes 4 characters for 3 bytes: refuse the over-long before decoding it.
    if len(wire) > (SIGNATURE_BYTES + max_body_bytes + 2) // 3 * 4:
        raise TooLarge(f"wire has {len(wire)} characters")
    try:
        raw = base64.b64decode(wire.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise NotCanonical(f"wire is not base64: {error}") from error
    if base64.b64encode(raw).decode("ascii") != wire or len(raw) <= SIGNATURE_BYTES:
        raise NotCanonical("wire is not canonical base64 of signature and body")
    data = raw[SIGNATURE_BYTES:]
    if len(data) > max_body_bytes:
        raise TooLarge(f"body has {len(data)} bytes, at most {max_body_bytes}")
    return raw[:SIGNATURE_BYTES], data


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not an integer")
