"""Which PDA is told of which calls: whom the fold asks, nobody else, and nobody whose screen is open."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ward_hub.calls.call_types import load_call_types
from ward_hub.directory.model import Bed, Room, Terminal, TerminalKind, Ward
from ward_hub.push import policy
from ward_hub.push.notices import Notice, State, changes
from ward_sync.calls import fold
from ward_sync.directory import Directory
from ward_sync.facts import HeardFact, Json

from tests.helpers.calls import T0, act, press, s, ward
from tests.helpers.histories import History, Tape

PDAS = ("pda-01", "pda-02", "pda-03", "pda-04", "pda-09")
MODEL = Ward(
    id="thoracic",
    name="胸外科",
    name_en="Thoracic",
    rooms={room: Room(room, f"70{room[-1]}", order) for order, room in enumerate(("r01", "r02", "r03"))},
    beds={
        bed: Bed(bed, str(int(bed[1:])), bed, room, order)
        for order, (bed, room) in enumerate((("b01", "r01"), ("b02", "r01"), ("b03", "r02")))
    },
    terminals={"pda-01": Terminal("pda-01", "thoracic", TerminalKind.PDA, "pda", "手持 1", "PDA 1")},
)
TYPES = load_call_types()
P = press("bed-b01", T0)
BATH = press("door-r01", T0)
EMERGENCY = press("bed-b01", T0, type="emergency")
CODE = press("door-r02", T0, source="room:r02", type="code")
STATION = press("station-main", T0, source="terminal:station-main", type="station", to="station-vice")
TAKEN = act("acknowledged", "pda-01", s(5), P, staff="n01")


def told(
    facts: list[HeardFact],
    now: int,
    on_screen: frozenset[str] = frozenset(),
    language: str = "zh",
    directory: Directory | None = None,
) -> dict[str, list[policy.Wanted]]:
    """PDA → notices, only those who have any."""
    directory = directory or ward()
    languages: dict[str, Any] = dict.fromkeys(PDAS, language)
    found = policy.wanted(fold(facts, directory, None, now), directory, MODEL, TYPES, languages, on_screen)
    return {pda: list(notices.values()) for pda, notices in found.items() if notices}


@pytest.mark.parametrize(
    ("name", "facts", "now", "pdas"),
    [
        ("a press asks the bed's nurse", [P], s(1), ["pda-01"]),
        ("after 30 s her group", [P], s(31), ["pda-01", "pda-02"]),
        ("after 60 s all who are on duty", [P], s(61), ["pda-01", "pda-02", "pda-03"]),
        ("after 120 s the head nurse too", [P], s(121), ["pda-01", "pda-02", "pda-03", "pda-04"]),
        ("an urgent call asks the group at once", [EMERGENCY], s(1), ["pda-01", "pda-02"]),
        ("a code asks everyone", [CODE], s(1), ["pda-01", "pda-02", "pda-03", "pda-04"]),
        ("a call to a station is no PDA's", [STATION], s(61), []),
        ("nobody while somebody is on the way", [P, TAKEN], s(6), []),
        ("who passed it on is asked no more", [P, act("declined", "pda-01", s(3), P)], s(4), ["pda-02"]),
        ("a call that is over asks nobody", [P, act("cancelled", "bed-b01", s(2), P)], s(3), []),
        ("a reminder asks again", [P, TAKEN], s(5 + 181), ["pda-01"]),
    ],
)
def test_whom_a_call_is_told(name: str, facts: list[HeardFact], now: int, pdas: list[str]) -> None:
    """A12."""
    assert sorted(told(facts, now)) == pdas, name


def test_an_open_screen_is_told_nothing() -> None:
    assert sorted(told([EMERGENCY], s(1), frozenset({"pda-01"}))) == ["pda-02"]


def test_only_those_who_can_be_pushed_to_and_are_pdas_of_the_ward_are_told() -> None:
    directory = ward()
    board = fold([CODE], directory, None, s(1))
    languages: dict[str, Any] = dict.fromkeys(("station-main", "pda-99", "pda-09", "pda-02"), "zh")
    found = policy.wanted(board, directory, MODEL, TYPES, languages, frozenset())
    assert {pda: len(notices) for pda, notices in found.items()} == {"pda-02": 1}


@pytest.mark.parametrize(
    ("fact", "zh", "en"),
    [
        (P, "1床 呼叫", "Bed 1 Call"),
        (BATH, "701室 卫生间呼叫", "Room 701 Bathroom"),
        (CODE, "702室：抢救", "Room 702 Code blue"),
        (
            press("pda-02", T0, source="terminal:pda-01", type="staff_assist"),
            "手持 1 增援",
            "PDA 1 Staff assist",
        ),
        (press("bed-b05", T0), "b05床 呼叫", "Bed b05 Call"),
        (press("bed-b01", T0, type="unheard-of"), "1床 unheard-of", "Bed 1 unheard-of"),
    ],
)
def test_a_notice_says_place_and_kind_in_the_phones_language(fact: HeardFact, zh: str, en: str) -> None:
    now = s(121)
    assert next(iter(told([fact], now).values()))[0].content["title"] == zh
    assert next(iter(told([fact], now, language="en").values()))[0].content["title"] == en


def test_urgent_and_code_are_urgent() -> None:
    for fact, urgent in ((P, False), (EMERGENCY, True), (BATH, True), (CODE, True)):
        assert next(iter(told([fact], s(1)).values()))[0].urgent is urgent


def test_the_tag_stays_with_the_row_and_the_mark_changes_when_it_rings_anew() -> None:
    first = told([P], s(1))["pda-01"][0]
    later = told([P], s(50))["pda-01"][0]
    again = told([P, press("bed-b01", s(20))], s(21))["pda-01"][0]
    reminder = told([P, TAKEN], s(186))["pda-01"][0]
    other = told([EMERGENCY], s(1))["pda-01"][0]
    assert (later.tag, later.mark) == (first.tag, first.mark)
    assert again.tag == reminder.tag == first.tag != other.tag
    assert len({first.mark, again.mark, reminder.mark}) == 3
    assert again.content["body"] == "已呼叫 2 次"
    assert reminder.content["body"] == "仍未处理，再次提醒"
    assert len(first.tag) <= 32  # RFC 8030, 5.4


def test_a_notice_names_presses_and_no_person() -> None:
    notice = told([P, press("bed-b01", s(20))], s(21))["pda-01"][0]
    assert notice.content["calls"] == sorted([P.id, press("bed-b01", s(20)).id], key=lambda one: one != P.id)
    assert len(json.dumps(notice.content, ensure_ascii=False).encode()) < 1000
    assert not any(name in json.dumps(notice.content, ensure_ascii=False) for name in "甲乙丙丁")


def test_a_phone_has_a_bounded_number_of_notices_the_most_important_first() -> None:
    beds: dict[str, Json] = {
        f"b{n:02d}": {"id": f"b{n:02d}", "room": "r01", "priority": "routine"} for n in range(1, 41)
    }
    facts = [press("bed-b01", T0 + n, source=f"bed:b{n:02d}", nonce=f"{n:016x}") for n in range(1, 41)] + [
        EMERGENCY
    ]
    notices = told(facts, s(61), directory=ward(beds=beds))["pda-01"]
    assert len(notices) == policy.MAX_NOTICES
    assert notices[0].urgent


@settings(max_examples=120, deadline=None)
@given(st.binary(min_size=8, max_size=160), st.lists(st.sampled_from(PDAS), max_size=12))
def test_in_any_history_who_is_not_asked_is_not_told_and_what_is_over_is_taken_back(
    tape: bytes, screens: list[str]
) -> None:
    """After each step the phones show exactly the calls that ask them, but for those with an open screen."""
    history = History(Tape(tape))
    shown: dict[str, dict[str, Notice]] = {pda: {} for pda in PDAS}
    new_id = (f"{number:032x}" for number in count())
    while not history.tape.ended:
        history.tape.pick(history.steps)()
        history.now += 1 + 40 * history.tape.below(64)
        on_screen = frozenset({screens.pop()} if screens else ())
        board = history.hub_board()
        rows = {policy.tag_of(row): row for row in board.rows}
        assert len(rows) == len(board.rows)
        languages: dict[str, Any] = dict.fromkeys(PDAS, "zh")
        found = policy.wanted(board, history.directory, MODEL, TYPES, languages, on_screen)
        for pda in PDAS:
            wanted = found.get(pda, {})
            assert all(pda in rows[tag].asked for tag in wanted)
            for notice in changes(
                pda, shown[pda], wanted, pda in on_screen, lambda: next(new_id), history.now
            ):
                after = {State.DUE: State.SENT, State.CLOSING: State.CLOSED}
                shown[pda][notice.tag] = replace(notice, state=after.get(notice.state, notice.state))
            showing = {tag for tag, notice in shown[pda].items() if notice.state is State.SENT}
            asked = {tag for tag, row in rows.items() if policy.concerns(row, pda)}
            active = pda in found and pda not in on_screen
            assert showing == (asked if active else set())
