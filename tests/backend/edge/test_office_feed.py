"""Refused messages and the mapping in the back office: seen, mended, sent again, put away, and by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from ward_hub.audit.port import AuditAction
from ward_hub.edge.office_feed import office_feed_routes
from ward_hub.ingest.hl7.mllp import Oversized
from ward_hub.ingest.left_over import rejected
from ward_hub.ingest.mappings import load_mapping_now
from ward_hub.ingest.repair import Repairs
from ward_hub.office.port import Permission
from ward_hub.record.tables import FeedMessage

from tests.backend.call_points.points import Door, Trail, person
from tests.backend.ingest.conftest import Feed, feed
from tests.backend.ingest.feeding import message, minutes

__all__ = ["feed"]

DAY_MS = 86_400_000
PATH = "/api/office/feed"


@dataclass
class Office:
    feed: Feed
    door: Door
    audit: Trail
    http: httpx.AsyncClient

    async def lines(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{PATH}/messages", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["messages"])

    async def text(self, line: int) -> str:
        return str((await self.http.get(f"{PATH}/messages/{line}")).json()["text"])

    async def replay(self, line: int, text: str | None = None) -> Any:
        return (await self.http.post(f"{PATH}/messages/{line}/replay", json={"text": text})).json()

    async def mapping(self) -> Any:
        return (await self.http.get(f"{PATH}/mapping")).json()

    def did(self) -> list[tuple[str | None, object]]:
        return [
            (line.subject, line.detail["did"])
            for line in self.audit.lines
            if line.action is AuditAction.FEED_REPAIR
        ]


@pytest.fixture
async def office(feed: Feed) -> AsyncIterator[Office]:
    door, audit = Door(), Trail()
    repairs = Repairs(feed.database, feed.service, audit, feed.clock)
    routes = office_feed_routes(door, repairs, feed.service, feed.database, audit, feed.clock)
    transport = httpx.ASGITransport(Starlette(routes=routes), client=("10.0.0.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        yield Office(feed, door, audit, http)


async def test_what_could_not_be_taken_is_listed_with_reason_and_place(office: Office) -> None:
    await office.feed.send(message("A01", minutes(0), bed="99"), message("A01", minutes(1), "V2", "2"))
    (line,) = await office.lines()
    assert line == {
        "id": 1, "received_at": office.feed.clock(), "control_id": f"A01-V1-{minutes(0)}",
        "type": "ADT^A01", "where": "PV1-3", "state": "refused", "repaired_by": None, "repaired_at": None,
        "reason": "PV1-3: expected a bed of ward thoracic, got '99': no such bed",
    }  # fmt: skip
    assert await office.lines(state="replayed") == []


async def test_a_mended_message_goes_the_way_of_all_and_the_one_that_came_is_kept(office: Office) -> None:
    """FEED27."""
    sent = message("A01", minutes(0), bed="99", name="张^伟", charset="GB 18030-2000")
    await office.feed.send(sent)
    text = await office.text(1)
    assert "张^伟" in text
    assert await office.replay(1, text.replace("^^99", "^^98")) == {
        "state": "refused",
        "reason": "PV1-3: expected a bed of ward thoracic, got '98': no such bed",
    }
    assert [line["id"] for line in await office.lines()] == [1]
    assert len(await rejected(office.feed.database)) == 1
    assert await office.replay(1, text.replace("^^99", "^^2")) == {"state": "replayed", "reason": None}
    await office.feed.service.settle()
    assert office.feed.shown() == {"b02": "V1"}
    (line,) = await office.lines()
    assert (line["state"], line["repaired_by"]) == ("replayed", "e001")
    assert line["repaired_at"] == office.feed.clock()
    assert await rejected(office.feed.database) == []
    async with office.feed.database.session() as session:
        original = await session.get_one(FeedMessage, 1)
        mended = await session.get_one(FeedMessage, original.repair or 0)
    assert (original.body, mended.repair_of, mended.handled_by) == (sent, 1, "e001")
    assert b"^^2" in mended.body
    assert mended.body.decode("gb18030").count("张^伟") == 1
    assert office.did() == [("1", "read"), ("1", "repair"), ("1", "repair")]
    assert "张" not in repr(office.audit.lines)
    # the hospital sends the first one again: it has been taken care of
    assert await office.feed.send(sent) == ["AA"]
    assert office.feed.shown() == {"b02": "V1"}
    answer = await office.http.post(f"{PATH}/messages/1/replay", json={"text": None})
    assert answer.json()["error"]["code"] == "changed_meanwhile"


async def test_who_has_one_ward_sends_messages_again_and_changes_none(office: Office) -> None:
    """What somebody writes could name another ward's patient."""
    await office.feed.send(message("A01", minutes(0), bed="1", ward="TX-7"))
    text = await office.text(1)
    office.door.principal = person(Permission.FEED_REPAIR, ward="thoracic")
    answer = await office.http.post(f"{PATH}/messages/1/replay", json={"text": text.replace("TX-7", "TX")})
    assert answer.json()["error"]["code"] == "forbidden"
    assert office.feed.shown() == {}


async def test_a_message_is_sent_again_as_it_came_when_the_mapping_has_its_words(office: Office) -> None:
    """FEED27, FEED29."""
    await office.feed.send(message("A01", minutes(0), bed="1", ward="TX-7"))
    assert (await office.replay(1))["state"] == "refused"
    before = await office.mapping()
    assert (before["version"], before["mapping"]) == (0, before["shipped"])
    wanted = {**before["mapping"], "wards": {**before["mapping"]["wards"], "TX-7": "thoracic"}}
    answer = await office.http.post(f"{PATH}/mapping", json={"version": 0, "mapping": wanted})
    assert answer.json() == {"version": 1}
    assert (await office.replay(1))["state"] == "replayed"
    await office.feed.service.settle()
    assert office.feed.shown() == {"b01": "V1"}
    assert (await load_mapping_now(office.feed.database)).wards["TX-7"] == "thoracic"
    after = await office.mapping()
    assert (after["version"], after["mapping"]["wards"]["TX-7"]) == (1, "thoracic")
    assert after["versions"] == [{"id": 1, "at": office.feed.clock(), "staff": "e001"}]
    back = await office.http.post(f"{PATH}/mapping", json={"version": 1, "restore": 0})
    assert back.json() == {"version": 2}
    assert (await office.mapping())["mapping"] == before["shipped"]
    stale = await office.http.post(f"{PATH}/mapping", json={"version": 1, "mapping": None})
    assert stale.json()["error"]["code"] == "changed_meanwhile"
    changes = [line.detail["version"] for line in office.audit.lines if line.action is AuditAction.CHANGE]
    assert changes == [1, 2]


@pytest.mark.parametrize(
    "part",
    [
        {"wards": {"X": "../thoracic"}},
        {"wards": ["thoracic"]},
        {"numbers": {"visit": ["ZZZ-1"], "inpatient_number": [], "patient": []}},
        {"numbers": {"visit": [], "inpatient_number": [], "patient": []}},
        {"kept": {"taken_days": 0, "refused_days": 90}},
        {"kept": {"taken_days": True, "refused_days": 90}},
        {"values": {"care_level": {"4": "fourth"}}},
        {"observations": {"X": "name"}},
        {"utc_offset_minutes": 10_000},
        {"utc_offset_minutes": "480"},
        {"beds": {"bed_prefixes": "床", "bed_suffixes": [], "room_suffixes": []}},
        {"more": {}},
        {"sex": {"M": None}},
        {"sex": {str(n): "M" for n in range(6000)}},
        {"diagnosis": {"private_codes": [], "private_words": ["x" * 300], "hidden_surgery": "手术"}},
    ],
)
async def test_a_mapping_that_cannot_be_is_refused_whole(office: Office, part: dict[str, Any]) -> None:
    """FEED29."""
    answer = await office.http.post(f"{PATH}/mapping", json={"version": 0, "mapping": part})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")
    assert (await office.mapping())["version"] == 0


async def test_what_is_put_away_is_judged_again_when_it_comes_again(office: Office) -> None:
    """FEED27."""
    sent = message("A01", minutes(0), bed="99")
    await office.feed.send(sent)
    answer = await office.http.post(f"{PATH}/messages/1/discard", json={"reason": "测试消息"})
    assert answer.json() == {"state": "discarded"}
    assert [line["state"] for line in await office.lines()] == ["discarded"]
    assert await office.lines(state="refused") == []
    assert await office.feed.send(sent) == ["AE"]
    assert [line["state"] for line in await office.lines()] == ["discarded"]
    again = await office.http.post(f"{PATH}/messages/1/discard", json={})
    assert again.json()["error"]["code"] == "changed_meanwhile"
    assert office.did() == [("1", "discard")]


async def test_pages_and_what_is_asked_wrongly(office: Office) -> None:
    await office.feed.send(*(message("A01", minutes(n), f"V{n}", "99") for n in range(5)))
    answer = await office.http.get(f"{PATH}/messages", params={"limit": "2"})
    assert ([one["id"] for one in answer.json()["messages"]], answer.json()["more"]) == ([5, 4], True)
    answer = await office.http.get(f"{PATH}/messages", params={"limit": "3", "before": "4"})
    assert ([one["id"] for one in answer.json()["messages"]], answer.json()["more"]) == ([3, 2, 1], False)
    for wrong in ({"state": "lost"}, {"limit": "0"}, {"before": "x"}, {"more": "1"}):
        assert (await office.http.get(f"{PATH}/messages", params=wrong)).status_code == 400
    for number in ("99", "x", "-1"):
        assert (await office.http.get(f"{PATH}/messages/{number}")).status_code == 404
    for body in ({}, {"text": 1}, {"text": None, "more": 1}):
        assert (await office.http.post(f"{PATH}/messages/1/replay", json=body)).status_code == 400


async def test_text_that_cannot_be_sent_is_said(office: Office) -> None:
    await office.feed.send(message("A01", minutes(0), bed="99"))
    text = await office.text(1)
    for wrong in (
        text.replace("UNICODE UTF-8", "EBCDIC"),
        text.replace("UNICODE UTF-8", "ASCII"),
        text + "x" * (1 << 20),
    ):
        answer = await office.http.post(f"{PATH}/messages/1/replay", json={"text": wrong})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")
    assert (await office.replay(1, "nonsense"))["state"] == "refused"


async def test_half_a_message_is_not_sent_as_a_whole_one(office: Office) -> None:
    head = message("A01", minutes(0), bed="1", extra=["NTE|1||" + "x" * 5000])[:4096]
    await office.feed.service.take(Oversized(head))
    answer = await office.http.post(f"{PATH}/messages/1/replay", json={"text": None})
    assert answer.json()["error"]["code"] == "invalid"
    assert office.feed.shown() == {}


async def test_who_may_see_mend_and_change(office: Office) -> None:
    """USR-02: texts are for who cares for patients or mends; a ward's people see their ward's messages."""
    await office.feed.send(
        message("A01", minutes(0), bed="99"),
        message("A01", minutes(1), "V2", "99", ward="ICU"),
        "PID|张^伟".encode(),
    )

    async def codes() -> list[int]:
        answers = [
            await office.http.get(f"{PATH}/messages"),
            await office.http.get(f"{PATH}/messages/1"),
            await office.http.get(f"{PATH}/messages/2"),
            await office.http.post(f"{PATH}/messages/1/replay", json={"text": None}),
            await office.http.get(f"{PATH}/mapping"),
            await office.http.post(f"{PATH}/mapping", json={"version": 9, "mapping": None}),
        ]
        return [answer.status_code for answer in answers]

    office.door.principal = None
    assert await codes() == [401] * 6
    office.door.principal = person(Permission.WARD_READ, clinical=True)
    assert await codes() == [403] * 6
    office.door.principal = person(Permission.FEED_READ)
    assert await codes() == [200, 403, 403, 403, 200, 403]
    assert "张" not in repr(await office.lines())
    office.door.principal = person(Permission.FEED_READ, clinical=True)
    assert await codes() == [200, 200, 200, 403, 200, 403]
    office.door.principal = person(Permission.FEED_READ, Permission.FEED_REPAIR, ward="thoracic")
    assert await codes() == [200, 200, 404, 200, 200, 403]
    assert [line["id"] for line in await office.lines()] == [1]
    office.door.principal = person(Permission.FEED_READ, Permission.FEED_REPAIR)
    assert await codes() == [200, 200, 200, 200, 200, 409]
    assert "张" in repr(await office.lines())


async def test_messages_are_kept_as_long_as_the_mapping_says(office: Office) -> None:
    """FEED28."""
    await office.feed.send(message("A01", minutes(0)), message("A01", minutes(1), "V2", "99"))

    async def kept() -> list[int]:
        await office.feed.service.forget_old()
        async with office.feed.database.session() as session:
            return list((await session.scalars(select(FeedMessage.id).order_by(FeedMessage.id))).all())

    office.feed.clock.now += 31 * DAY_MS
    assert await kept() == [2]
    office.feed.clock.now += 58 * DAY_MS
    assert await kept() == [2]
    own = {"kept": {"taken_days": 30, "refused_days": 88}}
    await office.http.post(f"{PATH}/mapping", json={"version": 0, "mapping": own})
    assert await kept() == []


async def test_how_the_feed_is(office: Office) -> None:
    await office.feed.send(message("A01", minutes(0)), message("A01", minutes(1), "V2", "99"))
    summary = await office.feed.service.summary()
    assert (summary.connected, summary.last_message_at, summary.refused) == (0, office.feed.clock(), 1)
