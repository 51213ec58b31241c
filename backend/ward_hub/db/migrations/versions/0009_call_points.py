"""Keys of call points."""

from __future__ import annotations

revision = "0009_call_points"
down_revision = "0008_push"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
