"""The rules of docs/feed.md, each shown from messages to what the screens would hold."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from ward_hub.ingest.hl7.mllp import Frame
from ward_hub.ingest.left_over import rejected, without_bed
from ward_hub.record.tables import EncounterRow, FeedMessage, MovementRow

from tests.backend.ingest.conftest import Feed
from tests.backend.ingest.feeding import message, minutes, swap


async def test_a_message_said_twice_is_accepted_and_changes_nothing(feed: Feed) -> None:
    """FEED1."""
    admit, transfer = message("A01", minutes(0)), message("A02", minutes(5), bed="3")
    assert await feed.send(admit, transfer, admit, transfer) == ["AA"] * 4
    assert feed.shown() == {"b03": "V1"}
    async with feed.database.session() as session:
        assert await session.scalar(select(func.count()).select_from(FeedMessage)) == 2
        assert await session.scalar(select(func.sum(FeedMessage.times))) == 4


async def test_an_event_told_again_by_another_message_changes_nothing(feed: Feed) -> None:
    """FEED2."""
    await feed.send(message("A01", minutes(0)), message("A02", minutes(5), bed="3"))
    again = message("A02", minutes(5), bed="3", control_id="another")
    assert await feed.send(again) == ["AA"]
    async with feed.database.session() as session:
        assert await session.scalar(select(func.count()).select_from(MovementRow)) == 2
        states = (await session.scalars(select(FeedMessage.state).order_by(FeedMessage.id))).all()
    assert states == ["taken", "taken", "unchanged"]


async def test_a_control_id_used_anew_for_something_else_is_a_new_message(feed: Feed) -> None:
    """FEED1: a system that counts from 1 after a restart loses nothing."""
    await feed.send(message("A01", minutes(0), control_id="1"))
    assert await feed.send(message("A02", minutes(1), bed="4", control_id="1")) == ["AA"]
    assert feed.shown() == {"b04": "V1"}


async def test_what_happened_before_does_not_undo_what_happened_after(feed: Feed) -> None:
    """FEED3: order is the order of events, not of arrival."""
    nurse = "OBX|1|CWE|NURSE||N1^林^晓月"
    other = "OBX|1|CWE|NURSE||N2^王^思雨"
    await feed.send(
        message("A02", minutes(10), bed="4", extra=[nurse]),
        message("A08", minutes(5), bed="2", extra=[other]),
        message("A01", minutes(0), bed="1"),
    )
    assert feed.shown() == {"b04": "V1"}
    assert feed.card("b04")["nurse"] == "林晓月"
    assert feed.card("b04")["admitted_at"] == minutes(0)


async def test_a_clock_far_ahead_does_not_win_for_ever(feed: Feed) -> None:
    """FEED4."""
    await feed.send(message("A01", feed.clock() + 90 * 86_400_000, bed="1"))
    feed.clock.now += 60_000
    assert await feed.send(message("A02", feed.clock(), bed="2")) == ["AA"]
    assert feed.shown() == {"b02": "V1"}


@pytest.mark.parametrize("first", ["A08", "A02", "A12", "A13"])
async def test_an_unknown_stay_is_made_from_what_pv1_holds(feed: Feed, first: str) -> None:
    """FEED5."""
    assert await feed.send(message(first, minutes(5), bed="2")) == ["AA"]
    if first in ("A08", "A02"):
        assert feed.shown() == {"b02": "V1"}
    assert await feed.send(message("A01", minutes(0), bed="2")) == ["AA"]
    assert feed.shown() == {"b02": "V1"}


async def test_a_discharge_before_its_admission_keeps_the_bed_free(feed: Feed) -> None:
    """FEED5, FEED11."""
    assert await feed.send(message("A03", minutes(9)), message("A01", minutes(0))) == ["AA", "AA"]
    assert feed.shown() == {}


async def test_an_update_tells_of_a_move_that_was_missed(feed: Feed) -> None:
    """FEED6."""
    await feed.send(message("A01", minutes(0), bed="1"), message("A08", minutes(5), bed="2"))
    assert feed.shown() == {"b02": "V1"}


async def test_an_unknown_bed_is_kept_for_a_person_and_changes_nothing(feed: Feed) -> None:
    """FEED7."""
    await feed.send(message("A01", minutes(0), bed="1"))
    assert await feed.send(message("A02", minutes(5), bed="99")) == ["AE"]
    assert feed.shown() == {"b01": "V1"}
    assert await feed.reason() == "PV1-3: expected a bed of ward thoracic, got '99': no such bed"
    assert await feed.send(message("A01", minutes(0), "V2", "1", ward="肾内科")) == ["AE"]
    assert "unknown stay 'V2', got '肾内科'" in await feed.reason()
    assert len(await rejected(feed.database, 10)) == 2


async def test_a_refused_message_sent_again_is_judged_again(feed: Feed) -> None:
    """FEED7: the hospital's engine repeats what was not taken, and by then the mapping may know the bed."""
    strange = message("A02", minutes(5), bed="99")
    assert await feed.send(strange, strange) == ["AE", "AE"]
    messages = await rejected(feed.database, 10)
    assert [one.times for one in messages] == [2]


async def test_a_patient_who_leaves_for_another_ward_frees_the_bed(feed: Feed) -> None:
    """FEED8, A21."""
    await feed.send(message("A01", minutes(0), bed="1"))
    stay = feed.stays()["b01"]
    away = message("A02", minutes(5), bed="7", ward="ICU")
    assert await feed.send(away) == ["AA"]
    assert feed.shown() == {}
    assert feed.documents.held[f"stay/{stay}/card"] == {"card": {}}
    assert await feed.send(message("A02", minutes(9), bed="2")) == ["AA"]
    assert feed.stays() == {"b02": stay}, "the stay that comes back is the same one"


async def test_leaving_may_arrive_before_having_come(feed: Feed) -> None:
    """FEED8: PV1-6 says that the ward is ours."""
    away = message("A02", minutes(5), bed="7", ward="ICU", prior="胸壁外科^^1")
    assert await feed.send(away, message("A01", minutes(0), bed="1")) == ["AA", "AA"]
    assert feed.shown() == {}


async def test_the_newest_placement_has_the_bed_and_the_other_is_listed(feed: Feed) -> None:
    """FEED9."""
    await feed.send(message("A01", minutes(0), "V1", "1"))
    old = feed.stays()["b01"]
    assert await feed.send(message("A01", minutes(5), "V2", "1")) == ["AA"]
    assert feed.shown() == {"b01": "V2"}
    assert await without_bed(feed.database) == [("thoracic", old)]
    assert feed.documents.held["ward/thoracic/board"]["counts"]["without_bed"] == 1
    assert "bed" not in feed.documents.held[f"stay/{old}/card"]["card"]
    assert await feed.send(message("A02", minutes(6), "V1", "2")) == ["AA"]
    assert feed.shown() == {"b01": "V2", "b02": "V1"}
    assert await without_bed(feed.database) == []


async def test_an_older_placement_does_not_take_the_bed_of_a_newer_one(feed: Feed) -> None:
    """FEED9."""
    await feed.send(message("A01", minutes(5), "V2", "1"), message("A01", minutes(0), "V1", "1"))
    assert feed.shown() == {"b01": "V2"}
    assert len(await without_bed(feed.database)) == 1


async def test_who_lost_a_bed_has_it_again_when_a_newer_message_says_so(feed: Feed) -> None:
    """FEED10."""
    await feed.send(message("A01", minutes(0), "V1", "1"), message("A01", minutes(5), "V2", "1"))
    await feed.send(message("A08", minutes(6), "V1", "1"))
    assert feed.shown() == {"b01": "V2"}, "an update takes a free bed, never an occupied one"
    await feed.send(message("A03", minutes(7), "V2", "1"))
    assert feed.shown() == {}
    await feed.send(message("A08", minutes(8), "V1", "1"))
    assert feed.shown() == {"b01": "V1"}


async def test_a_late_update_does_not_bring_a_discharged_patient_back(feed: Feed) -> None:
    """FEED11: neither one that happened before nor one that was written after."""
    await feed.send(message("A01", minutes(0)), message("A03", minutes(5)))
    assert await feed.send(message("A08", minutes(3)), message("A08", minutes(9))) == ["AA", "AA"]
    assert feed.shown() == {}
    assert await feed.send(message("A01", minutes(20), bed="2")) == ["AA"]
    assert feed.shown() == {"b02": "V1"}, "a new admission does"


async def test_a_cancelled_discharge_brings_back_unless_the_bed_is_taken(feed: Feed) -> None:
    """FEED12, A13."""
    await feed.send(message("A01", minutes(0)), message("A03", minutes(5)))
    await feed.send(message("A13", minutes(6)))
    assert feed.shown() == {"b01": "V1"}
    await feed.send(message("A03", minutes(7)), message("A01", minutes(8), "V2"))
    await feed.send(message("A13", minutes(9)))
    assert feed.shown() == {"b01": "V2"}
    assert len(await without_bed(feed.database)) == 1


async def test_a_cancelled_transfer_undoes_it_in_either_order(feed: Feed) -> None:
    """FEED12, A12; some senders name the cancelled bed in PV1-3, some the one gone back to."""
    for visit, bed in (("V1", "1"), ("V2", "2")):
        await feed.send(message("A01", minutes(0), visit, "1"))
        cancel, transfer = message("A12", minutes(6), visit, bed), message("A02", minutes(5), visit, "2")
        assert await feed.send(cancel, transfer) == ["AA", "AA"]
        assert feed.shown() == {"b01": visit}


async def test_a_cancelled_transfer_gives_the_bed_back_to_who_had_it(feed: Feed) -> None:
    """FEED12."""
    await feed.send(message("A01", minutes(0), "V1", "1"), message("A01", minutes(1), "V2", "2"))
    await feed.send(message("A02", minutes(5), "V2", "1"))
    assert feed.shown() == {"b01": "V2"}
    await feed.send(message("A12", minutes(6), "V2", "2"))
    assert feed.shown() == {"b01": "V1", "b02": "V2"}


async def test_a_cancelled_admission_frees_the_bed_in_either_order(feed: Feed) -> None:
    """FEED12, A11."""
    await feed.send(message("A01", minutes(0), "V1"), message("A11", minutes(5), "V1"))
    await feed.send(message("A11", minutes(5), "V2"), message("A01", minutes(0), "V2"))
    await feed.send(message("A08", minutes(9), "V1"))
    assert feed.shown() == {}


async def test_two_patients_change_places_at_once(feed: Feed) -> None:
    """FEED14, A17."""
    await feed.send(message("A01", minutes(0), "V1", "1"), message("A01", minutes(0), "V2", "2"))
    assert await feed.send(swap(minutes(5), ("V1", "2"), ("V2", "1"))) == ["AA"]
    assert feed.shown() == {"b01": "V2", "b02": "V1"}
    assert await without_bed(feed.database) == []


async def test_a_swap_with_one_unknown_bed_moves_nobody(feed: Feed) -> None:
    """FEED14."""
    await feed.send(message("A01", minutes(0), "V1", "1"), message("A01", minutes(0), "V2", "2"))
    assert await feed.send(swap(minutes(5), ("V1", "2"), ("V2", "99"))) == ["AE"]
    assert await feed.send(swap(minutes(5), ("V1", "2"), ("V2", "2"))) == ["AE"]
    assert feed.shown() == {"b01": "V1", "b02": "V2"}


async def test_a_stay_number_with_another_patient_is_refused(feed: Feed) -> None:
    """FEED13: a wrong name on a bed is worse than a late one."""
    await feed.send(message("A01", minutes(0)))
    wrong = message("A08", minutes(5), name="李^娜", patient="P999")
    assert await feed.send(wrong) == ["AE"]
    assert feed.card("b01")["name"] == "张伟"
    assert await feed.send(message("A08", minutes(6), patient="P1000")) == ["AA"], "a merge keeps the name"
    assert await feed.send(message("A08", minutes(7), name="张^玮")) == ["AA"], (
        "a corrected name keeps the number"
    )
    assert feed.card("b01")["name"] == "张玮"


async def test_messages_of_other_kinds_are_rejected_and_kept(feed: Feed) -> None:
    """FEED15."""
    order = message("A01", minutes(0)).replace(b"ADT^A01", b"ORM^O01")
    assert await feed.send(order, message("A37", minutes(0)), b"nonsense") == ["AR", "AR", "AR"]
    assert [one.kind for one in await rejected(feed.database)] == ["^", "ADT^A37", "ORM^O01"]


async def test_a_missing_number_or_an_unreadable_value_is_refused_by_name(feed: Feed) -> None:
    """FEED16."""
    assert await feed.send(message("A01", minutes(0), visit="")) == ["AE"]
    assert await feed.reason() == "PV1-19 or PID-18: expected the number of the stay, got nothing"
    odd = message("A01", minutes(0), extra=["OBX|1|CWE|CARE_LEVEL||9^九级护理"])
    assert await feed.send(odd) == ["AE"]
    assert (await feed.reason()).startswith("OBX-5 of CARE_LEVEL: expected one of 0, 1, 2, 3,")
    assert feed.shown() == {}


async def test_nothing_is_accepted_that_was_not_stored(feed: Feed) -> None:
    """FEED17: AA only after the commit."""
    async with feed.database.engine.begin() as connection:
        await connection.run_sync(MovementRow.metadata.tables["movements"].drop)
    assert await feed.send(message("A01", minutes(0))) == ["AE"]
    assert "send the message again" in await feed.reason()
    async with feed.database.session() as session:
        assert await session.scalar(select(func.count()).select_from(EncounterRow)) == 0


async def test_documents_catch_up_after_the_log_was_full(feed: Feed) -> None:
    """FEED18: the record is taken, the documents follow."""
    feed.documents.failing = True
    answer = await feed.service.take(Frame(message("A01", minutes(0))))
    assert b"MSA|AA" in answer
    with pytest.raises(OSError, match="full"):
        await feed.service.settle()
    feed.documents.failing = False
    await feed.service.settle()
    assert feed.shown() == {"b01": "V1"}
