"""Challenges hold for one terminal, one time, one minute; asking for many costs nobody anything."""

from __future__ import annotations

import pytest
from ward_hub.identity import challenge as module
from ward_hub.identity.challenge import LIFE_MS, Challenges
from ward_hub.identity.errors import IdentityCode, IdentityRefused

from tests.backend.ward import NOW


def refused(challenges: Challenges, terminal: str, challenge: str, now: int = NOW) -> bool:
    with pytest.raises(IdentityRefused) as refusal:
        challenges.use(terminal, challenge, now)
    return refusal.value.code is IdentityCode.CHALLENGE_INVALID


def test_a_challenge_is_used_once_by_its_terminal_in_time() -> None:
    challenges = Challenges()
    given = challenges.give("bed-b01", NOW)
    assert refused(challenges, "bed-b02", given)
    assert refused(challenges, "bed-b01", given, NOW + LIFE_MS)
    challenges.check("bed-b01", given, NOW + LIFE_MS - 1)
    challenges.use("bed-b01", given, NOW + LIFE_MS - 1)
    assert refused(challenges, "bed-b01", given)


def test_no_two_are_the_same_and_none_can_be_made_up() -> None:
    challenges = Challenges()
    given = [challenges.give("bed-b01", NOW) for _ in range(100)]
    assert len(set(given)) == 100
    swapped = ("A" if given[0][0] != "A" else "B") + given[0][1:]
    for wrong in ("", "x", swapped, given[0] + "=", given[0] + "AAAA", "é" * 54, given[0][:-1] + "!"):
        assert refused(challenges, "bed-b01", wrong)
    assert refused(Challenges(), "bed-b01", given[0]), "another hub's"


def test_the_memory_of_used_ones_is_bounded_and_empties(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_USED", 2)
    challenges = Challenges()
    for _ in range(2):
        challenges.use("bed-b01", challenges.give("bed-b01", NOW), NOW)
    late = challenges.give("bed-b01", NOW + 1)
    with pytest.raises(IdentityRefused) as refusal:
        challenges.use("bed-b01", late, NOW + 1)
    assert refusal.value.code is IdentityCode.TOO_MANY_TRIES
    assert refusal.value.retry_at is not None
    challenges.use("bed-b01", late, NOW + LIFE_MS)
