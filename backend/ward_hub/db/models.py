"""Every part's tables in one metadata, for migrations and for the test that compares the two."""

from __future__ import annotations

import importlib
import importlib.util

from sqlalchemy import MetaData

from ward_hub.db.base import Base

TABLE_MODULES = (
    "ward_hub.directory.tables",
    "ward_hub.identity.tables",
    "ward_hub.record.tables",
    "ward_hub.calls.tables",
    "ward_hub.talk.tables",
    "ward_hub.accounts.tables",
    "ward_hub.audit.tables",
    "ward_hub.office.tables",
    "ward_hub.fleet.tables",
    "ward_hub.push.tables",
    "ward_hub.call_points.tables",
    "ward_hub.upstream.tables",
)


def load_tables() -> MetaData:
    """Import the table modules of all parts that are installed and return their metadata."""
    for module in TABLE_MODULES:
        if importlib.util.find_spec(module) is not None:
            importlib.import_module(module)
    return Base.metadata
