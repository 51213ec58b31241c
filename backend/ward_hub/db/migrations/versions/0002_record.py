"""The clinical record: messages of the feeds, stays, their movements, who lies where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_record"
down_revision = "0001_directory"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feed_messages",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("sender", sa.String(300), nullable=False),
        sa.Column("control_id", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("visit", sa.String(100), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("answer", sa.String(2), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed_messages"),
        sa.UniqueConstraint("sender", "control_id", "digest", name="uq_feed_messages_identity"),
    )
    op.create_index("ix_feed_messages_received_at", "feed_messages", ["received_at"])
    op.create_index("ix_feed_messages_state_id", "feed_messages", ["state", "id"])
    op.create_table(
        "encounters",
        sa.Column("stay", sa.String(48), nullable=False),
        sa.Column("visit", sa.String(100), nullable=False),
        sa.Column("identifiers", sa.JSON(), nullable=False),
        sa.Column("particulars", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("ward", sa.String(48), nullable=True),
        sa.Column("bed", sa.String(48), nullable=True),
        sa.Column("admitted_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stay", name="pk_encounters"),
        sa.UniqueConstraint("visit", name="uq_encounters_visit"),
    )
    op.create_index("ix_encounters_ward", "encounters", ["ward"])
    op.create_table(
        "movements",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("stay", sa.String(48), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=False),
        sa.Column("placed", sa.Boolean(), nullable=False),
        sa.Column("ward", sa.String(48), nullable=True),
        sa.Column("bed", sa.String(48), nullable=True),
        sa.Column("outside", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["stay"], ["encounters.stay"], name="fk_movements_stay_encounters", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_movements"),
    )
    op.create_index("ix_movements_stay", "movements", ["stay"])
    op.create_index("ix_movements_ward_bed", "movements", ["ward", "bed"])
    op.create_table(
        "bed_occupancy",
        sa.Column("ward", sa.String(48), nullable=False),
        sa.Column("bed", sa.String(48), nullable=False),
        sa.Column("stay", sa.String(48), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stay"], ["encounters.stay"], name="fk_bed_occupancy_stay_encounters", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ward", "bed", name="pk_bed_occupancy"),
        sa.UniqueConstraint("stay", name="uq_bed_occupancy_stay"),
    )


def downgrade() -> None:
    for table in ("bed_occupancy", "movements", "encounters", "feed_messages"):
        op.drop_table(table)
