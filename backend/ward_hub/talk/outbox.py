"""The relay's own signals: who, where and when filled in, signed under the relay's key, handed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ward_signalling.messages import HUB_PARTY, Signal, encode_body, encode_signal

Sign = Callable[[bytes], bytes]
"""Body → raw r‖s under the relay's key (SG7)."""
Post = Callable[[str, str, str], bool]
"""(ward, terminal, wire): bring a signed signal to a terminal of the ward; False when it is not there."""


class Outbox:
    """`session`: 16 hex digits, new at each start of the hub; `clock` in ms."""

    def __init__(self, sign: Sign, post: Post, session: str, clock: Callable[[], int]) -> None:
        self._sign = sign
        self._post = post
        self._session = session
        self._clock = clock
        self._sent: Counter[tuple[str, str]] = Counter()

    def send(self, ward: str, terminal: str, kind: type[Signal], **body: Any) -> bool:
        """Send one signal; `body` are the fields of its kind. Returns whether the terminal was there.

        Raises LocalProtocolError for a body that no receiver would take.
        """
        self._sent[ward, terminal] += 1
        signal = kind(
            sender=HUB_PARTY,
            to=terminal,
            ward=ward,
            session=self._session,
            seq=self._sent[ward, terminal],
            at=self._clock(),
            **body,
        )
        data = encode_body(signal)
        return self._post(ward, terminal, encode_signal(self._sign(data), data))
