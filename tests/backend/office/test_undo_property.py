"""Whatever is changed, in whichever order: undoing it restores the directory exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ward_hub.directory.fixture import WARD
from ward_hub.office.port import Edit, EditsRefused, Entity

from tests.backend.office.ward import HOSTING, OWN_TYPE, RULE, Office, office_of, officer
from tests.backend.ward import NOW

BEDS = ("b01", "b02", "b03", "b60", "b61")
ROOMS = ("r01", "r02", "r60")
STATIONS = ("station-main", "station-vice")


def some(*words: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), unique=True, max_size=len(words))


def value(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields)


NAMES = st.sampled_from(("甲", "乙", "丙", "+3", "12A"))
ORDERS = st.integers(0, 50)
WISHES = st.one_of(
    st.tuples(st.just(Entity.ROOM), st.sampled_from(ROOMS), st.none() | value(name=NAMES, order=ORDERS)),
    st.tuples(
        st.just(Entity.BED),
        st.sampled_from(BEDS),
        st.none() | value(label=NAMES, call_name=NAMES, room=st.sampled_from(ROOMS), order=ORDERS),
    ),
    st.tuples(
        st.just(Entity.GROUP),
        st.sampled_from(("east", "west", "north")),
        st.none()
        | value(
            name=NAMES,
            order=ORDERS,
            stations=some(*STATIONS),
            beds=some(*BEDS),
            rooms=some(*ROOMS),
            staff=some("n001", "n002"),
            escalate_to=some("station-vice", "pda-01"),
        ),
    ),
    st.tuples(
        st.just(Entity.HOSTING),
        st.sampled_from(("h1", "h2")),
        st.none()
        | value(
            from_group=st.sampled_from(("east", "north")),
            to=st.lists(st.sampled_from(STATIONS), unique=True, min_size=1),
            from_ms=st.just(HOSTING["from_ms"]),
            until_ms=st.sampled_from((NOW - 1, HOSTING["until_ms"])),
        ),
    ),
    st.tuples(st.just(Entity.HOSTING_RULE), st.just("night"), st.none() | st.just(RULE)),
    st.tuples(
        st.just(Entity.CALL_TYPE), st.sampled_from(("patient", "water")), st.none() | st.just(OWN_TYPE)
    ),
    st.tuples(
        st.just(Entity.DUTY),
        st.sampled_from(("turn-000", "t9")),
        st.none()
        | value(
            staff=st.sampled_from(("n001", "n009")),
            beds=some("b01", "b02", "b60"),
            since=st.just(NOW),
            until=st.none() | st.just(NOW + 1),
            pda=st.sampled_from((None, "pda-01", "pda-09")),
        ),
    ),
)


async def tried(office: Office, wishes: list[tuple[Entity, str, dict[str, Any] | None]]) -> int | None:
    """Apply those of the wishes that say something, as one change; None when nothing was done."""
    edits: dict[tuple[Entity, str], Edit] = {}
    for entity, entity_id, after in wishes:
        before = await office.read(entity, entity_id)
        if before is not None or after is not None:
            edits[entity, entity_id] = Edit(entity, WARD, entity_id, before, after)
    if not edits:
        return None
    try:
        return (await office.changes.apply(officer(), list(edits.values()), "")).id
    except EditsRefused:
        return None


@given(st.lists(st.lists(WISHES, min_size=1, max_size=4), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
async def test_undo_restores_the_directory_exactly(
    tmp_path_factory: Any, changes: list[list[tuple[Entity, str, dict[str, Any] | None]]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("undo")
    async with office_of(folder) as office:
        made: list[tuple[int, Any]] = []
        for wishes in changes:
            before = replace(await office.model(), revision=0)
            change = await tried(office, wishes)
            after = replace(await office.model(), revision=0)
            if change is None:
                assert after == before
            else:
                made.append((change, before))
        for change, before in reversed(made):
            await office.changes.undo(officer(), change)
            assert replace(await office.model(), revision=0) == before
