"""The call journal: accepted facts, the calls they name, one line a call, and how far the log was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_journal"
down_revision = "0002_record"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_facts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("wire", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_facts")),
    )
    op.create_table(
        "call_fact_names",
        sa.Column("call", sa.String(length=32), nullable=False),
        sa.Column("fact", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["fact"], ["call_facts.id"], name=op.f("fk_call_fact_names_fact_call_facts")),
        sa.PrimaryKeyConstraint("call", "fact", name=op.f("pk_call_fact_names")),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("room", sa.String(length=48), nullable=True),
        sa.Column("bed", sa.String(length=48), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=48), nullable=False),
        sa.Column("purpose", sa.String(length=48), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("approx", sa.Boolean(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=96), nullable=True),
        sa.Column("attended_at", sa.BigInteger(), nullable=True),
        sa.Column("attended_by", sa.String(length=96), nullable=True),
        sa.Column("talk_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=96), nullable=True),
        sa.Column("closed_how", sa.String(length=16), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("waited_ms", sa.BigInteger(), nullable=True),
        sa.Column("missed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index("ix_calls_ward_at", "calls", ["ward", "at"])
    op.create_table(
        "journal_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_cursor")),
    )
