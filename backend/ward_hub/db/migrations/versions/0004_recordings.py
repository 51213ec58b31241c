"""Recorded talks: who recorded what when, the file's digest, and the calls it was about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_recordings"
down_revision = "0003_journal"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("talk", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("staff", sa.String(length=96), nullable=True),
        sa.Column("parties", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ward", "talk", name=op.f("pk_recordings")),
    )
    op.create_table(
        "recording_calls",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("talk", sa.String(length=16), nullable=False),
        sa.Column("call", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["ward", "talk"],
            ["recordings.ward", "recordings.talk"],
            name=op.f("fk_recording_calls_ward_recordings"),
        ),
        sa.PrimaryKeyConstraint("ward", "talk", "call", name=op.f("pk_recording_calls")),
    )
    op.create_index("ix_recording_calls_call", "recording_calls", ["call"])
