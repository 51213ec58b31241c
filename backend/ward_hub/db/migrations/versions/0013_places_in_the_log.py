"""How far the log was read is a place in its adapter's words: the log of several hubs has no numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_places_in_the_log"
down_revision = "0012_taken_by"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("journal_cursor") as table:
        table.add_column(sa.Column("place", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE journal_cursor SET place = CAST(seq AS TEXT)")
    with op.batch_alter_table("journal_cursor") as table:
        table.alter_column("place", server_default=None)
        table.drop_column("seq")
