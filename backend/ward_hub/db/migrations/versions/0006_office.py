"""What the back office changed, and what it may set: call types, hosting rules, keys of turns."""

from __future__ import annotations

revision = "0006_office"
down_revision = "0005_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
