"""Ids in CouchDB: one for each thing, none for two, none that the server reads otherwise."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_hub.log.couch.names import (
    LONGEST,
    UpdateId,
    boot_name,
    encode,
    fact_id,
    hub_of,
    is_fact_id,
    lease_id,
    parse_update_id,
    partition_of,
    snapshot_id,
    updates_above,
    updates_up_to,
)
from ward_hub.log.port import RecordKind

NAMES = st.text(st.characters(codec="utf-8"), max_size=120)
PARTITION = re.compile(r"[a-z][A-Za-z0-9._~=-]*")


@given(NAMES, NAMES)
def test_two_documents_never_share_a_partition(one: str, other: str) -> None:
    first, second = partition_of(one), partition_of(other)
    assert (first == second) == (one == other)
    assert PARTITION.fullmatch(first)
    assert len(first) <= LONGEST + 2


@given(NAMES, st.integers(1, 10**12 - 1))
def test_an_update_id_is_read_back(document: str, counter: int) -> None:
    name = UpdateId(partition_of(document), boot_name("0a1b2c3d", 1_790_000_000_000, "00ff00ff"), counter)
    assert parse_update_id(str(name)) == name
    assert hub_of(name.boot) == "0a1b2c3d"


@given(NAMES)
def test_ids_of_other_kinds_are_no_update_ids(name: str) -> None:
    for kind in (RecordKind.FACT, RecordKind.REFUSED):
        assert is_fact_id(fact_id(kind, name), frozenset({kind}))
        assert not is_fact_id(fact_id(kind, name), frozenset(RecordKind) - {kind})
    for other in (
        snapshot_id(partition_of(name)),
        lease_id(name),
        fact_id(RecordKind.FACT, name),
        "meta:log",
    ):
        assert parse_update_id(other) is None
    assert not is_fact_id(snapshot_id(partition_of(name)), frozenset(RecordKind))
    assert not is_fact_id(lease_id(name), frozenset(RecordKind))


def test_names_stay_legible() -> None:
    assert partition_of("ward/w1/room/r1/calls") == "d.ward~w1~room~r1~calls"
    assert encode("a:b=_~/") == "a=3Ab=3D_=7E~"


def test_a_later_start_of_a_hub_sorts_behind() -> None:
    earlier = boot_name("a", 1_790_000_000_000, "ffffffff")
    later = boot_name("a", 1_790_000_000_001, "00000000")
    assert earlier < later
    with pytest.raises(ValueError, match="expected 1 to 64 letters"):
        boot_name("a:b", 1, "00")


def test_ranges_leave_out_what_is_covered_and_nothing_else() -> None:
    covers = {"b-1": 2, "a-1": 3, "a-10": 1}
    ids = [str(UpdateId("d.x", boot, n)) for boot in ("a-1", "a-10", "b-1", "c-1") for n in range(1, 5)]
    ids += [str(UpdateId("d.x-y", "a-1", 9)), str(UpdateId("d.x=3A", "a-1", 9)), "d.x:s"]
    above = {name for name in ids for first, last in updates_above("d.x", covers) if first <= name <= last}
    below = {
        name
        for name in ids
        for boot, counter in covers.items()
        if updates_up_to("d.x", boot, counter)[0] <= name <= updates_up_to("d.x", boot, counter)[1]
    }
    assert not above & below
    assert above | below == {name for name in ids if name.startswith("d.x:u:")}
    assert len(below) == 6
