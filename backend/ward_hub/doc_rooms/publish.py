"""Making root maps equal to plain values, writing only the keys that changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pycrdt import Doc, Map

from ward_hub.documents.port import Json, Roots


def publish_edit(roots: Roots) -> Callable[[Doc[Any]], None]:
    """Return the edit that makes the named root maps equal to `roots`."""

    def edit(doc: Doc[Any]) -> None:
        for name, wanted in roots.items():
            _level(doc.get(name, type=Map), wanted)

    return edit


def _level(root: Map[Any], wanted: Mapping[str, Json]) -> None:
    have: dict[str, Any] = root.to_py() or {}
    for key in have:
        if key not in wanted:
            del root[key]
    for key, value in wanted.items():
        if key not in have or not same(have[key], value):
            root[key] = value


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
