"""Roles without a ward, sessions of the back office, permissions, PINs, audit."""

from __future__ import annotations

revision = "0005_accounts"
down_revision = "0004_recordings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
