"""The ward's directory and the terminals' and people's identities."""

from __future__ import annotations

revision = "0001_directory"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
