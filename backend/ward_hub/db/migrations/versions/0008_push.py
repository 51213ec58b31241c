"""Push subscriptions of PDAs."""

from __future__ import annotations

revision = "0008_push"
down_revision = "0007_fleet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
