"""Glare: both sides of a connection act at once. The polite-peer rule of W3C WebRTC 1.0, section 10.7."""

from enum import StrEnum

from ward_sync.directory import TerminalEntry

from ward_signalling.allowed import dials


class OnOffer(StrEnum):
    """What to do with an offer. `rollback`: give up the own one, then take it."""

    TAKE = "take"
    ROLLBACK = "rollback"
    IGNORE = "ignore"


def is_polite(*, dialled: bool) -> bool:
    """Who dialled the connection is the impolite peer (SG18)."""
    return not dialled


def on_offer(*, polite: bool, making_offer: bool, stable: bool) -> OnOffer:
    """Return what becomes of an offer that comes in (SG19).

    `making_offer`: an own offer is being made or sent; `stable`: the signalling state is, or an answer that
    makes it so is just being applied.
    """
    if not making_offer and stable:
        return OnOffer.TAKE
    return OnOffer.ROLLBACK if polite else OnOffer.IGNORE


def keeps_own(own: TerminalEntry, other: TerminalEntry) -> bool:
    """Whether one's own connection stays when both have dialled the other at once (SG20)."""
    return dials(own, other)
