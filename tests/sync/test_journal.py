"""Call records (CF42, CALL-06) and what leaves and returns (CF43, CF44)."""

from dataclasses import replace

from ward_sync.calls import fold
from ward_sync.journal import records
from ward_sync.retention import closing_facts, leaving

from tests.helpers.calls import T0, act, press, s, ward

WARD = ward()


def test_a_record_says_when_who_how_long_and_how() -> None:
    """CF42, CALL-06."""
    call = press("bed-b01", T0, type="emergency", purpose="pain")
    received = act("received", "station-main", s(1), call)
    answered = act("answered", "station-main", s(12), call)
    ended = act("ended", "station-main", s(30), call, policy="strict", talk_ms=15_000)
    there = act("attended", "door-r01", s(60), call, staff="n01")
    cleared = act(
        "cleared", "pda-01", s(90), call, policy="strict", way="bed", rests_on=[there.id], staff="n01"
    )
    (record,) = records([cleared, there, ended, answered, received, call, call])
    assert (record.id, record.bed, record.room, record.type, record.purpose) == (
        call.id, "b01", "r01", "emergency", "pain",
    )  # fmt: skip
    assert (record.at, record.heard_at, record.received_at, record.acknowledged_at) == (
        T0,
        T0 + 50,
        s(1),
        s(12),
    )
    assert (record.acknowledged_by, record.attended_by, record.attended_at) == ("station-main", "n01", s(60))
    assert (record.closed_at, record.closed_by, record.closed_how, record.way) == (
        s(90),
        "n01",
        "cleared",
        "bed",
    )
    assert (record.talk_ms, record.waited_ms, record.missed, record.approx) == (15_000, 12_000, False, False)


def test_an_open_call_has_a_record_too() -> None:
    (record,) = records([press("bed-b01", T0, missed=True)])
    assert (record.closed_at, record.closed_how, record.waited_ms, record.talk_ms) == (None, None, None, None)
    assert record.missed


def test_a_record_keeps_who_was_first_and_who_had_it_last() -> None:
    """CF47: two stations take one call at once; the row names the later, the record both."""
    call = press("bed-b01", T0)
    main = act("acknowledged", "station-main", s(10), call)
    vice = act("acknowledged", "station-vice", s(10.02), call)
    (row,) = fold([call, vice, main], WARD, None, s(11)).rows
    assert row.taken is not None
    (record,) = records([vice, call, main])
    assert (record.acknowledged_by, record.taken_by) == ("station-main", "station-vice") == (
        "station-main", row.taken.terminal,
    )  # fmt: skip
    assert (record.acknowledged_at, record.waited_ms) == (s(10), 10_000)
    cleared = act("cleared", "station-main", s(60), call)
    late = act("acknowledged", "pda-01", s(61), call)
    (record,) = records([call, main, vice, cleared, late])
    assert (record.acknowledged_by, record.taken_by, record.closed_by) == (
        "station-main", "station-vice", "station-main",
    )  # fmt: skip


def test_who_gives_a_call_back_had_it_not_last() -> None:
    """CF47, CF20, CF22: nor whose talk was none."""
    call = press("bed-b01", T0)
    main = act("acknowledged", "station-main", s(10), call)
    pda = act("acknowledged", "pda-01", s(12), call)
    back = act("declined", "pda-01", s(15), call)
    (record,) = records([call, main, pda, back])
    assert (record.acknowledged_by, record.taken_by) == ("station-main", "station-main")
    (record,) = records([call, pda, back])
    assert (record.acknowledged_by, record.taken_by) == ("pda-01", None)
    answered = act("answered", "station-vice", s(20), call)
    short = act("ended", "station-vice", s(21), call, talk_ms=500)
    (record,) = records([call, main, answered, short])
    assert record.taken_by == "station-main"
    real = act("ended", "station-vice", s(30), call, talk_ms=9_000)
    (record,) = records([call, main, answered, real])
    assert (record.acknowledged_by, record.taken_by, record.closed_how) == (
        "station-main", "station-vice", "ended",
    )  # fmt: skip


def test_records_need_no_directory_for_what_a_hub_judged() -> None:
    """CF25: tender as written, even on a type this reader does not know."""
    call = press("bed-b01", T0)
    (record,) = records([call, act("cleared", "station-main", s(5), call)])
    assert record.closed_how == "cleared"


def test_a_call_leaves_ten_minutes_after_it_was_closed() -> None:
    """CF43."""
    call, beside = press("bed-b01", T0), press("bed-b02", T0)
    taken = act("acknowledged", "station-main", s(5), call, beside)
    cleared = act("cleared", "station-main", s(20), call)
    facts = [call, beside, taken, cleared]
    assert leaving(facts, WARD, s(620)) == frozenset()
    assert leaving(facts, WARD, s(620.05)) == {call.id, cleared.id}
    assert fold([beside, taken], WARD, None, s(100)).rows == fold(facts, WARD, None, s(100)).rows


def test_an_open_call_never_leaves_and_an_act_without_call_after_a_day() -> None:
    """CF43."""
    call = press("bed-b01", T0)
    stray = act("cleared", "station-main", s(5), press("bed-b02", T0))
    assert leaving([call, stray], WARD, s(86_400)) == frozenset()
    assert leaving([call, stray], WARD, s(86_405.05)) == {stray.id}
    assert leaving([call], WARD, s(10**7)) == frozenset()


def test_what_closes_a_call_comes_back_with_it() -> None:
    """CF44: a strict clear with what it rests on, and nothing else."""
    call = press("bed-b01", T0, type="emergency")
    taken = act("acknowledged", "pda-01", s(2), call)
    there = act("attended", "door-r01", s(5), call)
    cleared = act("cleared", "pda-01", s(9), call, policy="strict", way="bed", rests_on=[there.id])
    facts = [call, taken, there, cleared]
    names = closing_facts(facts, call.id, WARD, s(10))
    assert set(names) == {call.id, there.id, cleared.id}
    back = [replace(fact, seen_at=s(9_000)) for fact in facts if fact.id in names]
    assert fold(back, WARD, None, s(9_001)).rows == ()
    assert closing_facts([call, taken], call.id, WARD, s(10)) == ()
    assert closing_facts([cleared], call.id, WARD, s(10)) == ()


def test_what_a_talk_closed_comes_back_with_the_answer_to_it() -> None:
    """CF44, CF22: without its answer a talk is none, and the call would ring again."""
    call = press("bed-b01", T0, type="emergency")
    answered = act("answered", "station-main", s(2), call)
    ended = act("ended", "station-main", s(9), call, policy="strict", talk_ms=6_000)
    cleared = act("cleared", "pda-01", s(12), call, policy="strict", way="talked", rests_on=[ended.id])
    facts = [call, answered, ended, cleared]
    assert set(closing_facts(facts, call.id, WARD, s(13))) == {fact.id for fact in facts}
    routine = press("bed-b01", T0)
    talk = [
        act("answered", "station-main", s(2), routine),
        act("ended", "station-main", s(9), routine, talk_ms=6_000),
    ]
    received = act("received", "station-main", s(1), routine)
    hung_up = closing_facts([routine, received, *talk], routine.id, WARD, s(10))
    assert set(hung_up) == {routine.id, *(fact.id for fact in talk)}
    late = replace(answered, heard_at=s(1_000), seen_at=s(1_000))
    assert leaving([call, late, ended, cleared], WARD, s(1_599)) == frozenset()
    assert leaving([call, late, ended, cleared], WARD, s(1_600)) == {fact.id for fact in facts}
