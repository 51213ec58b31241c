"""One document between the two hubs: a peer of the local host whose other end is the hub above.

What the local room says to its readers goes up as far as it belongs there; what comes down is heard as from
any terminal, and stored here before it is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from ward_sync.awareness import Entry, decode_awareness, encode_awareness
from ward_sync.codec import decode, encode
from ward_sync.messages import (
    Awareness,
    Close,
    Message,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)

from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.peer import Peer
from ward_hub.fan_out.frames import WireFrame
from ward_hub.upstream.documents import goes_up, has_calls, is_presence


class Events(Protocol):
    """What a line tells of."""

    def stored(self, document: str) -> None:
        """Something that came down is on the disk."""
        ...

    def refused(self, document: str) -> None:
        """Something that came down could not be taken."""
        ...

    def changed(self, document: str) -> None:
        """The local document has changed."""
        ...

    def closed(self, document: str) -> None:
        """The local host has closed the document for the line."""
        ...


class Line:
    """A `Connection` of the host. `send` takes a frame for the socket to the hub above."""

    def __init__(
        self, host: Host, document: str, salt: bytes, send: Callable[[bytes], None], events: Events
    ) -> None:
        """`salt` is the link's: presence travels under client ids of its own (UP6)."""
        self.document = document
        self.peer: Peer | None = None
        self.granted = False
        self._host = host
        self._salt = salt
        self._send = send
        self._events = events
        self._answering = 0

    # From the local room

    def push(self, frame: WireFrame) -> None:
        message = decode(frame.payload).message
        if isinstance(message, Update | SyncStep2):
            if goes_up(self.document):
                self._send(frame.payload)
            self._events.changed(self.document)
        elif isinstance(message, Awareness):
            if is_presence(self.document):
                self._send(encode(self.document, self._renamed(message)))
        elif isinstance(message, SyncStep1):
            # The answer to the question of the hub above holds one; else the room asks for what it lost.
            if self._answering:
                self._answering -= 1
            else:
                self._send(frame.payload)
        elif isinstance(message, SyncStatus):
            (self._events.stored if message.stored else self._events.refused)(self.document)
        elif isinstance(message, Close):
            self._send(encode(self.document, Close()))
            self._events.closed(self.document)

    def close(self, code: int) -> None:
        self._events.closed(self.document)

    # From the hub above

    def hear(self, message: Message) -> None:
        """Take what the hub above says about the document, but for stateless frames and receipts."""
        if self.peer is None or not self.peer.open:
            return
        if isinstance(message, SyncStep1):
            if goes_up(self.document):
                self._answering += 1
                self._host.hear(self.peer, message)
        elif isinstance(message, Awareness):
            self._host.hear(self.peer, self._renamed(message))
        elif isinstance(message, Update | SyncStep2):
            self._host.hear(self.peer, message)

    def say(self, payload: str) -> None:
        """Send a stateless frame up."""
        self._send(encode(self.document, Stateless(payload)))

    @property
    def takes_facts(self) -> bool:
        return self.granted and has_calls(self.document)

    def _renamed(self, message: Awareness) -> Awareness:
        """The same states under this link's client ids: clocks of an older link must not hide them."""
        entries = decode_awareness(message.payload)
        renamed = [Entry(self._client(entry.client), entry.clock, entry.state) for entry in entries]
        return Awareness(encode_awareness(renamed))

    def _client(self, client: int) -> int:
        digest = hashlib.blake2b(client.to_bytes(8, "big"), key=self._salt, digest_size=4)
        return int.from_bytes(digest.digest(), "big")
