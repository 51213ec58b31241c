"""Which signals are new: one line a sender, of its session, sequence, fingerprint and candidates.

A plain state table; rules SG11 to SG15. The signature, the directory and who may are looked at before.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from ward_signalling.errors import Refusal
from ward_signalling.messages import Candidate, Close, Description, Signal

MAX_CANDIDATES: Final = 64
"""After one description: a terminal has a handful of addresses; each is tried against all of the other's."""
MAX_CONNECTIONS: Final = 16
"""Connections of one sender whose candidates are counted; there is one at a time, and its successors."""
MAX_ENDED: Final = 64
"""Sessions of one sender that are known to be over."""
_LINE: Final = re.compile(r"[\r\n]+")


@dataclass(slots=True)
class _Sender:
    session: str
    began_at: int
    seq: int = 0
    fingerprint: str | None = None
    candidates: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """Connection → candidates taken since its last description."""
    ended: OrderedDict[str, None] = field(default_factory=OrderedDict)


class Inbox:
    """What one terminal has taken. Grows with the senders, which the directory limits."""

    def __init__(self, terminal: str, ward: str) -> None:
        self._terminal = terminal
        self._ward = ward
        self._senders: dict[str, _Sender] = {}

    def session(self, sender: str) -> str | None:
        """Return the sender's session as its signals tell it, or None before the first."""
        known = self._senders.get(sender)
        return known.session if known is not None else None

    def accept(self, signal: Signal, now: int) -> Refusal | None:
        """Take a verified signal: return None, or why not; what is refused changes nothing.

        `now` in ms, on the clock that `at` is told by.
        """
        if signal.to != self._terminal:
            return Refusal.NOT_FOR_ME
        if signal.ward != self._ward:
            return Refusal.WRONG_WARD
        known = self._senders.get(signal.sender)
        sender = known
        if sender is None or sender.session != signal.session:
            if known is not None and (signal.session in known.ended or signal.at < known.began_at):
                return Refusal.OLD_SESSION
            # A clock that ran ahead at one start must not shut out the next one (SG12).
            sender = _Sender(signal.session, min(signal.at, now))
        refusal = _look(sender, signal)
        if refusal is not None:
            return refusal
        if known is not None and sender is not known:
            sender.ended = _and_newest(known.ended, known.session)
        self._senders[signal.sender] = sender
        _take(sender, signal)
        return None


def fingerprints_of(sdp: str) -> frozenset[str]:
    """Return what the SDP's `a=fingerprint` lines say, whole: one that is spelled otherwise fits nothing."""
    lines = [line for line in _LINE.split(sdp) if line.lower().startswith("a=fingerprint")]
    return frozenset(line.removeprefix("a=fingerprint:") for line in lines)


def _look(sender: _Sender, signal: Signal) -> Refusal | None:
    if signal.seq <= sender.seq:
        return Refusal.REPLAY
    if isinstance(signal, Description) and (
        fingerprints_of(signal.sdp) != {signal.fingerprint}
        or sender.fingerprint not in (None, signal.fingerprint)
    ):
        return Refusal.FINGERPRINT
    if isinstance(signal, Candidate) and sender.candidates.get(signal.connection, 0) >= MAX_CANDIDATES:
        return Refusal.TOO_MANY
    return None


def _take(sender: _Sender, signal: Signal) -> None:
    sender.seq = signal.seq
    if isinstance(signal, Description):
        sender.fingerprint = signal.fingerprint
        _count(sender, signal.connection, 0)
    elif isinstance(signal, Candidate):
        _count(sender, signal.connection, sender.candidates.get(signal.connection, 0) + 1)
    elif isinstance(signal, Close):
        sender.candidates.pop(signal.connection, None)


def _count(sender: _Sender, connection: str, candidates: int) -> None:
    sender.candidates[connection] = candidates
    sender.candidates.move_to_end(connection)
    if len(sender.candidates) > MAX_CONNECTIONS:
        sender.candidates.popitem(last=False)


def _and_newest(ended: OrderedDict[str, None], session: str) -> OrderedDict[str, None]:
    ended = OrderedDict(ended)
    ended[session] = None
    if len(ended) > MAX_ENDED:
        ended.popitem(last=False)
    return ended
