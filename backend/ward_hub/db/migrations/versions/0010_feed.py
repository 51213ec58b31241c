"""Who a stay is of, repairs of feed messages, and the installation's mapping."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0010_feed"
down_revision = "0009_call_points"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("encounters", sa.Column("own", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "encounter_numbers",
        sa.Column("number", sa.String(length=200), nullable=False),
        sa.Column("stay", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["stay"],
            ["encounters.stay"],
            name=op.f("fk_encounter_numbers_stay_encounters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", "stay", name=op.f("pk_encounter_numbers")),
    )
    op.create_index(op.f("ix_encounter_numbers_stay"), "encounter_numbers", ["stay"])
    _number_the_stays()
    op.create_table(
        "identity_changes",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=False),
        sa.Column("surviving", sa.JSON(), nullable=False),
        sa.Column("prior", sa.JSON(), nullable=False),
        sa.Column("visit", sa.String(length=100), nullable=True),
        sa.Column("particulars", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_changes")),
    )
    op.create_index(op.f("ix_identity_changes_visit"), "identity_changes", ["visit"])
    op.create_index(op.f("ix_identity_changes_received_at"), "identity_changes", ["received_at"])
    op.create_table(
        "identity_change_numbers",
        sa.Column("number", sa.String(length=200), nullable=False),
        sa.Column("change", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["change"],
            ["identity_changes.id"],
            name=op.f("fk_identity_change_numbers_change_identity_changes"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", "change", name=op.f("pk_identity_change_numbers")),
    )
    op.create_index(op.f("ix_identity_change_numbers_change"), "identity_change_numbers", ["change"])
    for column in (
        sa.Column("location", sa.String(length=40), nullable=True),
        sa.Column("ward", sa.String(length=48), nullable=True),
        sa.Column("handled_by", sa.String(length=48), nullable=True),
        sa.Column("handled_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("repair", sa.BigInteger(), nullable=True),
        sa.Column("repair_of", sa.BigInteger(), nullable=True),
    ):
        op.add_column("feed_messages", column)
    op.create_table(
        "feed_mappings",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("mapping", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_mappings")),
    )


def _number_the_stays() -> None:
    """Find the stays that are there by their patients' numbers."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT stay, identifiers FROM encounters")).all()
    for stay, identifiers in rows:
        held = json.loads(identifiers) if isinstance(identifiers, str) else identifiers
        for number in {str(one)[:200] for one in held or ()}:
            connection.execute(
                sa.text("INSERT INTO encounter_numbers (number, stay) VALUES (:number, :stay)"),
                {"number": number, "stay": stay},
            )
