"""What terminals report, what is wished of them, releases and their roll-outs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_fleet"
down_revision = "0006_office"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_reports",
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("first_heard_at", sa.BigInteger(), nullable=False),
        sa.Column("last_heard_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_device_reports")),
    )
    op.create_table(
        "device_wishes",
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("volume", sa.Integer(), nullable=True),
        sa.Column("brightness", sa.Integer(), nullable=True),
        sa.Column("screen", sa.String(length=3), nullable=True),
        sa.Column("release", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_device_wishes")),
    )
    op.create_table(
        "device_schedules",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("ward", sa.String(length=48), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("terminals", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("at", sa.String(length=5), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("do", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_schedules")),
    )
    op.create_index("ix_device_schedules_ward", "device_schedules", ["ward"])
    op.create_table(
        "fleet_commands",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("do", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_commands")),
    )
    op.create_index("ix_fleet_commands_at", "fleet_commands", ["at"])
    op.create_table(
        "fleet_results",
        sa.Column("command", sa.String(length=16), nullable=False),
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["command"],
            ["fleet_commands.id"],
            name=op.f("fk_fleet_results_command_fleet_commands"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("command", "terminal", name=op.f("pk_fleet_results")),
    )
    op.create_index("ix_fleet_results_outcome", "fleet_results", ["outcome"])
    op.create_table(
        "releases",
        sa.Column("build", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(length=48), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("build", name=op.f("pk_releases")),
    )
    op.create_table(
        "rollouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("build", sa.String(length=16), nullable=False),
        sa.Column("from_build", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("advance_after_s", sa.Integer(), nullable=True),
        sa.Column("well_since", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("staff", sa.String(length=48), nullable=False),
        sa.Column("to_all", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollouts")),
    )
    op.create_table(
        "rollout_members",
        sa.Column("rollout", sa.Integer(), nullable=False),
        sa.Column("terminal", sa.String(length=48), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("before", sa.String(length=16), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("was_there", sa.Boolean(), nullable=False),
        sa.Column("lost_at", sa.BigInteger(), nullable=True),
        sa.Column("hung_before", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rollout"],
            ["rollouts.id"],
            name=op.f("fk_rollout_members_rollout_rollouts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rollout", "terminal", name=op.f("pk_rollout_members")),
    )
