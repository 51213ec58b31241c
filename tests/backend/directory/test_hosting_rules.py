"""Weekly hosting as instants (CALL-07): over midnight, through jumps of the clock, around now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from ward_hub.directory import store
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.directory.hosting_rules import AHEAD_MS, BEHIND_MS, HostingRule, expand, zone_of
from ward_hub.directory.model import Hospital
from ward_hub.directory.projector import DirectoryProjector
from ward_hub.directory.tables import HostingRuleRow
from ward_hub.documents import names
from ward_hub.documents.port import Roots

from tests.backend.ward import read_model, standard_ward

EVERY_DAY = frozenset(range(1, 8))
NIGHT = HostingRule("night", "east", ("station-vice",), EVERY_DAY, time(22), time(6), date(2020, 1, 1), None)
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000
DAY = 24 * HOUR


def at(text: str, zone: ZoneInfo = SHANGHAI, fold: int = 0) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)
    return round(local.astimezone(UTC).timestamp() * 1000)


def test_a_night_is_the_day_s_it_began_on() -> None:
    now = at("2027-03-03 23:00")
    found = {plan.id: plan for plan in expand([NIGHT], SHANGHAI, now)}
    assert sorted(found)[0] == "night.20270302", "last night ended within the day behind"
    assert sorted(found)[-1] == "night.20270311"
    tonight = found["night.20270303"]
    assert (tonight.from_ms, tonight.until_ms) == (at("2027-03-03 22:00"), at("2027-03-04 06:00"))
    assert (tonight.from_group, tonight.to) == ("east", ("station-vice",))
    assert all(plan.until_ms > now - BEHIND_MS and plan.from_ms < now + AHEAD_MS for plan in found.values())
    assert len(found) == 10


def test_weekdays_and_dates_are_those_of_the_beginning() -> None:
    rule = replace(NIGHT, weekdays=frozenset({1, 7}), first=date(2027, 3, 1), last=date(2027, 3, 8))
    found = list(expand([rule], SHANGHAI, at("2027-03-05 12:00")))
    assert [plan.id for plan in found] == ["night.20270307", "night.20270308"]
    ended = replace(NIGHT, last=date(2027, 3, 2))
    assert list(expand([ended], SHANGHAI, at("2027-03-05 12:00"))) == []


def test_whole_days_and_days_within_the_day() -> None:
    day = replace(NIGHT, from_time=time(8), until_time=time(17), weekdays=frozenset({3}))
    plan = next(expand([day], SHANGHAI, at("2027-03-02 12:00")))
    assert plan.until_ms - plan.from_ms == 9 * HOUR
    whole = replace(NIGHT, from_time=time(0), until_time=time(0), weekdays=frozenset({3}))
    plan = next(expand([whole], SHANGHAI, at("2027-03-02 12:00")))
    assert (plan.from_ms, plan.until_ms) == (at("2027-03-03 00:00"), at("2027-03-04 00:00"))


def test_nights_through_a_jump_of_the_clock_are_an_hour_shorter_or_longer() -> None:
    """Berlin: 28 March 2027 at 2:00 forward, 31 October 2027 at 3:00 back."""
    spring = {plan.id: plan for plan in expand([NIGHT], BERLIN, at("2027-03-26 12:00", BERLIN))}
    autumn = {plan.id: plan for plan in expand([NIGHT], BERLIN, at("2027-10-29 12:00", BERLIN))}
    hours = [
        (found[name].until_ms - found[name].from_ms) // HOUR
        for found, name in (
            (spring, "night.20270326"),
            (spring, "night.20270327"),
            (autumn, "night.20271030"),
        )
    ]
    assert hours == [8, 7, 9]


def test_times_in_the_jump_itself() -> None:
    gap = replace(NIGHT, from_time=time(2, 30), until_time=time(4))
    (plan,) = (p for p in expand([gap], BERLIN, at("2027-03-27 12:00", BERLIN)) if p.id == "night.20270328")
    assert plan.from_ms == at("2027-03-28 03:30", BERLIN), "as far after the jump"
    twice = replace(NIGHT, from_time=time(2, 30), until_time=time(4))
    (plan,) = (p for p in expand([twice], BERLIN, at("2027-10-30 12:00", BERLIN)) if p.id == "night.20271031")
    assert plan.from_ms == at("2027-10-31 02:30", BERLIN, fold=0)
    assert plan.until_ms - plan.from_ms == round(2.5 * HOUR)
    inside = replace(NIGHT, from_time=time(2, 45), until_time=time(3, 15))
    found = [p for p in expand([inside], BERLIN, at("2027-03-27 12:00", BERLIN)) if p.id == "night.20270328"]
    assert found == [], "ends before it begins"


def test_rules_one_after_the_other_leave_no_gap_and_do_not_overlap() -> None:
    """Whatever the clock does, what ends at 2:30 and what begins at 2:30 meet."""
    early = replace(NIGHT, id="early", from_time=time(22), until_time=time(2, 30))
    late = replace(NIGHT, id="late", from_time=time(2, 30), until_time=time(6))
    for now in (at("2027-03-27 12:00", BERLIN), at("2027-10-30 12:00", BERLIN)):
        plans = list(expand([early, late], BERLIN, now))
        ends = {plan.until_ms for plan in plans if plan.id.startswith("early")}
        begins = sorted(plan.from_ms for plan in plans if plan.id.startswith("late"))
        assert set(begins[1:-1]) <= ends


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"])
def test_zones_far_from_utc_lose_no_day(zone: str) -> None:
    whole = replace(NIGHT, from_time=time(0), until_time=time(0))
    now = at("2027-03-03 00:30", ZoneInfo(zone))
    plans = sorted(expand([whole], ZoneInfo(zone), now), key=lambda plan: plan.from_ms)
    assert plans[0].from_ms <= now - BEHIND_MS < plans[0].until_ms
    assert plans[-1].from_ms < now + AHEAD_MS <= plans[-1].until_ms
    assert all(one.until_ms == other.from_ms for one, other in pairwise(plans))


def test_an_unknown_zone_is_shanghai() -> None:
    for name in ("Mars/Olympus", "../../etc/passwd", 5, None):
        assert str(zone_of({"timezone": name})) == "Asia/Shanghai"
    assert str(zone_of({})) == "Asia/Shanghai"
    assert str(zone_of({"timezone": "Europe/Berlin"})) == "Europe/Berlin"


class Hub:
    def __init__(self, now: int) -> None:
        self.now = now
        self.documents: dict[str, Roots] = {}

    async def publish(self, document: str, roots: Roots) -> None:
        self.documents[document] = roots

    async def drop_terminal(self, terminal: str, code: int) -> None: ...

    async def recheck(self) -> None: ...


async def add_rule(session: AsyncSession) -> None:
    session.add(
        HostingRuleRow(
            ward=WARD,
            id="night",
            from_group="east",
            to=["station-vice"],
            weekdays=[1, 2, 3, 4, 5, 6, 7],
            from_time="22:00",
            until_time="06:00",
            first="2020-01-01",
            last=None,
        )
    )
    await store.bump_revision(session)


async def test_the_running_hub_knows_the_next_days_for_ever(tmp_path: Path) -> None:
    """The window moves with time although nobody changes anything."""
    async with standard_ward(tmp_path) as database:
        async with database.session.begin() as session:
            await add_rule(session)
        now = at("2027-03-03 12:00")
        model = await read_model(database, now)
        assert model.next_change_at(now) == at("2027-03-03 22:00")
        hub, current = Hub(now), CurrentDirectory()
        projector = DirectoryProjector(database, current, hub, hub, {}, lambda: hub.now)
        await projector.poll()
        for _ in range(40):
            hub.now += 9 * HOUR
            await projector.poll()
            known = current.model.wards[WARD].hosting.values()
            shown = hub.documents[names.directory(WARD)]["hosting"]
            assert {plan.id for plan in known} == set(shown)
            assert max(plan.until_ms for plan in known) > hub.now + 7 * DAY
            assert min(plan.until_ms for plan in known) > hub.now - 2 * DAY
        async with database.session.begin() as session:
            await store.store_hospital(session, Hospital("h", "h", {"timezone": "Europe/Berlin"}))
        await projector.poll()
        hosting = current.model.wards[WARD].hosting.values()
        assert all((plan.from_ms // HOUR) % 24 in (20, 21) for plan in hosting), "22:00 in Berlin"
