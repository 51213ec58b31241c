"""What terminals report, what is wished of them, releases and their roll-outs."""

from __future__ import annotations

revision = "0007_fleet"
down_revision = "0006_office"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
