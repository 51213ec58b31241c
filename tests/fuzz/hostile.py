"""Updates that no honest replica writes, byte by byte, and honest ones to spoil."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText
from ward_sync.varint import encode_text, encode_uint

ROOT = b"\x01" + encode_text("m")
LAST = 2**32 - 1
GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = range(11)
LEFT, RIGHT, KEY = 0x80, 0x40, 0x20


def item(kind: int, content: bytes, place: bytes = ROOT, flags: int = 0) -> bytes:
    """One struct; `place` stands for its origins or its parent."""
    return bytes((kind | flags,)) + place + content


def at(client: int, clock: int) -> bytes:
    return encode_uint(client) + encode_uint(clock)


def update(
    structs: Mapping[int, tuple[int, Sequence[bytes]]],
    deletes: Mapping[int, Sequence[tuple[int, int]]] | None = None,
) -> bytes:
    """A v1 update: client → (first clock, structs), and client → (clock, length) deleted."""
    out = [encode_uint(len(structs))]
    for client, (clock, own) in structs.items():
        out += [encode_uint(len(own)), at(client, clock), *own]
    gone = deletes or {}
    out.append(encode_uint(len(gone)))
    for client, ranges in gone.items():
        out += [encode_uint(client), encode_uint(len(ranges)), *(at(clock, size) for clock, size in ranges)]
    return b"".join(out)


def nested_maps(levels: int, client: int = 5, first: int = 0, root: bytes = ROOT) -> bytes:
    """A Map in a Map in a Map: each level names its parent."""
    own = [item(TYPE, encode_text("k") + b"\x01", root, KEY)]
    own += [
        item(TYPE, encode_text("k") + b"\x01", b"\x00" + at(client, first + level), KEY)
        for level in range(levels - 1)
    ]
    return update({client: (first, own)})


def nested_beside(levels: int, client: int = 5) -> bytes:
    """Arrays in arrays, each behind a number: the inner one names its neighbour, not its parent."""
    number = b"\x01\x7d\x01"
    own = [item(TYPE, b"\x00", ROOT)]
    for level in range(1, levels):
        own.append(item(ANY, number, b"\x00" + at(client, 2 * level - 2)))
        own.append(item(TYPE, b"\x00", at(client, 2 * level - 1), LEFT))
    return update({client: (0, own)})


def nested_values(levels: int) -> bytes:
    """One value: a list in a list in a list."""
    return update({5: (0, [item(ANY, b"\x01" + b"\x75\x01" * levels + b"\x7e")])})


def number(client: int, clock: int, key: str = "k") -> bytes:
    """An honest little write."""
    return update({client: (clock, [item(ANY, encode_text(key) + b"\x01\x7d\x05", ROOT, KEY)])})


HOSTILE: dict[str, bytes] = {
    "maps in maps": nested_maps(65),
    "maps in maps, deep enough to end a process": nested_maps(100_000),
    "arrays behind numbers": nested_beside(65),
    "values in values": nested_values(33),
    "values in values, deep": nested_values(100_000),
    "JSON in JSON": update({5: (0, [item(JSON, b"\x01" + encode_text("[" * 90_000 + "]" * 90_000))])}),
    "a JSON embed nested deep": update({5: (0, [item(EMBED, encode_text("[" * 400 + "]" * 400))])}),
    "more client ids than one update may bring": update(
        {client: (0, [bytes((GC, 1))]) for client in range(20_001)}
    ),
    "client ids announced without end": encode_uint(2**53 - 1) + b"\x01\x01\x00",
    "structs announced without end": b"\x01" + encode_uint(2**53 - 1) + b"\x05\x00",
    "structs that cost nothing to announce": b"\x01" + encode_uint(200_000) + b"\x05\x00" + b"\x00\x01",
    "a clock over all clocks": update({5: (LAST, [bytes((GC, 2))])}),
    "a garbage run over all clocks": update({5: (0, [b"\x00" + encode_uint(LAST + 1)])}),
    "a gap over all clocks": update({5: (1, [b"\x0a" + encode_uint(LAST)])}),
    "a garbage run of nothing": update({5: (0, [b"\x00\x00"])}),
    "a gap of nothing": update({5: (0, [b"\x0a\x00"])}),
    "deletions of everything that will ever be": update({}, {client: [(0, LAST)] for client in (7, 8, 9)}),
    "deletions of all that is, and of what comes": update({}, {7: [(0, 100_000)]}),
    "deletions after the end of clocks": update({}, {7: [(LAST, LAST)]}),
    "deletions announced without end": b"\x00\x01\x07" + encode_uint(2**53 - 1),
    "deletions of clients without end": b"\x00" + encode_uint(2**53 - 1),
    "deletions of too many clients": update({}, {client: [] for client in range(20_001)}),
    "structs under the hub's own id": number(1, 0),
    "a client twice": b"\x02" + (b"\x01\x05\x00\x00\x01" * 2) + b"\x00",
    "unknown content": update({5: (0, [item(11, b"\x00")])}),
    "unknown content, the last there is": update({5: (0, [item(31, b"\x00")])}),
    "an unknown type": update({5: (0, [item(TYPE, b"\x07")])}),
    "an unknown value": update({5: (0, [item(ANY, b"\x01\x20")])}),
    "an unknown kind of parent": update({5: (0, [item(ANY, b"\x01\x7e", b"\x02")])}),
    "text longer than what is left": update({5: (0, [item(STRING, encode_uint(2**40) + b"x")])}),
    "text of half a character": update({5: (0, [item(STRING, b"\x01\xc3")])}),
    "bytes longer than what is left": update({5: (0, [item(BINARY, encode_uint(2**53 - 1))])}),
    "values without end": update({5: (0, [item(ANY, encode_uint(2**53 - 1))])}),
    "a list without end": update({5: (0, [item(ANY, b"\x01\x75" + encode_uint(2**53 - 1))])}),
    "an object's prototype": update(
        {5: (0, [item(ANY, b"\x01\x76\x01" + encode_text("__proto__") + b"\x7e")])}
    ),
    "a number of nine bytes": b"\x01\x01\x05" + b"\xff" * 8 + b"\x01\x00",
    "a padded number": b"\x81\x00\x01\x05\x00\x00\x01\x00",
    "bytes after the end": number(5, 0) + b"\x00",
    "another encoding": b"\x00\x00\x01\x00\x00\x00\x00",
    "no update": b"no update at all",
    "nothing": b"",
}


def honest() -> Doc[Any]:
    """A document with something of every kind, written by client 7."""
    doc: Doc[Any] = Doc(client_id=7)
    root, text, array = doc.get("m", type=Map), doc.get("t", type=Text), doc.get("a", type=Array)
    root["k"] = {"deep": [1, 2.5, None, True, "值", b"\x01\x02"]}
    root["k"] = 3
    root["nested"] = Map({"x": Array([1, "two"])})
    text += "héllo 😀 world"
    text.format(0, 3, {"bold": True})
    text.insert_embed(2, {"image": "x"})
    del text[1:4]
    array.extend([1, "2", [3], {"four": 4}])
    array.pop(1)
    xml = doc.get("x", type=XmlFragment)
    xml.children.append(XmlElement("p", {"class": "a"}, contents=[XmlText("hi")]))
    return doc


def shown(doc: Doc[Any]) -> str:
    """What the roots of an honest document hold."""
    return repr(
        [
            doc.get("m", type=Map).to_py(),
            str(doc.get("t", type=Text)),
            doc.get("a", type=Array).to_py(),
            str(doc.get("x", type=XmlFragment)),
        ]
    )
