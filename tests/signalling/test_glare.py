"""Both sides act at once (SG18 to SG20)."""

from __future__ import annotations

from ward_signalling.glare import OnOffer, is_polite, keeps_own, on_offer
from ward_sync.directory import TerminalEntry


def terminal(name: str, kind: str) -> TerminalEntry:
    return TerminalEntry(name, kind, None, None, None, "active", True)


def test_who_dialled_is_impolite() -> None:
    """SG18."""
    assert is_polite(dialled=False)
    assert not is_polite(dialled=True)


def test_an_offer_without_glare_is_taken_by_both() -> None:
    """SG19."""
    for polite in (True, False):
        assert on_offer(polite=polite, making_offer=False, stable=True) is OnOffer.TAKE


def test_of_two_offers_the_impolite_ones_stays() -> None:
    """SG19: while it is being made, and while it waits for its answer."""
    for making, stable in ((True, True), (False, False), (True, False)):
        assert on_offer(polite=True, making_offer=making, stable=stable) is OnOffer.ROLLBACK
        assert on_offer(polite=False, making_offer=making, stable=stable) is OnOffer.IGNORE


def test_of_two_connections_both_sides_keep_the_same() -> None:
    """SG20: two who have no link between them invite each other at once."""
    pda, bed = terminal("pda-01", "pda"), terminal("bed-b01", "bedside")
    assert keeps_own(pda, bed)
    assert not keeps_own(bed, pda)
