"""Tables of PDA push: subscriptions, what each PDA was told and whether it said so, the hub's own service.

No table holds a name: places and kinds of calls, endpoints and keys.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base


class PushSubscription(Base):
    """Where a PDA's browser is reached (W3C Push API). `key_mark`: of the device key it was given by, so that
    a device that was replaced hears nothing more; `p256dh`, `auth` in base64url."""

    __tablename__ = "push_subscriptions"

    terminal: Mapped[str] = mapped_column(String(48), primary_key=True)
    key_mark: Mapped[str] = mapped_column(String(16))
    endpoint: Mapped[str] = mapped_column(Text)
    p256dh: Mapped[str] = mapped_column(String(96))
    auth: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(2))
    since: Mapped[int] = mapped_column(BigInteger)


class PushNotice(Base):
    """What a PDA is told about one row of calls, or was last. Times in ms.

    `tag` is the row's (policy.py), `mark` which ringing of it, `id` the one-time id of the receipt. `state`:
    due, sent, closing, closed, failed (notices.py). `tried`: it may have left the hub.
    """

    __tablename__ = "push_notices"
    __table_args__ = (Index("ix_push_notices_receipt", "receipt", unique=True),)

    terminal: Mapped[str] = mapped_column(String(48), primary_key=True)
    tag: Mapped[str] = mapped_column(String(32), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    receipt: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(8))
    payload: Mapped[str] = mapped_column(Text)
    urgent: Mapped[bool] = mapped_column(Boolean)
    tried: Mapped[bool] = mapped_column(Boolean)
    due_at: Mapped[int] = mapped_column(BigInteger)
    sent_at: Mapped[int | None] = mapped_column(BigInteger)
    seen_at: Mapped[int | None] = mapped_column(BigInteger)


class PushChannel(Base):
    """A subscription at the hub's own push service: who holds it and the address messages come to.

    `id` is unguessable and the last part of `endpoint`; `client` the user agent id (uaid), `channel` its own
    name for the subscription.
    """

    __tablename__ = "push_channels"
    __table_args__ = (Index("ix_push_channels_client_channel", "client", "channel", unique=True),)

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    client: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(36))
    endpoint: Mapped[str] = mapped_column(Text)
    since: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[int] = mapped_column(BigInteger)


class PushMessage(Base):
    """A message that waits for its client: encrypted, never readable here. `expires_at` in ms."""

    __tablename__ = "push_messages"
    __table_args__ = (Index("ix_push_messages_channel", "channel"),)

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    version: Mapped[str] = mapped_column(String(22), unique=True)
    channel: Mapped[str] = mapped_column(ForeignKey("push_channels.id"))
    topic: Mapped[str | None] = mapped_column(String(32))
    urgency: Mapped[str] = mapped_column(String(8))
    expires_at: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)
