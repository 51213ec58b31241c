"""Roles without a ward, sessions of the back office, permissions, PINs, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_accounts"
down_revision = "0004_recordings"
branch_labels = None
depends_on = None

_STAFF = "id, ward, number, name, role, title, active, position"


def upgrade() -> None:
    _let_staff_have_no_ward()
    op.create_table(
        "office_sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_why", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["staff"], ["staff.id"], name=op.f("fk_office_sessions_staff_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_office_sessions_token_hash")),
    )
    op.create_index("ix_office_sessions_staff", "office_sessions", ["staff"])
    op.create_table(
        "password_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.String(length=48), nullable=True),
        sa.ForeignKeyConstraint(["staff"], ["staff.id"], name=op.f("fk_password_history_staff_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_history")),
    )
    op.create_index("ix_password_history_staff", "password_history", ["staff"])
    op.execute(
        "INSERT INTO password_history (staff, password_hash, set_at)"
        " SELECT staff, password_hash, changed_at FROM staff_credentials"
    )
    op.create_table(
        "role_permissions",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_role_permissions")),
    )
    op.create_table(
        "staff_pins",
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("pin_hash", sa.String(length=200), nullable=True),
        sa.Column("pin_failed", sa.Integer(), nullable=False),
        sa.Column("pin_locked", sa.Boolean(), nullable=False),
        sa.Column("badge_hash", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff"], ["staff.id"], name=op.f("fk_staff_pins_staff_staff")),
        sa.PrimaryKeyConstraint("staff", name=op.f("pk_staff_pins")),
        sa.UniqueConstraint("badge_hash", name=op.f("uq_staff_pins_badge_hash")),
    )
    _make_audit()


def _make_audit() -> None:
    op.create_table(
        "audit_lines",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=True),
        sa.Column("terminal", sa.String(length=48), nullable=True),
        sa.Column("ward", sa.String(length=48), nullable=True),
        sa.Column("subject", sa.String(length=96), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_lines")),
    )
    op.create_index("ix_audit_lines_at", "audit_lines", ["at"])
    op.create_index("ix_audit_lines_staff", "audit_lines", ["staff"])
    chain = op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("anchor_seq", sa.BigInteger(), nullable=False),
        sa.Column("anchor_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
    )
    # The row is there before the first writer: two of them would both try to make it.
    op.bulk_insert(chain, [{"id": 1, "seq": 0, "hash": "", "anchor_seq": 0, "anchor_hash": ""}])


def _let_staff_have_no_ward() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("staff", "ward", existing_type=sa.String(length=48), nullable=True)
        return
    # SQLite cannot alter a column. Alembic's batch mode fills the new table before it drops the old one: the
    # rows that refer to it then count as orphans for good, and the commit fails. Rows that come into the
    # table under its own name take their references up again.
    op.execute("PRAGMA defer_foreign_keys=ON")
    op.execute(f"CREATE TEMP TABLE staff_before AS SELECT {_STAFF} FROM staff")  # noqa: S608
    op.drop_table("staff")
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("ward", sa.String(length=48), nullable=True),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=32), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ward"], ["wards.id"], name=op.f("fk_staff_ward_wards")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("number", name=op.f("uq_staff_number")),
    )
    op.create_index(op.f("ix_staff_ward"), "staff", ["ward"])
    op.execute(f"INSERT INTO staff ({_STAFF}) SELECT {_STAFF} FROM staff_before")  # noqa: S608
    op.execute("DROP TABLE staff_before")
