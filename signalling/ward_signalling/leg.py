"""The life of one end of a talk: states, events, one table. Rules SG21 to SG23 of signalling/SPEC.md."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from ward_signalling.errors import LocalProtocolError

INVITING_MS: Final = 5_000
RINGING_MS: Final = 30_000
CONNECTING_MS: Final = 5_000
INVITING_MOST_MS: Final = RINGING_MS + INVITING_MS
"""How long who invites waits while the other says that it rings (SG22); without a word INVITING_MS."""
SILENT_MS: Final = 5_000
"""Neither a word nor a packet of sound for so long while open or held: lost."""
LOOK_MS: Final = 1_000
"""Silence is judged so often: at the look after which SILENT_MS would be over before the next (SG23)."""


class LegState(StrEnum):
    """`ringing`: to be accepted by hand; who accepts by itself begins at `connecting`."""

    INVITING = "inviting"
    RINGING = "ringing"
    CONNECTING = "connecting"
    OPEN = "open"
    HELD = "held"
    OVER = "over"


class LegEvent(StrEnum):
    """`accepted`, `busy`, `bye` come from the other; `refused`: both sides share no codec."""

    ACCEPTED = "accepted"
    ACCEPT = "accept"
    REFUSE = "refuse"
    BUSY = "busy"
    MEDIA = "media"
    REFUSED = "refused"
    HOLD = "hold"
    RESUME = "resume"
    TRANSFERRED = "transferred"
    BYE = "bye"
    HANG_UP = "hang_up"
    LIMIT = "limit"
    TIMEOUT = "timeout"
    LOST = "lost"


_S, _E = LegState, LegEvent

TABLE: Final[Mapping[LegState, Mapping[LegEvent, LegState]]] = {
    _S.INVITING: {
        _E.ACCEPTED: _S.CONNECTING,
        _E.BUSY: _S.OVER,
        _E.BYE: _S.OVER,
        _E.HANG_UP: _S.OVER,
        _E.TIMEOUT: _S.OVER,
        _E.LOST: _S.OVER,
    },
    _S.RINGING: {
        _E.ACCEPT: _S.CONNECTING,
        _E.REFUSE: _S.OVER,
        _E.BYE: _S.OVER,
        _E.HANG_UP: _S.OVER,
        _E.TIMEOUT: _S.OVER,
        _E.LOST: _S.OVER,
    },
    _S.CONNECTING: {
        _E.MEDIA: _S.OPEN,
        _E.REFUSED: _S.OVER,
        _E.BYE: _S.OVER,
        _E.HANG_UP: _S.OVER,
        _E.TIMEOUT: _S.OVER,
        _E.LOST: _S.OVER,
    },
    _S.OPEN: {
        _E.HOLD: _S.HELD,
        _E.TRANSFERRED: _S.OVER,
        _E.BYE: _S.OVER,
        _E.HANG_UP: _S.OVER,
        _E.LIMIT: _S.OVER,
        _E.LOST: _S.OVER,
    },
    _S.HELD: {
        _E.RESUME: _S.OPEN,
        _E.TRANSFERRED: _S.OVER,
        _E.BYE: _S.OVER,
        _E.HANG_UP: _S.OVER,
        _E.LIMIT: _S.OVER,
        _E.LOST: _S.OVER,
    },
    _S.OVER: {},
}

TIMEOUTS_MS: Final[Mapping[LegState, int]] = {
    _S.INVITING: INVITING_MS,
    _S.RINGING: RINGING_MS,
    _S.CONNECTING: CONNECTING_MS,
}
"""State → after how long in it `timeout` comes, ms."""


def advance(state: LegState, event: LegEvent) -> LegState:
    """Return the next state. Raises LocalProtocolError for an event that does not fit (SG21)."""
    following = TABLE[state].get(event)
    if following is None:
        raise LocalProtocolError(f"{event} does not fit a leg that is {state}")
    return following
