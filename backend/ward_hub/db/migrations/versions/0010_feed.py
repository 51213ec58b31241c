"""Repairs of feed messages."""

from __future__ import annotations

revision = "0010_feed"
down_revision = "0009_call_points"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
