"""Whether a signal may go from its sender to its receiver: ward, parties, signature. Rule SG11.

What a relay and a receiver look at alike; whether the signal is new is the receiver's inbox.py.
"""

import base64
from collections.abc import Callable
from typing import TypeAlias

from ward_sync.directory import Directory

from ward_signalling.allowed import allowed
from ward_signalling.errors import Refusal
from ward_signalling.messages import HUB_PARTY, WireSignal

Verify: TypeAlias = Callable[[bytes, bytes, bytes], bool]
"""(public point, 65 bytes; body; raw signature, 64 bytes) → whether it holds."""


def judge(wire: WireSignal, directory: Directory, verify: Verify) -> Refusal | None:
    """Return why the signal is refused, or None when it may pass; what costs most comes last."""
    signal = wire.signal
    if signal.ward != directory.ward.id:
        return Refusal.WRONG_WARD
    for party in (signal.sender, signal.to):
        refusal = _known(party, directory)
        if refusal is not None:
            return refusal
    if not allowed(signal.sender, signal.to, directory):
        return Refusal.NOT_ALLOWED
    point = _point(_key(signal.sender, directory))
    return None if point and verify(point, wire.data, wire.signature) else Refusal.BAD_SIGNATURE


def _known(party: str, directory: Directory) -> Refusal | None:
    if party == HUB_PARTY:
        return None
    terminal = directory.terminals.get(party)
    if terminal is None or terminal.state not in ("active", "revoked"):
        return Refusal.UNKNOWN_TERMINAL
    return Refusal.REVOKED if terminal.state == "revoked" else None


def _key(party: str, directory: Directory) -> str | None:
    return directory.ward.relay_key if party == HUB_PARTY else directory.terminals[party].key


def _point(key: str | None) -> bytes:
    """The directory's base64url as bytes; nothing where it is none."""
    try:
        return base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)) if key else b""
    except ValueError:
        return b""
