"""The named cases of sync/vectors/folds.json: histories, and what a person expects of them.

Written by hand: `rows` are what must stand in the list, in order, with the fields that matter; the whole
board is written beside it, so that both languages are held to all of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ward_sync.directory import parse_directory
from ward_sync.facts import HeardFact, Json
from ward_sync.presence import Presence, PresenceEntry

from tests.helpers.calls import T0, act, press, s, ward_roots


@dataclass(frozen=True)
class Case:
    """One history: expected rows, closed calls (id → part) and trouble keys."""

    name: str
    rules: str
    facts: list[HeardFact]
    now: int
    rows: list[dict[str, Any]]
    closed: dict[str, dict[str, Any]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    changes: Mapping[str, Json] = field(default_factory=dict)
    presence: Presence | None = None


P = press("bed-b01", T0)
P_LATER = press("bed-b01", s(10))
EMERGENCY = press("bed-b01", T0, type="emergency")
BATH = press("door-r01", T0)
ASSIST = press("pda-01", T0, source="room:r01", type="staff_assist", room="r01", staff="n01")
CODE = press("door-r02", T0, source="room:r02", type="code")
STATION_CALL = press("station-main", T0, source="terminal:station-main", type="station", to="station-vice")
ALL_TENDER = {"ward__all_tender": True}
HOSTED: dict[str, Json] = {
    "hosting": {
        "night": {
            "id": "night",
            "from_group": "east",
            "to": ["station-vice"],
            "from_ms": T0 - 60_000,
            "until_ms": T0 + 600_000,
        }
    }
}
EAST_PDAS = ["pda-01", "pda-02"]
EVERYONE = ["pda-01", "pda-02", "pda-03", "station-main", "station-vice"]


def _over(fact: HeardFact, by: HeardFact, **more: Any) -> dict[str, dict[str, Any]]:
    return {fact.id: {"act": by.body.act.value, "by": {"fact": by.id}, **more}}


def _press_and_receipt() -> list[Case]:
    received = act("received", "station-main", s(1), P)
    unheard = press("bed-b01", T0, heard_at=None, seen_at=T0)
    own = press("bed-b01", s(-600), clock="own", heard_at=s(5))
    future = press("bed-b01", s(40), heard_at=T0)
    return [
        Case(
            "a press rings at the group's station and the bed's nurse",
            "CF16 CF30 CF41",
            [P],
            s(1),
            [
                {
                    "id": P.id,
                    "calls": [P.id],
                    "terminals": ["bed-b01"],
                    "state": "waiting",
                    "ringing": True,
                    "level": 0,
                    "asked": ["pda-01", "station-main"],
                    "class": 3,
                    "tone": "low",
                    "count": 1,
                    "approx": False,
                    "at": T0,
                    "received": None,
                    "policy": "tender",
                    "heardAt": T0 + 50,
                }
            ],
        ),
        Case(
            "received is shown, silences nothing",
            "A4 CF41",
            [P, received],
            s(2),
            [{"state": "waiting", "ringing": True, "received": {"terminal": "station-main"}}],
        ),
        Case(
            "a second press takes the receipt back until it has one",
            "A4 CF41",
            [P, received, P_LATER],
            s(11),
            [{"count": 2, "received": None, "at": T0, "newestAt": s(10)}],
        ),
        Case(
            "a press no hub has heard rings from first sight",
            "CF18 A3",
            [unheard],
            s(31),
            [{"heardAt": None, "ringing": True, "level": 1}],
        ),
        Case(
            "an own clock orders by hearing and is shown as about",
            "CF17 A22",
            [own, press("bed-b02", T0)],
            s(6),
            [{"bed": "b02", "orderAt": T0}, {"bed": "b01", "approx": True, "at": s(-600), "orderAt": s(5)}],
        ),
        Case(
            "a clock ahead of the hub orders by hearing",
            "CF17 A22",
            [future, press("bed-b02", s(1))],
            s(2),
            [{"bed": "b01", "orderAt": T0, "at": s(40)}, {"bed": "b02"}],
        ),
        Case(
            "an unverified press alarms, marked",
            "CF16",
            [press("bed-b01", T0, verified=False, heard_at=None)],
            s(1),
            [{"ringing": True, "verified": False}],
        ),
        Case(
            "a verified copy replaces an unverified one, the smallest hearing counts",
            "CF15",
            [
                replace(P, verified=False, heard_at=None),
                replace(P, heard_at=s(9), missed=True),
                P,
            ],
            s(10),
            [{"count": 1, "verified": True, "heardAt": T0 + 50, "missed": False}],
        ),
        Case(
            "purpose is that of the newest press that names one",
            "CF41",
            [
                press("bed-b01", T0, purpose="water"),
                press("bed-b01", s(5), purpose="toilet"),
                press("bed-b01", s(9)),
            ],
            s(10),
            [{"purpose": "toilet", "count": 3}],
        ),
        Case(
            "an act without its press is no row and does nothing",
            "CF19",
            [act("acknowledged", "station-main", s(1), P)],
            s(2),
            [],
        ),
    ]


def _taking() -> list[Case]:
    taken = act("acknowledged", "pda-01", s(5), P, staff="n01")
    other_room = act("acknowledged", "station-main", s(5), P, room="r02")
    given_back = act("declined", "pda-01", s(8), P)
    fast_clock = act("acknowledged", "pda-01", s(3600), P, heard_at=None, seen_at=s(5))
    slow_clock = act("acknowledged", "pda-01", s(-3600), P, clock="own", heard_at=None, seen_at=s(5))
    again = act("acknowledged", "station-main", s(190), P)
    return [
        Case(
            "acknowledged silences, light and row stay",
            "CF20",
            [P, taken],
            s(100),
            [
                {
                    "state": "taken",
                    "ringing": False,
                    "taken": {"staff": "n01", "terminal": "pda-01", "at": s(5)},
                    "level": 0,
                }
            ],
        ),
        Case(
            "an unverified acknowledgement silences nothing",
            "CF16",
            [P, replace(taken, verified=False)],
            s(6),
            [{"state": "waiting", "ringing": True}],
        ),
        Case(
            "an act from another room counts for nothing",
            "CF19",
            [P, other_room],
            s(6),
            [{"state": "waiting", "ringing": True}],
        ),
        Case(
            "an act of another ward counts for nothing",
            "CF19",
            [P, act("cleared", "station-main", s(5), P, ward="cardiac")],
            s(6),
            [{"state": "waiting"}],
        ),
        Case(
            "a press beside an acknowledged row rings anew",
            "CF19 CF28",
            [P, taken, P_LATER],
            s(11),
            [{"state": "waiting", "ringing": True, "count": 2, "taken": None, "level": 0}],
        ),
        Case("taken, just before the reminder", "CF28 A12", [P, taken], s(184.999), [{"ringing": False}]),
        Case(
            "taken and not cleared for three minutes rings anew, from level 0",
            "CF28 A12",
            [P, taken],
            s(185),
            [{"ringing": True, "state": "taken", "level": 0}],
        ),
        Case(
            "the reminder escalates from when it rang",
            "CF30 A12",
            [P, taken],
            s(185 + 30),
            [{"ringing": True, "level": 1, "asked": [*EAST_PDAS, "station-main"]}],
        ),
        Case(
            "acknowledged again after the reminder is silent again",
            "CF28",
            [P, taken, again],
            s(191),
            [{"ringing": False, "taken": {"terminal": "station-main"}}],
        ),
        Case(
            "an acknowledgement with a clock ahead silences no longer than the reminder from first sight",
            "CF18",
            [P, fast_clock],
            s(185),
            [{"ringing": True}],
        ),
        Case(
            "an acknowledgement with a slow own clock does silence",
            "CF18",
            [P, slow_clock],
            s(10),
            [{"ringing": False, "state": "taken"}],
        ),
        Case(
            "who declines after taking gives the call back",
            "CF20 CF33",
            [P, taken, given_back],
            s(9),
            [
                {
                    "state": "waiting",
                    "ringing": True,
                    "taken": None,
                    "declinedBy": ["pda-01"],
                    "level": 1,
                    "asked": ["pda-02", "station-main"],
                }
            ],
        ),
    ]


def _talking() -> list[Case]:
    answered = act("answered", "station-main", s(5), EMERGENCY)
    real = act("ended", "station-main", s(30), EMERGENCY, policy="strict", talk_ms=20_000)
    no_audio = act("ended", "bed-b01", s(7), EMERGENCY, policy="strict", talk_ms=1_999)
    routine_answer = act("answered", "station-main", s(5), P)
    routine_end = act("ended", "bed-b01", s(20), P, talk_ms=12_000)
    mates_end = act("ended", "bed-b02", s(20), P, talk_ms=12_000)
    unknown_end = act("ended", "station-gone", s(20), P, talk_ms=12_000)
    unknown_press = press("bed-b77", T0, room="r07")
    unknown_answer = act("answered", "station-main", s(5), unknown_press)
    unknown_own_end = act(
        "ended", "bed-b77", s(20), unknown_press, heard_at=None, seen_at=s(20), talk_ms=12_000
    )
    unknown_own_end_heard = act("ended", "bed-b77", s(20), unknown_press, talk_ms=12_000)
    second_answer = act("answered", "station-vice", s(5.2), P)
    lost = act("ended", "station-vice", s(6), P, talk_ms=0)
    won = act("ended", "station-main", s(30), P, talk_ms=20_000)
    no_talk = act("ended", "station-main", s(20), P, talk_ms=1_999)
    cut_answer = act("answered", "station-main", s(5), P, clock="own", heard_at=s(60))
    cut_end = act("ended", "station-main", s(20), P, talk_ms=12_000, clock="own", heard_at=s(60))
    others_end = act("ended", "bed-b01", s(20), P, talk_ms=12_000, clock="own", heard_at=s(60))
    patient_gives_up = act("ended", "bed-b01", s(7), P, talk_ms=0)
    gone_answer = act("answered", "station-gone", s(6), P)
    late_answer = act("answered", "pda-01", s(29), P)
    pda_end = act("ended", "pda-01", s(30), P, talk_ms=20_000)
    longest = act("ended", "station-main", s(30), EMERGENCY, policy="strict", talk_ms=30_000)
    boast = act("ended", "station-main", s(30), EMERGENCY, policy="strict", talk_ms=30_001)
    return [
        Case(
            "answered is talking and silent",
            "CF21",
            [EMERGENCY, answered],
            s(20),
            [{"state": "talking", "ringing": False, "talking": {"terminal": "station-main"}}],
        ),
        Case(
            "a talk nobody ended silences no longer than the reminder",
            "CF21 CF28",
            [EMERGENCY, answered],
            s(185),
            [{"state": "taken", "ringing": True, "talking": None}],
        ),
        Case(
            "a real talk leaves a strict call taken, and to rest on",
            "CF22 CF26",
            [EMERGENCY, answered, real],
            s(31),
            [{"state": "taken", "ringing": False, "restsOn": [real.id], "supported": True}],
        ),
        Case(
            "a talk without audio takes nothing: the call stays and rings",
            "CF22 A16",
            [EMERGENCY, answered, no_audio],
            s(8),
            [{"state": "waiting", "ringing": True, "restsOn": [], "supported": False}],
        ),
        Case(
            "under tender hanging up clears",
            "CF25 CALL-08",
            [P, routine_answer, routine_end],
            s(21),
            [],
            _over(P, routine_end),
        ),
        Case(
            "a room-mate's hanging up closes nothing",
            "CF25",
            [P, routine_answer, mates_end],
            s(21),
            [{"id": P.id, "state": "taken"}],
        ),
        Case(
            "nor without a talk",
            "CF25 CF22",
            [P, mates_end],
            s(21),
            [{"id": P.id, "state": "waiting", "ringing": True}],
        ),
        Case(
            "nor that of a terminal the directory does not know",
            "CF25",
            [P, routine_answer, unknown_end],
            s(21),
            [{"id": P.id, "state": "taken"}],
        ),
        Case(
            "an unknown terminal still hangs up what it placed",
            "CF25",
            [unknown_press, unknown_answer, unknown_own_end_heard],
            s(21),
            [],
            _over(unknown_press, unknown_own_end_heard),
        ),
        Case(
            "but of a type nobody lists only once a hub has judged it",
            "CF25 CF14",
            [press("bed-b77", T0, type="balcony", room="r07"), unknown_own_end],
            s(21),
            [{"type": "balcony", "state": "waiting"}],
        ),
        Case(
            "two answer: the loser's hang-up leaves the winner's talk running",
            "CF21",
            [P, routine_answer, second_answer, lost],
            s(20),
            [{"state": "talking", "ringing": False, "talking": {"terminal": "station-main"}}],
        ),
        Case(
            "and the later of the two may be the winner",
            "CF21",
            [P, routine_answer, second_answer, act("ended", "station-main", s(6), P, talk_ms=0)],
            s(20),
            [{"state": "talking", "ringing": False, "talking": {"terminal": "station-vice"}}],
        ),
        Case(
            "the winner's hang-up ends it",
            "CF21 CF25",
            [P, routine_answer, second_answer, lost, won],
            s(31),
            [],
            _over(P, won),
        ),
        Case(
            "who has not answered ends every talk",
            "CF21 CF22",
            [P, routine_answer, second_answer, patient_gives_up],
            s(8),
            [{"state": "waiting", "ringing": True, "talking": None, "taken": None}],
        ),
        Case(
            "both answers ended without a talk: the call rings again",
            "CF21 CF22",
            [P, routine_answer, second_answer, lost, no_talk],
            s(21),
            [{"state": "waiting", "ringing": True}],
        ),
        Case(
            "under tender, hanging up without a real talk closes nothing",
            "CF25 CF22",
            [P, routine_answer, no_talk],
            s(21),
            [{"state": "waiting", "ringing": True, "policy": "tender"}],
        ),
        Case(
            "a talk on the other side of a cut, heard in one moment by its own clock, was one",
            "CF22 CF25",
            [P, cut_answer, cut_end],
            s(61),
            [],
            {P.id: {"act": "ended"}},
        ),
        Case(
            "of two terminals' own clocks nobody can tell how long it was",
            "CF22 CF17",
            [P, cut_answer, others_end],
            s(61),
            [{"state": "waiting"}],
        ),
        Case(
            "nor does a talk that nobody answered",
            "CF25 CF22",
            [P, act("ended", "station-main", s(20), P, talk_ms=12_000)],
            s(21),
            [{"state": "waiting", "ringing": True}],
        ),
        Case(
            "nor the patient's own without a talk",
            "CF25 CF22",
            [P, patient_gives_up],
            s(8),
            [{"state": "waiting", "ringing": True}],
        ),
        Case(
            "the ward's switch on: an emergency too is closed by a real talk only",
            "CF25 CALL-08",
            [EMERGENCY, answered, act("ended", "station-main", s(30), EMERGENCY, talk_ms=0)],
            s(31),
            [{"type": "emergency", "state": "waiting", "policy": "tender"}],
            changes=ALL_TENDER,
        ),
        Case(
            "a station that left the directory still ends the talk it answered",
            "CF25",
            [P, gone_answer, unknown_end],
            s(21),
            [],
            _over(P, unknown_end),
        ),
        Case(
            "also when another answered before it",
            "CF25",
            [P, routine_answer, gone_answer, unknown_end],
            s(21),
            [],
            _over(P, unknown_end),
        ),
        Case(
            "an own answer that comes late takes no talk back",
            "CF22 CF25 A5",
            [P, routine_answer, late_answer, pda_end],
            s(31),
            [],
            _over(P, pda_end),
        ),
        Case(
            "a talk longer than since its answer was none: the call rings",
            "CF22",
            [EMERGENCY, answered, boast],
            s(31),
            [{"state": "waiting", "ringing": True, "restsOn": [], "supported": False}],
        ),
        Case(
            "five seconds more are the clocks'",
            "CF22",
            [EMERGENCY, answered, longest],
            s(31),
            [{"state": "taken", "ringing": False, "restsOn": [longest.id], "supported": True}],
        ),
        Case(
            "answered again after the first talk talks again",
            "CF21",
            [EMERGENCY, answered, real, act("answered", "pda-01", s(40), EMERGENCY)],
            s(41),
            [{"state": "talking", "talking": {"terminal": "pda-01"}}],
        ),
    ]


def _clearing() -> list[Case]:
    clear = act("cleared", "whiteboard", s(20), P)
    old_clear = act("cleared", "station-main", s(20), P)
    bath_clear = act("cleared", "station-main", s(20), BATH)
    at_door = act("attended", "door-r01", s(40), EMERGENCY, staff="n01")
    strict = act("cleared", "pda-01", s(50), EMERGENCY, policy="strict", way="bed", rests_on=[at_door.id])
    early = act("cleared", "pda-01", s(30), EMERGENCY, policy="strict", way="bed", rests_on=[at_door.id])
    bare = act("cleared", "pda-01", s(50), EMERGENCY, policy="strict", way="remote")
    wrong_support = act("attended", "door-r01", s(40), P_LATER)
    other = act(
        "cleared", "pda-01", s(50), EMERGENCY, policy="strict", way="bed", rests_on=[wrong_support.id]
    )
    answered = act("answered", "station-main", s(25), EMERGENCY)
    answered_late = act("answered", "station-main", s(31), EMERGENCY)
    answered_other = act("answered", "station-main", s(25), P_LATER)
    real = act("ended", "station-main", s(30), EMERGENCY, policy="strict", talk_ms=2_000)
    talked = act(
        "cleared", "station-main", s(35), EMERGENCY, policy="strict", way="talked", rests_on=[real.id]
    )
    short = act("ended", "station-main", s(30), EMERGENCY, policy="strict", talk_ms=1_999)
    not_talked = act(
        "cleared", "station-main", s(35), EMERGENCY, policy="strict", way="talked", rests_on=[short.id]
    )
    at_source = act("cleared", "door-r01", s(20), BATH, policy="strict", way="source")
    feigned = act("cleared", "bed-b02", s(20), P, way="source")
    cancelled = act("cancelled", "bed-b01", s(5), P)
    foreign = act("cancelled", "bed-b02", s(5), P)
    unheard_tender = act("cleared", "station-main", s(20), BATH, heard_at=None)
    late_bath = replace(BATH, heard_at=s(30))
    return [
        Case("any receiver clears a tender call", "CF25 CALL-08", [P, clear], s(21), [], _over(P, clear)),
        Case(
            "a clear removes no press it does not name",
            "CF19 A6",
            [P, P_LATER, old_clear],
            s(21),
            [{"calls": [P_LATER.id], "ringing": True, "at": s(10), "count": 1}],
            _over(P, old_clear),
        ),
        Case(
            "the patient cancels",
            "CF23 CALL-01",
            [P, cancelled],
            s(6),
            [],
            _over(P, cancelled),
        ),
        Case("nobody else cancels", "CF23", [P, foreign], s(6), [{"state": "waiting"}]),
        Case(
            "an unverified clear clears nothing",
            "CF16",
            [P, replace(clear, verified=False)],
            s(21),
            [{"state": "waiting"}],
        ),
        Case(
            "strict: a bare clear closes nothing",
            "CF26",
            [EMERGENCY, bare],
            s(51),
            [{"state": "waiting", "ringing": True, "policy": "strict"}],
        ),
        Case(
            "strict: cleared after presence",
            "CF26",
            [EMERGENCY, at_door, strict],
            s(51),
            [],
            _over(EMERGENCY, strict, way="bed"),
        ),
        Case(
            "strict: the clear came first, the presence completes it",
            "CF26",
            [EMERGENCY, early, at_door],
            s(51),
            [],
            _over(EMERGENCY, early),
        ),
        Case(
            "strict: without the presence it waits for it",
            "CF26",
            [EMERGENCY, early],
            s(51),
            [{"state": "waiting", "ringing": True}],
        ),
        Case(
            "strict: presence at another call supports nothing",
            "CF26",
            [EMERGENCY, P_LATER, wrong_support, other],
            s(51),
            [{"type": "emergency", "state": "waiting"}, {"type": "patient", "state": "attended"}],
        ),
        Case(
            "strict: an unverified presence supports nothing",
            "CF16 CF26",
            [EMERGENCY, replace(at_door, verified=False), strict],
            s(51),
            [{"state": "waiting", "restsOn": []}],
        ),
        Case(
            "strict: cleared after a real talk",
            "CF22 CF26",
            [EMERGENCY, answered, real, talked],
            s(36),
            [],
            _over(EMERGENCY, talked, way="talked"),
        ),
        Case(
            "strict: a talk under two seconds supports nothing",
            "CF22 CF26 A16",
            [EMERGENCY, answered, short, not_talked],
            s(36),
            [{"state": "waiting"}],
        ),
        Case(
            "strict: an invented talk supports nothing",
            "CF22 CF26",
            [EMERGENCY, real, talked],
            s(36),
            [{"state": "waiting", "ringing": True, "restsOn": [], "supported": False}],
        ),
        Case(
            "strict: nor does a talk of an unverified answer",
            "CF16 CF22",
            [EMERGENCY, replace(answered, verified=False), real, talked],
            s(36),
            [{"state": "waiting", "restsOn": []}],
        ),
        Case(
            "strict: nor does a talk answered only after its end",
            "CF22",
            [EMERGENCY, answered_late, real, talked],
            s(36),
            [{"state": "talking", "restsOn": []}],
        ),
        Case(
            "strict: nor does the answer of another call",
            "CF22",
            [EMERGENCY, P_LATER, answered_other, real, talked],
            s(36),
            [{"type": "emergency", "state": "waiting"}, {"type": "patient", "state": "talking"}],
        ),
        Case(
            "strict: the bathroom is cleared at its source",
            "CF24",
            [BATH, at_source],
            s(21),
            [],
            _over(BATH, at_source, way="source"),
        ),
        Case(
            "way source counts from the placing terminal only",
            "CF24",
            [P, feigned],
            s(21),
            [{"state": "waiting"}],
        ),
        Case(
            "attended turns the lamp and is silent",
            "CF27",
            [EMERGENCY, at_door],
            s(4000),
            [{"state": "attended", "ringing": False, "attended": {"staff": "n01"}, "supported": True}],
        ),
        Case(
            "a second press after presence needs its own",
            "CF26 CF41",
            [EMERGENCY, at_door, press("bed-b01", s(45), type="emergency")],
            s(46),
            [
                {
                    "count": 2,
                    "state": "waiting",
                    "ringing": True,
                    "restsOn": [at_door.id],
                    "supported": False,
                    "attended": None,
                }
            ],
        ),
        Case(
            "the ward's switch on: a station clears the bathroom",
            "CF25 CALL-08",
            [BATH, bath_clear],
            s(21),
            [],
            _over(BATH, bath_clear),
            changes=ALL_TENDER,
        ),
        Case(
            "the switch turned off later brings no call back",
            "CF25 A5",
            [BATH, bath_clear],
            s(21),
            [],
            _over(BATH, bath_clear),
        ),
        Case(
            "the switch turned on later completes no strict clear a hub has judged",
            "CF25",
            [EMERGENCY, bare],
            s(51),
            [{"state": "waiting", "policy": "tender"}],
            changes=ALL_TENDER,
        ),
        Case(
            "before a hub has heard a clear, the directory's policy holds",
            "CF25",
            [BATH, unheard_tender],
            s(21),
            [{"state": "waiting", "policy": "strict"}],
        ),
        Case(
            "the same under the switch",
            "CF25",
            [BATH, unheard_tender],
            s(21),
            [],
            _over(BATH, unheard_tender),
            changes=ALL_TENDER,
        ),
        Case(
            "a tender clear of a strict call the hub heard of only later does not count",
            "CF25",
            [late_bath, bath_clear],
            s(31),
            [{"state": "waiting"}],
        ),
        Case(
            "a tender clear heard before its routine press does",
            "CF25 A5",
            [replace(P, heard_at=s(30)), old_clear],
            s(31),
            [],
            _over(P, old_clear),
        ),
        Case(
            "a call cleared long ago does not come back with a late copy",
            "CF15 A5",
            [replace(P, heard_at=s(7200), missed=True), clear],
            s(7201),
            [],
            _over(P, clear),
        ),
        Case(
            "the first of two clears is named",
            "CF23",
            [P, clear, cancelled],
            s(21),
            [],
            _over(P, cancelled),
        ),
    ]


def _order() -> list[Case]:
    routine = press("bed-b02", T0)
    first_level = press("bed-b03", s(1))
    bath = press("door-r01", s(2))
    code = press("door-r02", s(3), source="room:r02", type="code")
    station = replace(STATION_CALL)
    older = press("bed-b01", s(-30))
    return [
        Case(
            "code, urgent, first-level patient, routine, station call; oldest first inside a class",
            "CF41 A9",
            [station, routine, first_level, bath, code, older],
            s(4),
            [
                {"type": "code", "class": 0},
                {"type": "bathroom", "class": 1},
                {"bed": "b03", "class": 2},
                {"bed": "b01", "class": 3},
                {"bed": "b02", "class": 3},
                {"type": "station", "class": 4},
            ],
        ),
        Case(
            "two types of one bed are two rows",
            "CF41",
            [P, EMERGENCY, press("bed-b01", s(2), type="dressing")],
            s(3),
            [{"type": "emergency"}, {"type": "patient"}, {"type": "dressing"}],
        ),
        Case(
            "a taken row keeps its place",
            "CF41",
            [P, press("bed-b02", s(3)), act("acknowledged", "station-main", s(4), P)],
            s(5),
            [{"bed": "b01", "state": "taken"}, {"bed": "b02", "state": "waiting"}],
        ),
        Case(
            "unknown type and unknown bed still alarm, urgent and strict",
            "CF14",
            [press("bed-b77", T0, type="balcony", room="r07")],
            s(1),
            [
                {
                    "class": 1,
                    "tone": "medium",
                    "light": "urgent",
                    "policy": "strict",
                    "level": 1,
                    "ringing": True,
                    "asked": EVERYONE,
                }
            ],
        ),
        Case(
            "a directory that is empty still lists and rings",
            "CF14",
            [P],
            s(1),
            [{"ringing": True, "class": 1, "asked": []}],
            changes={name: {} for name in ward_roots()},
        ),
    ]


def _escalation() -> list[Case]:
    late = press("bed-b01", s(-20), heard_at=s(58))
    decline_one = act("declined", "pda-01", s(5), P)
    decline_two = act("declined", "pda-02", s(6), P)
    decline_three = act("declined", "pda-03", s(7), P)
    bath_west = press("door-r02", T0)
    level_one = [*EAST_PDAS, "station-main"]
    return [
        Case("29.9 s: level 0", "CF30 A12", [P], s(29.9), [{"level": 0}]),
        Case("30 s: the group", "CF30 CF32 A12", [P], s(30.05), [{"level": 1, "asked": level_one}]),
        Case(
            "60 s: the whole ward and the vice station",
            "CF32 A12",
            [P],
            s(60.05),
            [{"level": 2, "asked": EVERYONE}],
        ),
        Case(
            "120 s: head nurse, and where the group escalates",
            "CF32 A12",
            [P],
            s(120.05),
            [{"level": 3, "asked": sorted([*EVERYONE, "pda-04"])}],
        ),
        Case(
            "the ward's own times",
            "CF30 A12",
            [P],
            s(5.05),
            [{"level": 2}],
            changes={"ward__escalation_ms": [1_000, 5_000, 20_000]},
        ),
        Case(
            "escalation runs from hearing, not from a late press's own time",
            "CF30",
            [press("bed-b01", s(-100), heard_at=T0)],
            s(1),
            [{"level": 0, "at": s(-100)}],
        ),
        Case(
            "an older press that arrives late takes no level back",
            "CF30",
            [P, late],
            s(61),
            [{"id": late.id, "at": s(-20), "level": 2}],
        ),
        Case(
            "urgent begins with the group",
            "CF30 CF31",
            [bath_west],
            s(1),
            [{"level": 1, "asked": ["pda-03", "station-vice"]}],
        ),
        Case(
            "a code asks everyone at once",
            "CF30",
            [CODE],
            s(1),
            [{"level": 3, "asked": sorted([*EVERYONE, "pda-04"]), "tone": "high", "light": "code"}],
        ),
        Case(
            "a routine row takes nothing from an urgent one",
            "CF30 CF41",
            [P, act("acknowledged", "station-main", s(5), P), press("bed-b01", s(6), type="emergency")],
            s(7),
            [{"type": "emergency", "level": 1, "ringing": True}, {"ringing": False}],
        ),
        Case(
            "declined by the bed's nurse: the group at once",
            "CF33",
            [P, decline_one],
            s(6),
            [{"level": 1, "asked": ["pda-02", "station-main"], "declinedBy": ["pda-01"]}],
        ),
        Case(
            "declined by the whole group: the ward at once",
            "CF33",
            [P, decline_one, decline_two],
            s(7),
            [{"level": 2, "asked": ["pda-03", "station-main", "station-vice"]}],
        ),
        Case(
            "declined by all: head nurse",
            "CF33",
            [P, decline_one, decline_two, decline_three],
            s(8),
            [{"level": 3, "asked": ["pda-04", "station-main", "station-vice"]}],
        ),
        Case(
            "a new press asks who declined again",
            "CF33",
            [P, decline_one, P_LATER],
            s(11),
            [{"level": 0, "declinedBy": [], "asked": ["pda-01", "station-main"]}],
        ),
        Case(
            "the reminder asks who declined again",
            "CF33",
            [P, decline_one, act("acknowledged", "station-main", s(10), P)],
            s(190),
            [{"ringing": True, "level": 0, "declinedBy": []}],
        ),
        Case(
            "a bed in no group: every station and every PDA on duty",
            "CF31 CF32",
            [press("bed-b05", T0)],
            s(1),
            [{"level": 0, "asked": EVERYONE}],
        ),
        Case(
            "a bed without a nurse: the group's",
            "CF32",
            [press("bed-b04", T0)],
            s(1),
            [{"asked": ["pda-03", "station-vice"]}],
        ),
        Case(
            "a bed in two groups: both",
            "CF31 CALL-04",
            [P],
            s(1),
            [{"asked": ["pda-01", "station-main", "station-vice"]}],
            changes={"groups__west__beds": ["b01", "b03", "b04"]},
        ),
        Case(
            "nobody in use would be asked: all are",
            "CF35",
            [P],
            s(1),
            [{"asked": ["pda-01", "pda-02", "pda-03", "pda-04", "station-vice"]}],
            changes={"terminals__station-main__state": "revoked", "duty": {}},
        ),
        Case(
            "a revoked PDA is not asked",
            "CF35",
            [P],
            s(1),
            [{"asked": ["station-main"]}],
            changes={"terminals__pda-01__state": "revoked"},
        ),
        Case(
            "a station call asks its station only",
            "CF32 CALL-03",
            [STATION_CALL],
            s(1),
            [{"asked": ["station-vice"], "to": "station-vice", "class": 4}],
        ),
        Case(
            "a nurse's call for help does not ask her own PDA",
            "CF32",
            [press("pda-01", T0, source="terminal:pda-01", type="staff_assist", staff="n01")],
            s(1),
            [{"room": None, "level": 1, "asked": ["pda-02", "station-main"]}],
        ),
        Case(
            "hosting: the proxy first",
            "CF34 CALL-07",
            [P],
            s(9),
            [{"asked": ["pda-01", "station-vice"]}],
            changes=HOSTED,
        ),
        Case(
            "hosting: not received within 10 s, home sounds too",
            "CF34 CALL-07",
            [P],
            s(10.05),
            [{"asked": ["pda-01", "station-main", "station-vice"]}],
            changes=HOSTED,
        ),
        Case(
            "hosting: received by the proxy, home stays silent until level 1",
            "CF34 CALL-07",
            [P, act("received", "station-vice", s(2), P)],
            s(20),
            [{"asked": ["pda-01", "station-vice"]}],
            changes=HOSTED,
        ),
        Case(
            "hosting: home sounds at level 1",
            "CF34",
            [P, act("received", "station-vice", s(2), P)],
            s(31),
            [{"level": 1, "asked": [*EAST_PDAS, "station-main", "station-vice"]}],
            changes=HOSTED,
        ),
        Case(
            "hosting: over when its time is",
            "CF34",
            [replace(P, heard_at=s(600))],
            s(601),
            [{"asked": ["pda-01", "station-main"]}],
            changes=HOSTED,
        ),
        Case(
            "duty: over when its time is",
            "CF32",
            [press("bed-b03", s(28_800))],
            s(28_801),
            [{"asked": ["station-vice"]}],
        ),
    ]


def _late_and_missed() -> list[Case]:
    missed = press("bed-b01", s(-3700), heard_at=T0, missed=True)
    missed_bath = press("door-r01", s(-3700), heard_at=T0, missed=True)
    return [
        Case(
            "a missed call rings once, low",
            "CF29",
            [missed],
            s(9.9),
            [{"missed": True, "ringing": True, "tone": "low", "state": "waiting", "at": s(-3700)}],
        ),
        Case(
            "and is silent after that, still in the list, not escalated",
            "CF29",
            [missed],
            s(300),
            [{"missed": True, "ringing": False, "level": 0}],
        ),
        Case(
            "a missed urgent call keeps its place and rings low",
            "CF29 A9",
            [missed_bath, P],
            s(1),
            [{"class": 1, "tone": "low", "missed": True}, {"class": 3}],
        ),
        Case(
            "a new press beside a missed one rings as usual",
            "CF29",
            [missed, press("bed-b01", s(20))],
            s(300),
            [{"missed": False, "ringing": True, "count": 2, "level": 3}],
        ),
        Case(
            "a late press that was not missed rings",
            "CF29",
            [press("bed-b01", s(-1800), heard_at=T0)],
            s(30),
            [{"missed": False, "ringing": True, "level": 1}],
        ),
    ]


def _regrouping() -> list[Case]:
    taken = act("acknowledged", "pda-09", s(5), P)
    return [
        Case(
            "regrouping moves who is asked, not the call",
            "CF31 CALL-04",
            [P],
            s(1),
            [{"id": P.id, "asked": ["pda-03", "station-vice"]}],
            changes={
                "groups__east__beds": ["b02"],
                "groups__east__rooms": [],
                "groups__west__beds": ["b01", "b03", "b04"],
                "duty__n01__beds": ["b02"],
            },
        ),
        Case(
            "a key revoked later changes nothing about what was taken",
            "CF10",
            [P, taken],
            s(6),
            [{"state": "taken", "ringing": False, "taken": {"terminal": "pda-09"}}],
        ),
        Case(
            "a terminal revoked since has still placed its call",
            "CF10 CF14",
            [P],
            s(1),
            [{"terminal": "bed-b01", "ringing": True}],
            changes={"terminals__bed-b01__state": "revoked"},
        ),
    ]


def _supervision() -> list[Case]:
    everyone = {
        name: PresenceEntry(True, s(100))
        for name, entry in parse_directory(ward_roots()).terminals.items()
        if entry.state == "active"
    }

    def presence(since: float = 0, **changes: PresenceEntry | None) -> Presence:
        shown = {**everyone, **{name.replace("_", "-"): entry for name, entry in changes.items()}}
        return Presence(s(since), {name: entry for name, entry in shown.items() if entry is not None})

    def neighbours(*scope: str, **seen: PresenceEntry) -> Presence:
        entries = {name.replace("_", "-"): entry for name, entry in seen.items()}
        return Presence(s(100), entries, frozenset(scope))

    def case(name: str, at: float, shown: Presence | None, troubles: list[str]) -> Case:
        return Case(name, "CF36 CF37 A13", [], s(at), [], troubles=troubles, presence=shown)

    gone = PresenceEntry(False, s(100))
    return [
        case("all there: no trouble", 100, presence(), []),
        case("no presence: no trouble", 100, None, []),
        case("a bedside gone for under 15 s", 114.9, presence(bed_b01=gone), []),
        case("a bedside gone for 15 s", 115, presence(bed_b01=gone), ["missing:bed-b01"]),
        case("never seen, hub up for 15 s", 115, presence(100, door_r01=None), ["missing:door-r01"]),
        case("the first 15 s of a hub", 114, presence(100, door_r01=None), []),
        case("a PDA on duty gone for under 30 s", 129, presence(pda_01=gone), []),
        case("a PDA on duty gone for 30 s", 130, presence(pda_01=gone), ["missing:pda-01"]),
        case("a PDA in the drawer", 500, presence(pda_04=gone), []),
        case(
            "sound blocked, and the bathroom's line open",
            100,
            presence(
                station_main=PresenceEntry(True, s(100), "blocked"),
                door_r01=PresenceEntry(True, s(100), "ok", {"bathroom": "open"}),
                whiteboard=PresenceEntry(True, s(100), "muted"),
            ),
            ["input:door-r01", "sound:station-main"],
        ),
        case("neighbours only: of the others nothing is known", 500, neighbours(), []),
        case(
            "neighbours only: one of them is missing",
            115,
            neighbours(
                "bed-b01", "station-main", bed_b01=gone, station_main=PresenceEntry(True, s(100), layer=2)
            ),
            ["missing:bed-b01"],
        ),
        case("neighbours only: the first 15 s", 114, neighbours("bed-b01"), []),
        case(
            "neighbours only: a sound out of scope is not this terminal's to tell",
            500,
            neighbours(
                "bed-b01",
                bed_b01=PresenceEntry(True, s(100)),
                door_r01=PresenceEntry(True, s(100), "blocked"),
            ),
            [],
        ),
    ]


CASES = [
    *_press_and_receipt(),
    *_taking(),
    *_talking(),
    *_clearing(),
    *_order(),
    *_escalation(),
    *_late_and_missed(),
    *_regrouping(),
    *_supervision(),
]
