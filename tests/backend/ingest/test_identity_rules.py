"""Rules of docs/feed.md about people: merges, corrections, news; and borrowed beds."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import func, select
from ward_hub.ingest.left_over import without_bed
from ward_hub.record.tables import EncounterRow, IdentityChangeRow

from tests.backend.ingest.conftest import Feed
from tests.backend.ingest.feeding import identity, message, minutes

DAY_MS = 86_400_000


def name_at(feed: Feed, bed: str) -> object:
    return feed.card(bed)["name"]


async def numbers(feed: Feed, visit: str = "V1") -> set[str]:
    async with feed.database.session() as session:
        row = await session.scalar(select(EncounterRow).where(EncounterRow.visit == visit))
    assert row is not None
    return set(row.identifiers)


async def changes(feed: Feed) -> int:
    async with feed.database.session() as session:
        return await session.scalar(select(func.count()).select_from(IdentityChangeRow)) or 0


async def test_a_registration_is_an_admission(feed: Feed) -> None:
    """FEED19."""
    assert await feed.send(message("A04", minutes(0), bed="2")) == ["AA"]
    assert feed.shown() == {"b02": "V1"}
    assert await feed.send(message("A11", minutes(1), bed="2")) == ["AA"]
    assert feed.shown() == {}


async def test_who_is_only_announced_takes_no_bed(feed: Feed) -> None:
    """FEED19: neither a free bed nor somebody else's, and what was told is there when they come."""
    nurse = "OBX|1|CWE|NURSE||N1^林^晓月"
    await feed.send(message("A01", minutes(0), "V2", "1"))
    assert await feed.send(message("A05", minutes(1), bed="1", extra=[nurse])) == ["AA"]
    assert feed.shown() == {"b01": "V2"}
    assert await without_bed(feed.database) == []
    assert await feed.send(message("A01", minutes(2), bed="3")) == ["AA"]
    assert feed.shown() == {"b01": "V2", "b03": "V1"}
    assert feed.card("b03")["nurse"] == "林晓月"
    assert await feed.send(message("A05", minutes(1), bed="1", control_id="late")) == ["AA"]
    assert feed.shown() == {"b01": "V2", "b03": "V1"}


@pytest.mark.parametrize("event", ["A04", "A05"])
async def test_registrations_for_elsewhere_are_nothing_to_us(feed: Feed, event: str) -> None:
    """FEED19: an outpatient of another department is no mistake; a wrong bed of our ward is one."""
    assert await feed.send(message(event, minutes(0), ward="门诊")) == ["AA"]
    assert await feed.send(message("A04", minutes(0), "V2", "99")) == ["AE"]
    async with feed.database.session() as session:
        assert await session.scalar(select(func.count()).select_from(EncounterRow)) == 0


@pytest.mark.parametrize("event", ["A28", "A31"])
async def test_news_of_a_person_reach_all_their_stays(feed: Feed, event: str) -> None:
    """FEED20."""
    await feed.send(message("A01", minutes(0), patient="P1", name="张^伟"))
    await feed.send(message("A01", minutes(1), "V2", "2", patient="P1", name="张^伟"))
    await feed.send(message("A01", minutes(2), "V3", "3", patient="P3", name="王^芳"))
    news = identity(event, minutes(5), "P1", name="章^伟", extra=["AL1|1|DA|^青霉素|SV"])
    assert await feed.send(news, news) == ["AA", "AA"]
    assert [name_at(feed, bed) for bed in ("b01", "b02", "b03")] == ["章伟", "章伟", "王芳"]
    assert feed.card("b02")["allergies"] == [{"substance": "青霉素", "severity": "severe"}]
    assert await feed.send(message("A08", minutes(4), patient="P1", name="张^伟")) == ["AA"]
    assert name_at(feed, "b01") == "章伟"
    assert await feed.send(message("A08", minutes(9), patient="P1", name="张^玮")) == ["AA"]
    assert (name_at(feed, "b01"), name_at(feed, "b02")) == ("张玮", "章伟")


async def test_of_people_who_are_not_here_nothing_stays(feed: Feed) -> None:
    """FEED20: told shortly before the admission it counts, and it is forgotten after a week."""
    await feed.send(
        identity("A31", minutes(5), "P1", name="章^伟"), identity("A31", minutes(5), "P9", name="林^一")
    )
    await feed.send(message("A01", minutes(0), patient="P1", name="张^伟"))
    assert name_at(feed, "b01") == "章伟"
    assert "林" not in feed.documents.text()
    feed.clock.now += 8 * DAY_MS
    await feed.service.forget_old()
    assert await changes(feed) == 1
    await feed.send(message("A03", feed.clock(), patient="P1"))
    feed.clock.now += 8 * DAY_MS
    await feed.service.forget_old()
    assert await changes(feed) == 0


@pytest.mark.parametrize("event", ["A34", "A40"])
async def test_a_merge_keeps_both_stays_where_they_are(feed: Feed, event: str) -> None:
    """FEED21: also with both in beds; nobody is displaced, and the unknown patient has a name."""
    await feed.send(message("A01", minutes(0), "V1", "1", patient="P1", name="无名^氏"))
    await feed.send(message("A01", minutes(1), "V2", "2", patient="P2", name="张^伟"))
    before = feed.stays()
    merge = identity(event, minutes(5), "P2", "P1", name="张^伟")
    assert await feed.send(merge, identity(event, minutes(5), "P2", "P1", name="张^伟", control_id="x")) == [
        "AA",
        "AA",
    ]
    assert feed.stays() == before
    assert await without_bed(feed.database) == []
    assert (name_at(feed, "b01"), name_at(feed, "b02")) == ("张伟", "张伟")
    assert await numbers(feed) == {"P1", "P2"}
    assert await changes(feed) == 1
    for patient, bed in (("P2", "3"), ("P1", "4")):
        assert await feed.send(
            message("A02", minutes(6 + int(bed)), bed=bed, patient=patient, name="x^y")
        ) == ["AA"]
    assert feed.stays() == {"b04": before["b01"], "b02": before["b02"]}


async def test_a_merge_of_a_merge_holds_for_the_first(feed: Feed) -> None:
    """FEED21, in either order."""
    await feed.send(message("A01", minutes(0), patient="P1"))
    await feed.send(identity("A40", minutes(6), "P3", "P2"), identity("A40", minutes(5), "P2", "P1"))
    assert await numbers(feed) == {"P1", "P2", "P3"}
    assert await feed.send(identity("A31", minutes(9), "P3", name="章^伟")) == ["AA"]
    assert name_at(feed, "b01") == "章伟"


async def test_a_cancellation_after_a_merge_finds_its_stay(feed: Feed) -> None:
    """FEED21, FEED12: by the new number."""
    await feed.send(
        message("A01", minutes(0), patient="P1", name="无名^氏"), message("A03", minutes(3), patient="P1")
    )
    await feed.send(identity("A40", minutes(5), "P2", "P1", name="张^伟"))
    assert feed.shown() == {}
    assert await feed.send(message("A13", minutes(6), bed="1", patient="P2", name="张^伟")) == ["AA"]
    assert feed.shown() == {"b01": "V1"}
    assert name_at(feed, "b01") == "张伟"


async def test_a_number_that_was_replaced_is_gone(feed: Feed) -> None:
    """FEED22: A47; who had it later is somebody else."""
    await feed.send(message("A01", minutes(0), patient="P1", name="张^伟"))
    assert await feed.send(identity("A47", minutes(5), "P7", "P1")) == ["AA"]
    assert await numbers(feed) == {"P7"}
    assert name_at(feed, "b01") == "张伟"
    await feed.send(identity("A31", minutes(9), "P1", name="李^四"))
    assert name_at(feed, "b01") == "张伟"
    await feed.send(identity("A31", minutes(9), "P7", name="张^玮"))
    assert name_at(feed, "b01") == "张玮"
    assert await feed.send(
        message("A02", minutes(3), bed="2", patient="P1", name="张^伟", control_id="late")
    ) == ["AA"]
    assert await numbers(feed) == {"P7"}


@pytest.mark.parametrize("account", ["V1", "Z-1"])
async def test_a_stay_that_was_somebody_elses_is_theirs_now(feed: Feed, account: str) -> None:
    """FEED22: A44, told by either number of the stay."""
    inpatient = message("A01", minutes(0), patient="P1", name="李^四").replace(
        b"||19800315|M", b"||19800315|M||||||||||Z-1"
    )
    await feed.send(inpatient, message("A01", minutes(1), "V2", "2", patient="P1", name="李^四"))
    stays = feed.stays()
    moved = identity("A44", minutes(5), "P2", "P1", name="张^伟", visit=account)
    assert await feed.send(moved) == ["AA"]
    assert feed.stays() == stays
    assert (name_at(feed, "b01"), name_at(feed, "b02")) == ("张伟", "李四")
    assert (await numbers(feed), await numbers(feed, "V2")) == ({"P2"}, {"P1"})
    assert await feed.send(message("A08", minutes(6), patient="P1", name="李^四")) == ["AE"]
    assert await feed.send(message("A08", minutes(6), patient="P2", name="张^伟")) == ["AA"]
    assert await feed.send(message("A08", minutes(4), patient="P1", name="李^四", control_id="late")) == [
        "AA"
    ]
    assert name_at(feed, "b01") == "张伟"


STORY = {
    "admit": message("A01", minutes(0), bed="1", patient="P1", name="无名^氏"),
    "news of the wrong one": identity("A31", minutes(12), "P9", name="李^四"),
    "moved": identity("A44", minutes(10), "P2", "P9", name="张^伟", visit="V1"),
    "was another's": message("A08", minutes(4), bed="1", patient="P9", name="李^四", extra=["MRG|P1"]),
    "merged": identity("A40", minutes(3), "P9", "P1", name="李^四"),
    "renumbered": identity("A47", minutes(14), "P5", "P2"),
}


@pytest.mark.parametrize("order", list(permutations(STORY))[::29])
async def test_in_any_order_the_end_is_the_same(feed: Feed, order: tuple[str, ...]) -> None:
    """FEED23: an unknown patient is admitted, merged with the wrong one, given to the right one, renumbered.

    What cannot be believed yet (FEED13) is taken when it comes again (FEED7).
    """
    await feed.send(*(STORY[name] for name in order))
    assert set(await feed.send(*(STORY[name] for name in order))) == {"AA"}
    assert name_at(feed, "b01") == "张伟"
    assert await numbers(feed) == {"P5"}
    assert list(feed.stays()) == ["b01"]


@pytest.mark.parametrize("event", ["A40", "A44", "A47"])
async def test_a_change_of_identity_says_who_it_was_before(feed: Feed, event: str) -> None:
    """FEED16."""
    assert await feed.send(identity(event, minutes(0), "P1", visit="V1")) == ["AE"]
    assert (await feed.reason()).startswith("MRG-1: expected")
    assert await feed.send(identity(event, minutes(0), "", "P1", visit="V1")) == ["AE"]
    assert (await feed.reason()).startswith("PID-3: expected")
    if event != "A47":
        assert await feed.send(identity(event, minutes(0), "P1", "P1", visit="V1")) == ["AE"]
    if event == "A44":
        assert await feed.send(identity(event, minutes(0), "P1", "P2")) == ["AE"]
        assert (await feed.reason()).startswith("PID-18: expected")


def of_service(service: str, at: int, visit: str, bed: str) -> bytes:
    """An admission with PV1-10."""
    made = message("A01", at, visit, bed).decode()
    return made.replace("D1^陆^景明" + "|" * 12, f"D1^陆^景明|||{service}" + "|" * 9).encode()


async def test_a_borrowed_bed_is_marked_for_staff_only(feed: Feed) -> None:
    """FEED24, LOAN-01: 借床 on the board, the department where a bedside does not read."""
    await feed.send(of_service("骨科", minutes(0), "V1", "1"), of_service("胸外科", minutes(1), "V2", "2"))
    await feed.send(message("A01", minutes(2), "V3", "3"))
    stays = feed.stays()
    clinical = {bed: feed.documents.held[f"stay/{stay}/clinical"]["clinical"] for bed, stay in stays.items()}
    assert clinical["b01"]["loaned"] == {"department": "骨科"}
    assert "loaned" not in clinical["b02"]
    assert "loaned" not in clinical["b03"]
    board = feed.documents.held["ward/thoracic/board"]
    beds = {bed: tile for bed, tile in board["beds"].items() if isinstance(tile, dict)}
    assert [bed for bed, tile in beds.items() if tile.get("loaned")] == ["b01"]
    assert (board["counts"]["loaned_in"], board["counts"]["loaned_out"]) == (1, 0)
    for name, roots in feed.documents.held.items():
        if name.endswith(("/card", "/door", "/board")) or "/room/" in name:
            assert "骨科" not in repr(roots), name
    await feed.send(message("A02", minutes(9), "V1", "4"))
    assert feed.documents.held[f"stay/{stays['b01']}/clinical"]["clinical"]["loaned"] == {
        "department": "骨科"
    }
