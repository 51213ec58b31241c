"""Three years of a ward's documents that are overwritten or written by many: how large they are on joining.

The real edits of the hub (publishing, carrying memos over) on documents in memory, a day at a time, read in
anew once a day as after a restart. Rates are those of a busy 46-bed ward. Calls: growth.py.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from pycrdt import Array, Doc, Text
from ward_hub.doc_rooms.publish import publish_edit
from ward_hub.documents import names
from ward_hub.documents.memo_months import MemoMonths, month_of, text_mark

from loadtests.report import Figure, arguments, report

T = TypeVar("T")
DAY_MS = 86_400_000
BEGIN = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
BEDS = 46
MOVES_A_DAY = 20
"""Admissions, discharges and transfers."""
BOARD_A_DAY = 400
"""Changes of the whiteboard's projection: each move, care level and mark touches several of its values."""
DUTY_A_DAY = 40
MEMOS_A_DAY = 7
PUBLISHED_KIB = 64.0
HUB_CLIENT = 7


class Ward:
    """The ward's documents as the log would give them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.docs: dict[str, Doc[Any]] = {}
        self.now = BEGIN
        self.months = MemoMonths(self, lambda: ["w"], lambda _lease: True, lambda: self.now)
        self.hanging: list[str] = []
        self.count = 0
        self.roots: dict[str, dict[str, dict[str, Any]]] = {
            names.beds("w"): {"beds": {f"b{n:02}": None for n in range(BEDS)}},
            names.board("w"): {"beds": {f"b{n:02}": {} for n in range(BEDS)}, "counts": {}},
            names.directory("w"): {"duty": {}, "staff": {f"n{n:03}": {"role": "nurse"} for n in range(40)}},
        }

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T:
        return look(self.docs.setdefault(document, Doc(client_id=HUB_CLIENT)))

    async def edit(self, document: str, edit: Callable[[Doc[Any]], None]) -> None:
        doc = self.docs.setdefault(document, Doc(client_id=HUB_CLIENT))
        with doc.transaction():
            edit(doc)

    async def day(self) -> None:
        """One day: beds, board, rota, memos; then every document is read in anew."""
        for _ in range(MOVES_A_DAY):
            await self._set(names.beds("w"), "beds", self._bed(), f"s{self.chance.getrandbits(40):010x}")
        for _ in range(BOARD_A_DAY):
            value = {"name": "张*", "sex": "m", "level": self.chance.randrange(4), "at": self.now}
            await self._set(names.board("w"), "beds", self._bed(), value)
        for number in range(DUTY_A_DAY):
            await self._set(names.directory("w"), "duty", f"n{number:03}", {"from": self.now, "beds": []})
        for _ in range(MEMOS_A_DAY):
            self._memo()
        await self.months.carry()
        for name, doc in list(self.docs.items()):
            again: Doc[Any] = Doc(client_id=HUB_CLIENT)
            again.apply_update(doc.get_update())
            self.docs[name] = again
        self.now += DAY_MS

    def size(self, document: str) -> float:
        """KiB on joining with nothing."""
        return len(self.docs[document].get_update()) / 1024

    def state_vector(self, document: str) -> int:
        return len(self.docs[document].get_state())

    async def _set(self, document: str, root: str, key: str, value: Any) -> None:
        self.roots[document][root][key] = value
        await self.edit(document, publish_edit(self.roots[document]))

    def _bed(self) -> str:
        return f"b{self.chance.randrange(BEDS):02}"

    def _memo(self) -> None:
        """One is hung up, one of those that hang is taken down: each by a page opened today."""
        month = self.docs.setdefault(names.memos("w", month_of(self.now)), Doc(client_id=HUB_CLIENT))
        self.count += 1
        memo, text = f"m{self.count:016x}", "12床 今日 14:00 胸片复查，轮椅护送。"
        page: Doc[Any] = Doc(client_id=self.chance.getrandbits(32))
        page.apply_update(month.get_update())
        held: Text = page.get(f"text:{memo}", type=Text)
        with page.transaction():
            self._say(page, memo, "created", True)
            self._say(page, memo, "expires", self.now + 3 * DAY_MS)
            held += text
            self.hanging.append(memo)
            if len(self.hanging) > 2 * MEMOS_A_DAY:
                self._say(page, self.hanging.pop(0), "deleted", text_mark(text))
        month.apply_update(page.get_update(month.get_state()))

    def _say(self, doc: Doc[Any], memo: str, field: str, value: object) -> None:
        event = {"memo": memo, "field": field, "value": value, "at": self.now}
        who = {"staff": f"n{self.chance.randrange(40):03}", "staff_name": "王芳", "verified": True}
        doc.get("events", type=Array).append({**event, **who})


async def run(days: int) -> list[Figure]:
    ward = Ward(20_261_120)
    for _ in range(days):
        await ward.day()
    published = [names.beds("w"), names.board("w"), names.directory("w")]
    figures = [
        Figure(f"{name.split('/')[-1]}, overwritten by the hub", ward.size(name), "KiB", PUBLISHED_KIB)
        for name in published
    ]
    months = sorted(name for name in ward.docs if "/memos/" in name)
    largest = max(months, key=ward.size)
    figures.append(Figure("largest month of memos", ward.size(largest), "KiB"))
    figures.append(Figure("its state vector", ward.state_vector(largest) / 1024, "KiB"))
    figures.append(Figure("all memos, were they one document", sum(map(ward.size, months)), "KiB"))
    return figures


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--days", type=int, help="default 1095, quick 65")
    options = parser.parse_args()
    days = options.days or (65 if options.quick else 1095)
    return report(f"A ward's documents after {days} days", asyncio.run(run(days)), options)


if __name__ == "__main__":
    raise SystemExit(main())
