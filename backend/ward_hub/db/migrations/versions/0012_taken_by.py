"""Who had a call last, beside who was first to take it. Lines that are there know the first only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_taken_by"
down_revision = "0011_staff_of_acts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("taken_by", sa.String(length=96), nullable=True))
