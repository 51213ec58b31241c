"""Looking at a document someone else wrote: which roots it has, and whether each holds what its name says.

Root types do not travel in Yjs updates: a root is text, list or map by what lies in it. Reading one as
another type shows nothing, or (text read as a list, pycrdt 0.14) never returns, so text is looked at first.
"""

from __future__ import annotations

from typing import Any

from pycrdt import Array, Doc, Map, Text

Json = Any


def utf16_length(text: str) -> int:
    """Length as browsers and Yjs count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _text_chunks(doc: Doc[Any], name: str) -> list[tuple[Any, dict[str, Any] | None]]:
    return list(doc.get(name, type=Text).diff())


def _map_keys(doc: Doc[Any], name: str) -> list[str]:
    return list(doc.get(name, type=Map).keys())


def read_text(doc: Doc[Any], name: str) -> str | None:
    """Return the plain text of a root, or None when it holds anything else (formats, embeds, items, keys)."""
    chunks = _text_chunks(doc, name)
    if any(not isinstance(chunk, str) or attributes for chunk, attributes in chunks):
        return None
    if _map_keys(doc, name):
        return None
    text = "".join(str(chunk) for chunk, _ in chunks)
    # list items make the root longer than what can be read of it
    holds = len(doc.get(name, type=Text))
    return text if holds in (len(text.encode()), utf16_length(text)) else None


def read_list(doc: Doc[Any], name: str) -> list[Json] | None:
    """Return the items of a root list, or None when the root holds text or keys."""
    if _text_chunks(doc, name) or _map_keys(doc, name):
        return None
    items = doc.get(name, type=Array)
    return list(items.to_py() or [])


def read_map(doc: Doc[Any], name: str) -> dict[str, Json] | None:
    """Return the entries of a root map, or None when the root holds text or list items."""
    if _text_chunks(doc, name) or len(doc.get(name, type=Text)):
        return None
    return dict(doc.get(name, type=Map).to_py() or {})


def whole(value: object) -> int | None:
    """Return a whole number that travelled as one (pycrdt hands integers over as floats), else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None
