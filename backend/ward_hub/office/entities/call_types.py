"""Call types and policies of a ward: the shipped ones, each as the ward has it, and its own.

A shipped type is always there: removing it brings back how it was shipped, and so does writing that. Calls
that are open keep their type; how they sound and who may clear them follows the type at once, but what the
hub has judged stays judged (rules CF13 and CF25 of sync/SPEC.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.directory.tables import CallTypeOverrideRow
from ward_hub.documents.port import Json
from ward_hub.office.entities.port import of_ward
from ward_hub.office.port import EditsRefused, Problem, Value


class CallTypeAdapter:
    """`shipped`: id → type, each with its id inside."""

    def __init__(self, shipped: Mapping[str, Json]) -> None:
        self.shipped: Mapping[str, Value] = {
            name: {key: item for key, item in cast("Value", value).items() if key != "id"}
            for name, value in shipped.items()
        }

    async def read(self, session: AsyncSession, ward: str | None, name: str) -> Value | None:
        row = await session.get(CallTypeOverrideRow, (of_ward(ward), name))
        return self.shipped.get(name) if row is None else dict(row.value)

    async def write(self, session: AsyncSession, ward: str | None, name: str, value: Value | None) -> None:
        row = await session.get(CallTypeOverrideRow, (of_ward(ward), name))
        if value is None and row is None:
            problem = Problem(
                0, None, "A shipped call type cannot be removed.", "系统自带的呼叫类型不能删除。"
            )
            raise EditsRefused("still_used", (problem,))
        if value is None or value == self.shipped.get(name):
            if row is not None:
                await session.delete(row)
            return
        if row is None:
            session.add(CallTypeOverrideRow(ward=of_ward(ward), id=name, value=dict(value)))
        else:
            row.value = dict(value)
