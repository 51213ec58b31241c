"""PDA push: subscriptions, notices, and the hub's own push service with what waits there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_push"
down_revision = "0007_fleet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("key_mark", sa.String(length=16), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.String(length=96), nullable=False),
        sa.Column("auth", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_push_subscriptions")),
    )
    op.create_table(
        "push_notices",
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("receipt", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("tried", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("terminal", "tag", name=op.f("pk_push_notices")),
    )
    op.create_index("ix_push_notices_receipt", "push_notices", ["receipt"], unique=True)
    op.create_table(
        "push_channels",
        sa.Column("id", sa.String(length=43), nullable=False),
        sa.Column("client", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=36), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_channels")),
    )
    op.create_index("ix_push_channels_client_channel", "push_channels", ["client", "channel"], unique=True)
    op.create_table(
        "push_messages",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("version", sa.String(length=22), nullable=False),
        sa.Column("channel", sa.String(length=43), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=True),
        sa.Column("urgency", sa.String(length=8), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel"], ["push_channels.id"], name=op.f("fk_push_messages_channel_push_channels")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_push_messages")),
        sa.UniqueConstraint("version", name=op.f("uq_push_messages_version")),
    )
    op.create_index("ix_push_messages_channel", "push_messages", ["channel"])
