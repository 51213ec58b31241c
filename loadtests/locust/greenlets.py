"""The little of gevent that the plays use, with types. Importing Locust has changed the sockets of this
process: plain `socket` and `http.client` wait in their greenlet alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import locust as locust  # isort: skip - changes the sockets before anything else is imported
import gevent  # type: ignore[import-untyped]
from gevent.event import Event as _Event  # type: ignore[import-untyped]
from gevent.lock import Semaphore as _Semaphore  # type: ignore[import-untyped]


def spawn(work: Callable[..., object], *arguments: object) -> Any:
    """Begin a greenlet."""
    return gevent.spawn(work, *arguments)


def pause(seconds: float) -> None:
    """Let others run for so long."""
    gevent.sleep(seconds)


def join_all(greenlets: Iterable[Any], within_s: float) -> int:
    """Wait for greenlets to end; returns how many did not, which are ended then. Raises what they raised."""
    begun = list(greenlets)
    ended = gevent.joinall(begun, timeout=within_s, raise_error=True)
    gevent.killall([one for one in begun if one not in ended])
    return len(begun) - len(ended)


def make_event() -> Any:
    """An event: `set()`, `is_set()`, `wait(seconds)`."""
    return _Event()


def make_lock() -> Any:
    """A lock for `with`."""
    return _Semaphore()
