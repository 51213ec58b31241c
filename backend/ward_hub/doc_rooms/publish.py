"""Making root maps equal to plain values, writing only the keys that changed.

The values of a root lie one level down, in a map that is now and then replaced by a fresh one. Whatever was
overwritten in the old map then becomes one run of garbage, and the document is as small as on its first day:
40,000 overwrites of 46 keys take 219 KB in a flat map and 1 KB so (docs/adr/0014-documents-stay-small.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pycrdt import Doc, Map
from ward_sync.update import parse_state_vector

from ward_hub.documents.port import SINCE, VALUES, Json, Roots, values_of

RENEW_AFTER = 1_000
"""Writes to a document after which a root that changes gets a fresh map: some 6 KB of overwritten keys."""


def publish_edit(roots: Roots) -> Callable[[Doc[Any]], None]:
    """Return the edit that makes the named root maps equal to `roots`."""

    def edit(doc: Doc[Any]) -> None:
        written = sum(parse_state_vector(doc.get_state()).values())
        for name, wanted in roots.items():
            _level(doc, name, wanted, written)

    return edit


def _level(doc: Doc[Any], name: str, wanted: Mapping[str, Json], written: int) -> None:
    root = doc.get(name, type=Map)
    have = values_of(doc, name)
    gone = [key for key in have if key not in wanted]
    news = {key: value for key, value in wanted.items() if key not in have or not same(have[key], value)}
    values = root.get(VALUES)
    if not isinstance(values, Map):
        for key in list(root.keys()):
            del root[key]
    elif not gone and not news:
        return
    elif written - root[SINCE] < RENEW_AFTER:
        for key in gone:
            del values[key]
        for key, value in news.items():
            values[key] = value
        return
    root[VALUES] = Map(dict(wanted))
    root[SINCE] = written


def same(stored: Any, wanted: Any) -> bool:
    """Whether a stored value equals a wanted one: numbers by value (pycrdt gives floats), true is not 1."""
    if isinstance(stored, bool) or isinstance(wanted, bool):
        return stored is wanted
    if isinstance(wanted, dict):
        return (
            isinstance(stored, dict)
            and stored.keys() == wanted.keys()
            and all(same(stored[key], value) for key, value in wanted.items())
        )
    if isinstance(wanted, list):
        return (
            isinstance(stored, list)
            and len(stored) == len(wanted)
            and all(same(one, other) for one, other in zip(stored, wanted, strict=True))
        )
    return bool(stored == wanted)
