"""Ward hubs, and what one knows of the hub above it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_ward_hubs"
down_revision = "0013_places_in_the_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ward_hubs",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("wards", sa.JSON(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(65), nullable=True),
        sa.Column("code_hash", sa.String(64), nullable=True),
        sa.Column("code_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ward_hubs")),
        sa.UniqueConstraint("public_key", name=op.f("uq_ward_hubs_public_key")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_ward_hubs_code_hash")),
    )
    op.create_table(
        "uplink",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("wards", sa.JSON(), nullable=False),
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("view", sa.JSON(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uplink")),
    )
