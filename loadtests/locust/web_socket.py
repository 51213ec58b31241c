"""A WebSocket client of as little Python as will do: RFC 6455 from the client's side, on a plain socket.

Binary messages in one frame each, as the hub sends them; no extensions. Under gevent each call waits in its
greenlet; several may send, one may receive.
"""

from __future__ import annotations

import base64
import os
import socket

from loadtests.lean_socket import client_frame
from loadtests.locust.greenlets import make_lock

_READ_BYTES = 1 << 18
_BINARY, _CLOSE, _PING = 2, 8, 9
_NORMAL = b"\x03\xe8"


class SocketLost(Exception):
    """The hub closed the socket, or would not open it. Says with which code."""


class WebSocket:
    """One open socket."""

    def __init__(self, host: str, port: int, path: str, patience_s: float) -> None:
        """Connect and shake hands. Raises OSError, SocketLost."""
        self._rest = b""
        self._lock = make_lock()
        self._socket = socket.create_connection((host, port), timeout=patience_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            data = self._socket.recv(4096)
            if not data:
                raise SocketLost("the hub closed the connection before the handshake")
            head += data
        head, _, self._rest = head.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise SocketLost(f"expected 101, got {head[:40]!r}")
        self._socket.settimeout(None)

    def send(self, *payloads: bytes) -> None:
        """Send binary messages, in one go. Raises OSError."""
        self._write(b"".join(map(client_frame, payloads)))

    def receive(self) -> list[bytes]:
        """Wait for the next binary messages; at least one. Raises OSError, SocketLost."""
        while True:
            found, self._rest = self._cut(self._rest)
            if found:
                return found
            data = self._socket.recv(_READ_BYTES)
            if not data:
                raise SocketLost("closed without a code")
            self._rest = self._rest + data if self._rest else data

    def close(self) -> None:
        """Say so and close."""
        try:
            self._write(b"\x88" + client_frame(_NORMAL)[1:])
        except OSError:
            pass
        finally:
            self._socket.close()

    def _write(self, data: bytes) -> None:
        with self._lock:  # a long write may wait in the middle, and another must not come between
            self._socket.sendall(data)

    def _cut(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Cut whole frames off; answers pings. Raises SocketLost at a close."""
        found: list[bytes] = []
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if end < start or end < start + size:
                break
            opcode, payload = data[at] & 0x0F, data[start : start + size]
            if not data[at] & 0x80:
                raise SocketLost("expected whole messages, got a fragment")
            at = start + size
            if opcode == _BINARY:
                found.append(payload)
            elif opcode == _PING:
                self._write(b"\x8a" + client_frame(payload)[1:])
            elif opcode == _CLOSE:
                code, why = int.from_bytes(payload[:2], "big"), payload[2:].decode("utf-8", "replace")
                raise SocketLost(f"closed with {code} {why}".rstrip())
        return found, data[at:] if at else data
