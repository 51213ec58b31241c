"""What one terminal may do with a board (CF9, CF38 to CF40)."""

import pytest
from ward_sync.calls import CallRow, fold
from ward_sync.directory import Directory, parse_directory
from ward_sync.facts import MAX_CALLS, Act, FactError, HeardFact, encode_body
from ward_sync.placing import may, may_place, sounds_on

from tests.helpers.calls import T0, act, press, s, ward, ward_roots

WARD = ward()
P = press("bed-b01", T0)


def row_of(*facts: HeardFact, now: int = s(1), directory: Directory = WARD) -> CallRow:
    (row,) = fold(facts, directory, None, now).rows
    return row


def test_a_press_within_two_seconds_only_confirms() -> None:
    """CF38: of the newest press, on either side of it in time."""
    board = fold([P, press("bed-b01", s(60))], WARD, None, s(60))
    assert not may_place(board, "bed:b01", "patient", s(61.999))
    assert not may_place(board, "bed:b01", "patient", s(58.001))
    assert may_place(board, "bed:b01", "patient", s(62))
    assert may_place(board, "bed:b01", "patient", s(30))
    assert may_place(board, "bed:b02", "patient", s(60))
    assert may_place(board, "bed:b01", "emergency", s(60))


def test_beyond_twenty_open_presses_only_confirm() -> None:
    """CF38."""
    presses = [press("bed-b01", s(10 * number)) for number in range(20)]
    assert may_place(fold(presses[:19], WARD, None, s(900)), "bed:b01", "patient", s(900))
    assert not may_place(fold(presses, WARD, None, s(900)), "bed:b01", "patient", s(900))


def test_a_row_of_more_than_64_calls_takes_two_acts() -> None:
    """CF9: presses of two sides of a cut may add up."""
    presses = [press("bed-b01", s(10 * number)) for number in range(MAX_CALLS + 1)]
    with pytest.raises(FactError):
        encode_body(act("acknowledged", "station-main", s(700), *presses).body)
    acts = [
        act("acknowledged", "station-main", s(700), *presses[:MAX_CALLS]),
        act("acknowledged", "station-main", s(700), *presses[MAX_CALLS:]),
    ]
    assert row_of(*presses, *acts, now=s(701)).state == "taken"


@pytest.mark.parametrize(
    ("terminal", "acts"),
    [
        ("bed-b01", "ended cleared cancelled"),
        ("bed-b02", "ended"),
        ("bed-b03", ""),
        ("door-r01", "answered ended attended cleared"),
        ("door-r02", ""),
        ("station-main", "received acknowledged answered ended cleared"),
        ("pda-01", "acknowledged declined answered ended attended cleared"),
        ("whiteboard", "acknowledged ended cleared"),
        ("corridor-1", ""),
        ("pda-09", ""),
        ("nobody", ""),
    ],
)
def test_what_a_terminal_offers_on_a_patients_call(terminal: str, acts: str) -> None:
    """CF39."""
    row = row_of(P)
    assert {name for name in Act if may(name, row, terminal, WARD)} == set(acts.split())


def test_a_strict_clear_is_offered_when_it_would_close_the_row() -> None:
    """CF39, CF26."""
    call = press("bed-b01", T0, type="emergency")
    there = act("attended", "door-r01", s(5), call)
    again = press("bed-b01", s(10), type="emergency")
    for terminal in ("station-main", "pda-01", "door-r01"):
        assert not may(Act.CLEARED, row_of(call), terminal, WARD)
        assert may(Act.CLEARED, row_of(call, there), terminal, WARD)
        assert not may(Act.CLEARED, row_of(call, there, again), terminal, WARD)
    assert may(Act.CLEARED, row_of(call), "bed-b01", WARD)


def test_the_wards_switch_offers_every_clear() -> None:
    """CF39, CALL-08."""
    switched = ward(ward__all_tender=True)
    row = row_of(press("door-r01", T0), directory=switched)
    for terminal in ("station-main", "pda-01", "door-r01", "whiteboard"):
        assert may(Act.CLEARED, row, terminal, switched)
        assert may(Act.ENDED, row, terminal, switched)


def test_a_call_without_talk_offers_no_answer() -> None:
    """CF39."""
    assert not may(Act.ANSWERED, row_of(press("door-r01", T0)), "station-main", WARD)


def test_where_a_ringing_row_sounds() -> None:
    """CF40, CALL-08."""
    row = row_of(P)
    sounding = {name for name in WARD.terminals if sounds_on(row, name, WARD)}
    assert sounding == {"station-main", "pda-01", "door-r01", "corridor-1", "whiteboard"}
    quiet = row_of(P, act("acknowledged", "pda-01", s(0.5), P))
    assert not any(sounds_on(quiet, name, WARD) for name in WARD.terminals)


def test_a_station_call_sounds_at_its_station_only() -> None:
    """CF40, CALL-03."""
    row = row_of(press("station-main", T0, source="terminal:station-main", type="station", to="station-vice"))
    assert {name for name in WARD.terminals if sounds_on(row, name, WARD)} == {"station-vice"}


def test_a_terminal_that_the_directory_does_not_know_sounds() -> None:
    """CF40, CF14: also while it has no directory at all."""
    empty = parse_directory({})
    assert sounds_on(row_of(P), "station-new", WARD)
    assert sounds_on(row_of(P, directory=empty), "station-main", empty)


def test_a_bedsides_share_of_the_directory_is_enough() -> None:
    """CF14: a bedside knows its room, the terminals that act on its calls, and no groups."""
    roots = ward_roots()
    share = parse_directory({key: roots[key] for key in ("ward", "terminals", "call_types")})
    row = row_of(P, directory=share)
    assert (row.state, row.ringing, row.policy) == ("waiting", True, "tender")
    assert may(Act.CANCELLED, row, "bed-b01", share)
    assert not sounds_on(row, "bed-b01", share)
