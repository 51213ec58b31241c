"""What the back office changed, and what it may set: call types, hosting rules, keys of turns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_office"
down_revision = "0005_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=True),
        sa.Column("terminal", sa.String(length=48), nullable=True),
        sa.Column("staff_name", sa.String(length=200), nullable=False),
        sa.Column("ward", sa.String(length=48), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_ward", "changes", ["ward"])
    op.create_table(
        "call_type_overrides",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["ward"], ["wards.id"], name=op.f("fk_call_type_overrides_ward_wards")),
        sa.PrimaryKeyConstraint("ward", "id", name=op.f("pk_call_type_overrides")),
    )
    op.create_table(
        "hosting_rules",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("from_group", sa.String(length=48), nullable=False),
        sa.Column("to", sa.JSON(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("from_time", sa.String(length=5), nullable=False),
        sa.Column("until_time", sa.String(length=5), nullable=False),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("last", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["ward", "from_group"],
            ["call_groups.ward", "call_groups.id"],
            name=op.f("fk_hosting_rules_ward_call_groups"),
        ),
        sa.PrimaryKeyConstraint("ward", "id", name=op.f("pk_hosting_rules")),
    )
    # A turn had no name outside the database; "t" and its number is one that nobody else can have.
    op.add_column("duty", sa.Column("key", sa.String(length=48), nullable=False, server_default=""))
    op.execute("UPDATE duty SET key = 't' || id")
    op.create_index("ix_duty_ward_key", "duty", ["ward", "key"], unique=True)
