"""A message as an application server posts it (RFC 8030, 5): its headers, read strictly. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_BODY_BYTES = 4096
"""RFC 8030, 7.2: what every service must take; more, this one does not."""
MAX_TTL_S = 24 * 3600
URGENCIES = ("very-low", "low", "normal", "high")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")


class PostRefused(Exception):
    """`status` is the HTTP status; the message says what was expected."""

    def __init__(self, status: int, expected: str) -> None:
        super().__init__(expected)
        self.status = status


@dataclass(frozen=True, slots=True)
class Posted:
    """`ttl_s`: how long to keep it for a client that is away, 0 not at all."""

    ttl_s: int
    urgency: str
    topic: str | None
    body: bytes


def read_post(headers: Mapping[str, str], body: bytes) -> Posted:
    """Return the message. `headers` in small letters. Raises PostRefused."""
    if len(body) > MAX_BODY_BYTES:
        raise PostRefused(413, f"expected at most {MAX_BODY_BYTES} bytes")
    ttl = headers.get("ttl", "")
    if not re.fullmatch(r"\d{1,10}", ttl, re.ASCII):
        raise PostRefused(400, "expected a TTL in seconds")
    urgency = headers.get("urgency", "normal")
    if urgency not in URGENCIES:
        raise PostRefused(400, f"expected Urgency to be one of {', '.join(URGENCIES)}")
    topic = headers.get("topic")
    if topic is not None and not _TOPIC.fullmatch(topic):
        raise PostRefused(400, "expected a Topic of 1 to 32 characters of base64url")
    if headers.get("content-encoding") != "aes128gcm":
        raise PostRefused(415, "expected Content-Encoding aes128gcm")
    if not body:
        raise PostRefused(400, "expected a body")
    return Posted(min(int(ttl), MAX_TTL_S), urgency, topic, body)
