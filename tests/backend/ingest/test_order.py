"""Any order and any repetition of the same events ends in the same beds; never two stays on one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ward_hub.ingest import event as events
from ward_hub.ingest.event import BedsSwapped, Event, Location, Subject
from ward_hub.ingest.locate import locator
from ward_hub.ingest.reconcile import Changed, Record, reconcile
from ward_hub.record.encounter import course, thin
from ward_hub.record.occupancy import BedKey, occupancy, present

from tests.backend.ingest.feeding import MAPPING, minutes, small_ward

LOCATE = locator([small_ward()], MAPPING)
KINDS: tuple[type[Any], ...] = (
    events.Admitted,
    events.Transferred,
    events.Transferred,
    events.Updated,
    events.Updated,
    events.Discharged,
    events.AdmitCancelled,
    events.TransferCancelled,
    events.DischargeCancelled,
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Up to twelve events of three patients in three beds, or elsewhere, each at a time of its own."""
    found: list[Event] = []
    for step in range(draw(st.integers(1, 12))):
        at = minutes(step)
        if draw(st.integers(0, 9)) == 0:
            first, second = draw(st.permutations(["V1", "V2", "V3"]))[:2]
            beds = draw(st.permutations(["1", "2", "3"]))[:2]
            one, other = (
                Subject(visit, location=Location("thoracic", "", bed))
                for visit, bed in zip((first, second), beds, strict=True)
            )
            found.append(BedsSwapped(at, one, other))
            continue
        kind = draw(st.sampled_from(KINDS))
        ward = draw(st.sampled_from(["thoracic"] * 5 + ["ICU"]))
        bed = draw(st.sampled_from(["1", "2", "3"]))
        subject = Subject(
            draw(st.sampled_from(["V1", "V2", "V3"])),
            location=Location(ward, "", bed),
            prior=Location("thoracic", "", "1"),
            particulars={"nurse": str(step)},
        )
        made: Event = kind(at, subject)
        found.append(made)
    return found


def play(history: Sequence[Event]) -> tuple[dict[str, str | None], dict[str, object], int]:
    """Return bed → visit, visit → nurse, and how many lie nowhere; checks every step on the way."""
    record = Record({}, {})
    fresh = _ids()
    for arrived, one in enumerate(history, start=1):
        outcome = reconcile(record, one, LOCATE, now=minutes(10_000), arrived=arrived, fresh=fresh)
        assert isinstance(outcome, Changed), outcome
        encounters = {**record.encounters, **{each.stay: each for each in outcome.encounters}}
        beds: dict[BedKey, str | None] = {**record.beds, **(outcome.beds or {})}
        record = Record(encounters, beds)
        lying = [stay for stay in beds.values() if stay is not None]
        assert len(lying) == len(set(lying)), "one stay in two beds"
        whole = occupancy({stay: course(each.movements) for stay, each in encounters.items()}, beds)
        assert beds == whole, "a change of beds was not told"
        assert all(present(course(encounters[stay].movements)) for stay in lying)
    visits = {one.stay: one.visit for one in record.encounters.values()}
    here = [one for one in record.encounters.values() if present(course(one.movements))]
    return (
        {bed: visits[stay] for (_, bed), stay in record.beds.items() if stay is not None},
        {one.visit: one.value("nurse") for one in record.encounters.values()},
        len(here),
    )


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_order_and_repetition_of_messages_ends_in_the_same_beds(data: st.DataObject) -> None:
    """FEED1, FEED2, FEED3, FEED9: what counts is when it happened."""
    history = data.draw(histories())
    repeated = history + data.draw(st.lists(st.sampled_from(history), max_size=5))
    shuffled = data.draw(st.permutations(repeated))
    assert play(shuffled) == play(history)


@settings(max_examples=200, deadline=None)
@given(histories())
def test_dropping_old_sightings_leaves_the_place(history: list[Event]) -> None:
    """Updates come a hundred a day; what `thin` drops after some days tells nothing more."""
    record = Record({}, {})
    fresh = _ids()
    for arrived, one in enumerate(history, start=1):
        outcome = reconcile(record, one, LOCATE, now=minutes(10_000), arrived=arrived, fresh=fresh)
        assert isinstance(outcome, Changed)
        changed = {each.stay: each for each in outcome.encounters}
        record = Record({**record.encounters, **changed}, {**record.beds, **(outcome.beds or {})})
    for encounter in record.encounters.values():
        late = tuple(
            type(one)(one.kind, one.at * 2000 - minutes(0) * 1999, one.arrived, one.place)
            for one in encounter.movements
        )
        before, after = course(late), course(thin(late))
        assert before.status == after.status
        assert [span.place for span in before.spans] == [span.place for span in after.spans]


def _ids() -> Iterator[str]:
    return (f"s{number}" for number in count())
