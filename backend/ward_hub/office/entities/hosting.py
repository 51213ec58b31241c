"""Hosting (CALL-07): for once, and every week. Calls of a group also go to other stations.

A start or an end loses no call: who is asked is worked out anew at every fold, and the home station sounds
when nobody there has received a call within 10 s.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.directory.tables import HostingRow, HostingRuleRow
from ward_hub.office.entities.port import Field, of_ward
from ward_hub.office.port import Value


class HostingAdapter:
    async def read(self, session: AsyncSession, ward: str | None, hosting: str) -> Value | None:
        row = await session.get(HostingRow, (of_ward(ward), hosting))
        return None if row is None else hosting_json(row)

    async def write(self, session: AsyncSession, ward: str | None, hosting: str, value: Value | None) -> None:
        row = await session.get(HostingRow, (of_ward(ward), hosting))
        if value is None:
            await session.delete(row)
            return
        if row is None:
            row = HostingRow(ward=of_ward(ward), id=hosting)
            session.add(row)
        field = Field(value)
        row.from_group, row.to = field.text("from_group"), field.texts("to")
        row.from_ms, row.until_ms = field.whole("from_ms"), field.whole("until_ms")


def hosting_json(row: HostingRow) -> Value:
    return {
        "from_group": row.from_group,
        "to": list(row.to),
        "from_ms": row.from_ms,
        "until_ms": row.until_ms,
    }


class HostingRuleAdapter:
    async def read(self, session: AsyncSession, ward: str | None, rule: str) -> Value | None:
        row = await session.get(HostingRuleRow, (of_ward(ward), rule))
        return None if row is None else hosting_rule_json(row)

    async def write(self, session: AsyncSession, ward: str | None, rule: str, value: Value | None) -> None:
        row = await session.get(HostingRuleRow, (of_ward(ward), rule))
        if value is None:
            await session.delete(row)
            return
        if row is None:
            row = HostingRuleRow(ward=of_ward(ward), id=rule)
            session.add(row)
        field = Field(value)
        row.from_group, row.to = field.text("from_group"), field.texts("to")
        row.weekdays = field.wholes("weekdays")
        row.from_time, row.until_time = field.text("from"), field.text("until")
        row.first, row.last = field.text("first"), field.text_or_none("last")


def hosting_rule_json(row: HostingRuleRow) -> Value:
    return {
        "from_group": row.from_group,
        "to": list(row.to),
        "weekdays": list(row.weekdays),
        "from": row.from_time,
        "until": row.until_time,
        "first": row.first,
        "last": row.last,
    }
