"""Keys of call points."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_call_points"
down_revision = "0008_push"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_points",
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("device_key", sa.LargeBinary(), nullable=True),
        sa.Column("signing_key", sa.LargeBinary(), nullable=True),
        sa.Column("key_made_at", sa.BigInteger(), nullable=True),
        sa.Column("key_made_by", sa.String(length=48), nullable=True),
        sa.Column("last_heard_at", sa.BigInteger(), nullable=True),
        sa.Column("line", sa.String(length=8), nullable=False),
        sa.Column("alerts", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["terminal"],
            ["terminals.id"],
            name=op.f("fk_call_points_terminal_terminals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_call_points")),
    )
    op.create_table(
        "call_point_nonces",
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["terminal"],
            ["terminals.id"],
            name=op.f("fk_call_point_nonces_terminal_terminals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("terminal", "nonce", name=op.f("pk_call_point_nonces")),
    )
    op.create_index(op.f("ix_call_point_nonces_expires_at"), "call_point_nonces", ["expires_at"])
