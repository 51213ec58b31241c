"""What a crowd of sockets has made leaves the garbage collector's walks, and comes back when it has gone."""

from __future__ import annotations

import gc

import pytest
from ward_hub.edge.server import Crowd


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []
    for name in ("freeze", "unfreeze", "collect"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))
    return done


def test_once_the_crowd_has_come_and_not_while_it_comes(done: list[str]) -> None:
    crowd = Crowd()
    for sockets in (0, 150, 3_000, 3_300):
        crowd.look(sockets)
    assert done == []
    crowd.look(3_300)
    crowd.look(3_300)
    crowd.look(3_400)
    assert done == ["freeze"]


def test_a_crowd_that_has_gone_is_walked_through_again(done: list[str]) -> None:
    crowd = Crowd()
    for sockets in (3_300, 3_300, 1_700, 1_600, 1_600):
        crowd.look(sockets)
    assert done == ["freeze", "unfreeze", "collect", "freeze", "freeze"]


def test_a_few_sockets_change_nothing(done: list[str]) -> None:
    crowd = Crowd()
    for sockets in (90, 90, 150, 150, 20):
        crowd.look(sockets)
    assert done == []
