"""Run by Alembic: applies revisions on the connection that `ward_hub.db.engine` hands over.

The caller holds the transaction and the lock, so nothing here begins or commits.
"""

from __future__ import annotations

from alembic import context
from ward_hub.db.models import load_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=load_tables(),
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
