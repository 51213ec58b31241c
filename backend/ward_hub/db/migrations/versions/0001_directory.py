"""The ward's directory and the terminals' and people's identities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_directory"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_revision")),
    )
    op.create_table(
        "hospital",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hospital")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("installation", sa.String(length=48), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "sign_in_tries",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sign_in_tries")),
    )
    op.create_table(
        "wards",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("escalation_ms", sa.JSON(), nullable=False),
        sa.Column("reminder_ms", sa.Integer(), nullable=False),
        sa.Column("all_tender", sa.Boolean(), nullable=False),
        sa.Column("night_from", sa.String(length=5), nullable=False),
        sa.Column("night_to", sa.String(length=5), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wards")),
    )
    op.create_table(
        "call_groups",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ward"], ["wards.id"], name=op.f("fk_call_groups_ward_wards")),
        sa.PrimaryKeyConstraint("ward", "id", name=op.f("pk_call_groups")),
    )
    op.create_table(
        "rooms",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ward"], ["wards.id"], name=op.f("fk_rooms_ward_wards")),
        sa.PrimaryKeyConstraint("ward", "id", name=op.f("pk_rooms")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("ward", sa.String(length=48), nullable=False),
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
    op.create_index(op.f("ix_staff_ward"), "staff", ["ward"], unique=False)
    op.create_table(
        "beds",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("room", sa.String(length=48), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("call_name", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ward", "room"], ["rooms.ward", "rooms.id"], name=op.f("fk_beds_ward_rooms")
        ),
        sa.PrimaryKeyConstraint("ward", "id", name=op.f("pk_beds")),
    )
    op.create_table(
        "call_group_members",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("group_id", sa.String(length=48), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("member", sa.String(length=48), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ward", "group_id"],
            ["call_groups.ward", "call_groups.id"],
            name=op.f("fk_call_group_members_ward_call_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ward", "group_id", "part", "member", name=op.f("pk_call_group_members")),
    )
    op.create_table(
        "hosting",
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("from_group", sa.String(length=48), nullable=False),
        sa.Column("to", sa.JSON(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ward", "from_group"],
            ["call_groups.ward", "call_groups.id"],
            name=op.f("fk_hosting_ward_call_groups"),
        ),
        sa.PrimaryKeyConstraint("ward", "id", name=op.f("pk_hosting")),
    )
    op.create_table(
        "staff_credentials",
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff"], ["staff.id"], name=op.f("fk_staff_credentials_staff_staff")),
        sa.PrimaryKeyConstraint("staff", name=op.f("pk_staff_credentials")),
    )
    op.create_table(
        "terminals",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("profile", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("room", sa.String(length=48), nullable=True),
        sa.Column("bed", sa.String(length=48), nullable=True),
        sa.Column("serial", sa.String(length=64), nullable=True),
        sa.Column("mac", sa.String(length=17), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=65), nullable=True),
        sa.Column("bound_at", sa.BigInteger(), nullable=True),
        sa.Column("supervised", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ward", "bed"], ["beds.ward", "beds.id"], name="fk_terminals_bed_beds"),
        sa.ForeignKeyConstraint(
            ["ward", "room"], ["rooms.ward", "rooms.id"], name=op.f("fk_terminals_ward_rooms")
        ),
        sa.ForeignKeyConstraint(["ward"], ["wards.id"], name="fk_terminals_ward_wards"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terminals")),
        sa.UniqueConstraint("public_key", name=op.f("uq_terminals_public_key")),
    )
    op.create_index(op.f("ix_terminals_ward"), "terminals", ["ward"], unique=False)
    op.create_table(
        "duty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("pda", sa.String(length=48), nullable=True),
        sa.Column("beds", sa.JSON(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["pda"], ["terminals.id"], name=op.f("fk_duty_pda_terminals")),
        sa.ForeignKeyConstraint(["staff"], ["staff.id"], name=op.f("fk_duty_staff_staff")),
        sa.ForeignKeyConstraint(["ward"], ["wards.id"], name=op.f("fk_duty_ward_wards")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    op.create_index(op.f("ix_duty_ward"), "duty", ["ward"], unique=False)
    op.create_table(
        "enrolment_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["terminal"], ["terminals.id"], name=op.f("fk_enrolment_codes_terminal_terminals")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_enrolment_codes")),
    )
    op.create_index(op.f("ix_enrolment_codes_terminal"), "enrolment_codes", ["terminal"], unique=False)
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["staff"], ["staff.id"], name=op.f("fk_staff_sessions_staff_staff")),
        sa.ForeignKeyConstraint(
            ["terminal"], ["terminals.id"], name=op.f("fk_staff_sessions_terminal_terminals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
    )
    op.create_index(op.f("ix_staff_sessions_terminal"), "staff_sessions", ["terminal"], unique=False)
    op.create_table(
        "terminal_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=65), nullable=False),
        sa.Column("bound_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["terminal"], ["terminals.id"], name=op.f("fk_terminal_keys_terminal_terminals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terminal_keys")),
    )
    op.create_index(op.f("ix_terminal_keys_terminal"), "terminal_keys", ["terminal"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_terminal_keys_terminal"), table_name="terminal_keys")
    op.drop_table("terminal_keys")
    op.drop_index(op.f("ix_staff_sessions_terminal"), table_name="staff_sessions")
    op.drop_table("staff_sessions")
    op.drop_index(op.f("ix_enrolment_codes_terminal"), table_name="enrolment_codes")
    op.drop_table("enrolment_codes")
    op.drop_index(op.f("ix_duty_ward"), table_name="duty")
    op.drop_table("duty")
    op.drop_index(op.f("ix_terminals_ward"), table_name="terminals")
    op.drop_table("terminals")
    op.drop_table("staff_credentials")
    op.drop_table("hosting")
    op.drop_table("call_group_members")
    op.drop_table("beds")
    op.drop_index(op.f("ix_staff_ward"), table_name="staff")
    op.drop_table("staff")
    op.drop_table("rooms")
    op.drop_table("call_groups")
    op.drop_table("wards")
    op.drop_table("sign_in_tries")
    op.drop_table("installation")
    op.drop_table("hospital")
    op.drop_table("directory_revision")
