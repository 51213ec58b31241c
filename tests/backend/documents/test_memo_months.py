"""Memos of a month, and what is carried into the next (MEMO-01..04, A19)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from pycrdt import Array, Doc, Text
from ward_hub.documents import names
from ward_hub.documents.memo_months import MemoMonths, month_of, months_before, read_memos, text_mark
from ward_hub.documents.memos import validate

T = TypeVar("T")
NOVEMBER = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1000)
DECEMBER = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)
WARD = "thoracic"


class House:
    """Documents in memory and the hub's rounds."""

    def __init__(self) -> None:
        self.docs: dict[str, Doc[Any]] = {}
        self.now = NOVEMBER
        self.edits = 0
        self.holds = True
        self.months = MemoMonths(self, lambda: [WARD], lambda _lease: self.holds, lambda: self.now)

    def doc(self, month: str) -> Doc[Any]:
        return self.docs.setdefault(names.memos(WARD, month), Doc())

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T:
        return look(self.docs.setdefault(document, Doc()))

    async def edit(self, document: str, edit: Callable[[Doc[Any]], None]) -> None:
        doc = self.docs.setdefault(document, Doc())
        before = doc.get_state()
        with doc.transaction():
            edit(doc)
        self.edits += doc.get_state() != before

    def say(self, month: str, memo: str, field: str, value: object, at: int = 1) -> None:
        event = {"memo": memo, "field": field, "value": value, "at": at}
        who = {"staff": "n001", "staff_name": "王芳", "verified": True}
        self.doc(month).get("events", type=Array).append({**event, **who})

    def write(self, month: str, memo: str, text: str) -> None:
        held: Text = self.doc(month).get(f"text:{memo}", type=Text)
        held.clear()
        held += text

    def text(self, month: str, memo: str) -> str:
        return str(self.doc(month).get(f"text:{memo}", type=Text))


@pytest.fixture
def house() -> House:
    house = House()
    house.say("2026-11", "m1", "created", True)
    house.write("2026-11", "m1", "12床胸片复查")
    return house


async def test_what_hangs_is_carried_into_the_new_month_once(house: House) -> None:
    house.say("2026-11", "over", "created", True)
    house.say("2026-11", "over", "expires", NOVEMBER + 1)
    house.say("2026-11", "gone", "created", True)
    house.write("2026-11", "gone", "x")
    house.say("2026-11", "gone", "deleted", text_mark("x"), 2)
    await house.months.carry()
    assert list(read_memos(house.doc("2026-12"))) == []
    house.now = DECEMBER
    await house.months.carry()
    assert list(read_memos(house.doc("2026-12"))) == ["m1"]
    assert house.text("2026-12", "m1") == "12床胸片复查"
    assert validate(house.doc("2026-12")) is None
    edits = house.edits
    await house.months.carry()
    assert house.edits == edits


async def test_what_is_written_late_into_the_old_month_comes_too(house: House) -> None:
    """A19: of two sides that wrote on, both texts stand."""
    house.now = DECEMBER
    await house.months.carry()
    house.write("2026-11", "m1", "12床胸片复查，轮椅")
    house.say("2026-11", "m1", "red", True, 5)
    await house.months.carry()
    assert house.text("2026-12", "m1") == "12床胸片复查，轮椅"
    assert len(read_memos(house.doc("2026-12"))["m1"].events) == 2
    house.write("2026-12", "m1", "改到下午")
    house.write("2026-11", "m1", "取消")
    await house.months.carry()
    assert house.text("2026-12", "m1") == "改到下午\n取消"
    await house.months.carry()
    assert house.text("2026-12", "m1") == "改到下午\n取消"


async def test_what_was_taken_down_in_the_new_month_stays_down(house: House) -> None:
    house.now = DECEMBER
    await house.months.carry()
    house.say("2026-12", "m1", "deleted", text_mark("12床胸片复查"), 9)
    await house.months.carry()
    assert not read_memos(house.doc("2026-12"))["m1"].hangs(DECEMBER)


async def test_a_hub_that_was_away_for_months_carries_through_all_of_them(house: House) -> None:
    house.now = int(datetime(2027, 6, 3, tzinfo=UTC).timestamp() * 1000)
    await house.months.carry()
    assert list(read_memos(house.doc("2027-06"))) == ["m1"]


async def test_a_ward_whose_memos_cannot_be_read_keeps_no_other_back(house: House) -> None:
    house.now = DECEMBER
    broken: Doc[Any] = Doc()
    house.docs[names.memos("a-ward", "2026-11")] = broken
    broken.get("events", type=Array).append({"field": "created"})
    house.months = MemoMonths(house, lambda: ["a-ward", WARD], lambda _lease: True, lambda: house.now)
    await house.months.carry()
    assert list(read_memos(house.doc("2026-12"))) == ["m1"]


async def test_another_hub_that_holds_the_ward_carries_alone(house: House) -> None:
    house.now, house.holds = DECEMBER, False
    await house.months.carry()
    assert house.edits == 0


def test_months() -> None:
    assert month_of(NOVEMBER) == "2026-11"
    assert months_before("2027-01", 3) == ["2026-11", "2026-12", "2027-01"]


def test_the_mark_of_a_text_is_the_apps() -> None:
    """The same values stand in pwa/tests/core/documents/memos.test.ts."""
    assert text_mark("") == "0:811c9dc5"
    assert text_mark("12床 😀") == "6:d2d13d85"
