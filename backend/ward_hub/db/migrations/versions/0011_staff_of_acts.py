"""Whether the person an act names was signed in at its terminal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_staff_of_acts"
down_revision = "0010_feed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was taken before was believed.
    op.add_column(
        "call_facts", sa.Column("staff_verified", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column(
        "calls", sa.Column("staff_unverified", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )
