"""Keys and state of call points. Keys are sealed (custody.py): the database alone opens nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base


class CallPointRow(Base):
    """One call point. `device_key`: what its device proves itself with; `signing_key`: the P-256 number with
    which the hub signs for it; `line`: ok or open, as the device last said; `alerts`: call type → alerts of
    its device that have not ended, of those that tell them one by one (ORU^R40)."""

    __tablename__ = "call_points"

    terminal: Mapped[str] = mapped_column(
        String(48), ForeignKey("terminals.id", ondelete="CASCADE"), primary_key=True
    )
    device_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    signing_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_made_at: Mapped[int | None] = mapped_column(BigInteger)
    key_made_by: Mapped[str | None] = mapped_column(String(48))
    last_heard_at: Mapped[int | None] = mapped_column(BigInteger)
    line: Mapped[str] = mapped_column(String(8))
    alerts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class CallPointNonceRow(Base):
    """A nonce that was used, kept for as long as its request could come again."""

    __tablename__ = "call_point_nonces"

    terminal: Mapped[str] = mapped_column(
        String(48), ForeignKey("terminals.id", ondelete="CASCADE"), primary_key=True
    )
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
