"""What the back office did: every change with its edits, so that it can be read and taken back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base


class ChangeRow(Base):
    """One change. Who made it is kept by name too: the line outlives the person's entry.

    `staff` None: a station did it and nobody was signed in there; `terminal` None: it came from the back
    office. `ward` None: it touched several wards, or none. `edits`: as types of the API, in their order.
    """

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    staff: Mapped[str | None] = mapped_column(String(48))
    terminal: Mapped[str | None] = mapped_column(String(48))
    staff_name: Mapped[str] = mapped_column(String(200))
    ward: Mapped[str | None] = mapped_column(String(48), index=True)
    note: Mapped[str] = mapped_column(String(500))
    undoes: Mapped[int | None]
    undone_by: Mapped[int | None]
    edits: Mapped[list[Any]] = mapped_column(JSON)
