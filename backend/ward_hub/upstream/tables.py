"""Which ward hubs the hospital's hub knows, and what a ward hub knows of the hub above it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base


class WardHubRow(Base):
    """A ward hub, at the hospital's hub. `code_hash`: SHA-256 in hex of its one-time code; `public_key`: raw
    P-256 point, None before it enrolled."""

    __tablename__ = "ward_hubs"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    wards: Mapped[list[str]] = mapped_column(JSON)
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary(65), unique=True)
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_expires_at: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[int] = mapped_column(BigInteger)
    enrolled_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)


class UplinkRow(Base):
    """One row, at a ward hub: who it is above, and how far the two have come.

    `revision`: of the mirror it holds, empty before the first; `view`: who lies where, as the mirror said;
    `place`: up to where in its own log the facts are known above.
    """

    __tablename__ = "uplink"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(40))
    wards: Mapped[list[str]] = mapped_column(JSON)
    revision: Mapped[str] = mapped_column(String(64))
    view: Mapped[dict[str, Any]] = mapped_column(JSON)
    place: Mapped[str] = mapped_column(Text)
