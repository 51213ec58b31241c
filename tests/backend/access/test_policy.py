"""The whole table of rights: every kind of terminal at every kind of document, allowed and refused."""

from __future__ import annotations

import pytest
from ward_hub.access.policy import (
    ANNOUNCE,
    READ,
    READ_ANNOUNCE,
    READ_FACTS,
    READ_WRITE,
    RULES,
    access,
)
from ward_hub.access.port import Access, Principal
from ward_hub.access.view import Place, WardView, view_of
from ward_hub.directory.model import (
    EMPTY,
    CallGroup,
    DirectoryModel,
    Hosting,
    Terminal,
    TerminalKind,
    Ward,
)
from ward_hub.documents.names import DocumentKind, parse_document

LETTERS: dict[str, Access | None] = {
    "-": None,
    "r": READ,
    "w": READ_WRITE,
    "f": READ_FACTS,
    "a": ANNOUNCE,
    "p": READ_ANNOUNCE,
}
"""- nothing, r reads, w reads and writes, f reads and sends facts, a announces, p reads and announces."""

DOCUMENTS = (
    "hospital/settings",
    "ward/w/settings",
    "ward/w/directory",
    "ward/w/bed/b1/directory",
    "ward/w/bed/b2/directory",
    "ward/w/presence",
    "ward/w/room/r1/calls",
    "ward/w/room/r2/calls",
    "ward/w/calls",
    "ward/w/beds",
    "stay/s1/card",
    "stay/s2/card",
    "stay/s1/clinical",
    "stay/s1/notes",
    "stay/gone/card",
    "stay/gone/notes",
    "stay/v1/card",
    "stay/v1/notes",
    "ward/w/room/r1/door",
    "ward/w/room/r2/door",
    "ward/w/board",
    "ward/w/memos/2026-11",
    "ward/w/handover/2026-11-20/day",
    "ward/w/terminal/bedside/device",
    "ward/w/terminal/station/device",
    "ward/w/reach",
)
"""s1 lies in b1 (room r1), s2 in b2 (room r2); gone left w within 72 h; v1 lies in ward v."""

TABLE = """
who                      se se di b1 b2 pr r1 r2 wa be s1 s2 s1 s1 go go v1 v1 r1 r2 bo me ha db ds re
bedside                  r  r  -  r  -  a  f  -  -  -  r  -  -  -  -  -  -  -  -  -  -  -  -  r  -  -
door                     r  r  r  -  -  p  f  -  -  -  -  -  -  -  -  -  -  -  r  -  -  -  -  -  -  -
call_point               r  r  -  -  -  a  f  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -
corridor                 r  r  r  -  -  p  r  r  r  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -
whiteboard               r  r  r  -  -  p  f  f  f  -  -  -  -  -  -  -  -  -  -  -  r  w  -  -  -  -
whiteboard+nurse         r  r  r  -  -  p  f  f  f  -  -  -  -  -  -  -  -  -  -  -  r  w  -  -  -  -
station                  r  r  r  -  -  p  f  f  f  r  r  r  r  -  -  -  -  -  -  -  -  r  r  -  r  r
station+nurse            r  r  r  -  -  p  f  f  f  r  r  r  r  w  -  w  -  -  -  -  -  w  w  -  r  r
station+head_nurse       r  r  r  -  -  p  f  f  f  r  r  r  r  w  -  w  -  -  -  -  -  w  w  -  r  r
station+engineer         r  r  r  -  -  p  f  f  f  r  r  r  r  -  -  -  -  -  -  -  -  r  r  -  r  r
pda                      r  r  r  -  -  p  f  f  f  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  r
pda+nurse                r  r  r  -  -  p  f  f  f  r  r  r  r  w  -  w  -  -  -  -  -  w  w  -  -  r
pda+doctor               r  r  r  -  -  p  f  f  f  r  r  r  r  w  -  w  -  -  -  -  -  w  w  -  -  r
pda+engineer             r  r  r  -  -  p  f  f  f  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  r
bedside@v                r  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  r  -  -  -  -  -  -  -  -  -
station@v                r  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  r  -  -  -  -  -  -  -  -  -
station@v+nurse          r  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  r  w  -  -  -  -  -  -  -  -
hosting_station@v        r  r  r  -  -  r  f  f  f  -  -  -  -  -  -  -  r  -  -  -  -  -  -  -  -  -
hosting_station@v+nurse  r  r  r  -  -  r  f  f  f  -  -  -  -  -  -  -  r  w  -  -  -  -  -  -  -  -
hosting_pda@v+nurse      r  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  r  w  -  -  -  -  -  -  -  -
whiteboard@v             r  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -
door@v                   r  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -
unheard_of               r  r  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -
"""

VIEW = WardView(
    wards=frozenset({"w", "v"}),
    rooms=frozenset({("w", "r1"), ("w", "r2"), ("v", "r1")}),
    beds=frozenset({("w", "b1"), ("w", "b2"), ("v", "b1")}),
    call_wards={"hosting_station": frozenset({"w"}), "hosting_pda": frozenset({"w"})},
    stays={
        "s1": frozenset({Place("w", "b1")}),
        "s2": frozenset({Place("w", "b2")}),
        "v1": frozenset({Place("v", "b1")}),
    },
    departed={"gone": "w"},
)


def principal(who: str) -> Principal:
    """`terminal@ward+role`; bedsides, doors and call points are those of r1 and b1."""
    who, _, role = who.partition("+")
    terminal, _, ward = who.partition("@")
    kind = terminal.removeprefix("hosting_")
    return Principal(
        terminal=terminal,
        kind=kind,
        ward=ward or "w",
        room="r1" if kind in ("bedside", "door", "call_point") else None,
        bed="b1" if kind == "bedside" else None,
        staff="n1" if role else None,
        role=role or None,
        expires_at=0,
    )


def rows() -> list[tuple[str, list[str]]]:
    lines = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return [(line[0], line[1:]) for line in lines]


@pytest.mark.parametrize(("who", "letters"), rows())
def test_rights(who: str, letters: list[str]) -> None:
    asked = principal(who)
    found = {}
    for document in DOCUMENTS:
        name = parse_document(document)
        assert name is not None
        found[document] = access(asked, name, VIEW)
    assert found == dict(zip(DOCUMENTS, (LETTERS[letter] for letter in letters), strict=True))


def test_the_table_has_every_kind_of_terminal_and_of_document() -> None:
    assert {principal(who).kind for who, _ in rows()} >= set(TerminalKind)
    kinds = {name.kind for document in DOCUMENTS if (name := parse_document(document))}
    assert kinds == set(DocumentKind) == set(RULES)


@pytest.mark.parametrize(
    "document",
    [
        "ward/x/settings",
        "ward/w/room/r9/calls",
        "ward/w/room/r9/door",
        "ward/w/bed/b9/directory",
        "ward/v/room/r2/calls",
        "ward/w/handover/2026-02-30/day",
        "stay/unknown/card",
        "stay/unknown/notes",
    ],
)
@pytest.mark.parametrize("who", ["station+nurse", "pda+nurse", "whiteboard", "bedside", "hosting_station@v"])
def test_places_that_do_not_exist_make_no_documents(who: str, document: str) -> None:
    name = parse_document(document)
    assert name is not None
    assert access(principal(who), name, VIEW) is None


def test_a_patient_who_changes_beds_takes_the_rights_along() -> None:
    """Rights to a stay follow the beds document: the old bed loses the card, the new one gets it."""
    card = parse_document("stay/s1/card")
    assert card is not None
    at = {bed: Principal("t", "bedside", "w", "r", bed, None, None, 0) for bed in ("b1", "b2")}
    before = view_of(EMPTY, {"w": {"b1": "s1", "b2": None}}, {}, 0)
    after = view_of(EMPTY, {"w": {"b1": None, "b2": "s1"}}, {}, 0)
    assert (access(at["b1"], card, before), access(at["b2"], card, before)) == (READ, None)
    assert (access(at["b1"], card, after), access(at["b2"], card, after)) == (None, READ)


def test_stations_are_named_by_groups_for_ever_and_by_hosting_for_its_time() -> None:
    """CALL-07."""
    own = Terminal("own", "w", TerminalKind.STATION, "p", "", "")
    ward = Ward(
        "w",
        "",
        "",
        terminals={"own": own},
        groups={"g": CallGroup("g", "", 0, stations=("own", "grouped"), escalate_to=("last",))},
        hosting={"h": Hosting("h", "g", ("proxy",), 100, 200)},
    )
    model = DirectoryModel(1, EMPTY.hospital, {"w": ward})
    for now, hosting in ((99, False), (100, True), (199, True), (200, False)):
        named = {"grouped", "last"} | ({"proxy"} if hosting else set())
        assert view_of(model, {}, {}, now).call_wards == {terminal: frozenset({"w"}) for terminal in named}
