"""What Firefox and a push service say to each other (autopush, WebSocket text frames of JSON). No I/O.

Mozilla's autopush documentation, "Push Service WebSocket Protocol"; as Firefox ESR 153 speaks it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

MAX_FRAME_CHARS = 8192
"""Clients send short frames: keys and ids."""
MAX_UPDATES = 64
_CLIENT = re.compile(r"[0-9a-f]{32}")
_CHANNEL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSION = re.compile(r"[A-Za-z0-9_-]{22}")
MAX_KEY_CHARS = 128


class ProtocolError(Exception):
    """A frame that is none of the protocol's; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The client comes; `client`: who it was last time, None when it was nobody we know the form of."""

    client: str | None


@dataclass(frozen=True, slots=True)
class Register:
    """A subscription is asked for; `key`: the application server's, base64url, None without one."""

    channel: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Unregister:
    channel: str


@dataclass(frozen=True, slots=True)
class Ack:
    """These messages arrived, and were delivered (code 100) or not; either way they are over."""

    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """A message arrived and could not be delivered; `code` 301 not decrypted, 302 its handler failed."""

    version: str
    code: int


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Other:
    """Known to the protocol, of no use here (broadcast_subscribe), or newer than this service."""


ClientMessage = Hello | Register | Unregister | Ack | Nack | Ping | Other


def parse(text: str) -> ClientMessage:
    """Read a client's frame. Raises ProtocolError."""
    if len(text) > MAX_FRAME_CHARS:
        raise ProtocolError(f"expected at most {MAX_FRAME_CHARS} characters, got {len(text)}")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolError("expected JSON") from None
    if not isinstance(value, dict):
        raise ProtocolError("expected an object")
    if not value:
        return Ping()
    match value.get("messageType"):
        case "hello":
            client = value.get("uaid")
            known = isinstance(client, str) and _CLIENT.fullmatch(client) is not None
            return Hello(client if known else None)
        case "register":
            return Register(_text(value, "channelID", _CHANNEL), _key(value))
        case "unregister":
            return Unregister(_text(value, "channelID", _CHANNEL))
        case "ack":
            return Ack(_versions(value))
        case "nack":
            code = value.get("code")
            return Nack(_text(value, "version", _VERSION), code if type(code) is int else 0)
        case "ping":
            return Ping()
        case str():
            return Other()
        case _:
            raise ProtocolError("expected a messageType")


def hello(client: str) -> str:
    return _frame("hello", uaid=client, status=200, use_webpush=True, broadcasts={})


def registered(channel: str, endpoint: str) -> str:
    return _frame("register", channelID=channel, status=200, pushEndpoint=endpoint)


def not_registered(channel: str, status: int) -> str:
    """`status` 401: not this hub's key, 500: no room."""
    return _frame("register", channelID=channel, status=status, pushEndpoint="")


def unregistered(channel: str) -> str:
    return _frame("unregister", channelID=channel, status=200)


def notification(channel: str, version: str, data: str) -> str:
    """`data`: the encrypted body in base64url."""
    headers = {"encoding": "aes128gcm"}
    return _frame("notification", channelID=channel, version=version, data=data, headers=headers)


PONG = "{}"


def _frame(kind: str, **values: object) -> str:
    return json.dumps({"messageType": kind, **values}, separators=(",", ":"))


def _text(value: dict[str, Any], name: str, form: re.Pattern[str]) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not form.fullmatch(text):
        raise ProtocolError(f"expected {name} to be {form.pattern}")
    return text


def _key(value: dict[str, Any]) -> str | None:
    key = value.get("key")
    if key is None:
        return None
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_CHARS:
        raise ProtocolError("expected key to be a public key in base64url")
    return key.rstrip("=")


def _versions(value: dict[str, Any]) -> tuple[str, ...]:
    updates = value.get("updates")
    if not isinstance(updates, list) or len(updates) > MAX_UPDATES:
        raise ProtocolError(f"expected at most {MAX_UPDATES} updates")
    found = [update.get("version") for update in updates if isinstance(update, dict)]
    return tuple(version for version in found if isinstance(version, str) and _VERSION.fullmatch(version))
