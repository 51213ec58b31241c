"""Compaction in the SQLite log, such that no moment of it loses an update.

1. Read what is to be replaced. 2. Merge and compare, on no thread that appends wait for (20,000 updates took
3.8 s there). 3. Store the snapshot, unless another came first. 4. Delete, a slice at a time, what a stored
snapshot stands for. Whoever is killed between leaves at most records that a snapshot stands for too: loading
passes over them and the next compaction deletes them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from ward_hub.log import sqlite_rows as rows

SLICE = 1_000
"""Records deleted in one transaction: about 4 ms, for which an append may have to wait."""

Step = Callable[[str], None]
"""Told of each step that is reached, by name; tests end the process there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be replaced: the updates, a snapshot perhaps the first of them, up to record `last`.

    `base`: what the snapshot that was there stands for, None without one.
    """

    document: str
    base: int | None
    last: int
    updates: list[bytes]


def plan(connection: sqlite3.Connection, document: str) -> Plan:
    """Read what a compaction of the document would replace. Raises LogDamaged."""
    connection.execute("BEGIN")
    try:
        snapshot = rows.snapshot_of(connection, document)
        base, updates = (None, []) if snapshot is None else (snapshot[0], [snapshot[1]])
        last = base or 0
        for row in rows.update_rows(connection, document, last):
            last, record = rows.record_of(row)
            updates.append(record.payload)
    finally:
        connection.execute("COMMIT")
    return Plan(document, base, last, updates)


def store_snapshot(connection: sqlite3.Connection, of: Plan, payload: bytes, step: Step) -> bool:
    """Store what stands for the plan's updates; False when another snapshot came first."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        step("begun")
        found = connection.execute("SELECT seq FROM snapshot WHERE document = ?", (of.document,)).fetchone()
        mine = (None if found is None else found[0]) == of.base
        if mine:
            connection.execute(
                "INSERT OR REPLACE INTO snapshot VALUES (?,?,?,?)",
                rows.snapshot_row(of.document, of.last, payload),
            )
        step("snapshot")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    step("stored")
    return mine


def delete_slice(connection: sqlite3.Connection, document: str, step: Step) -> bool:
    """Delete some of the updates that the document's snapshot stands for; returns whether more are left."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        deleted = connection.execute(
            "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE kind = 'update' AND document = ?1"
            " AND seq <= (SELECT seq FROM snapshot WHERE document = ?1) ORDER BY seq LIMIT ?2)",
            (document, SLICE),
        ).rowcount
        connection.execute("UPDATE compacted SET records = records + ?", (deleted,))
        step("deleted")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    step("committed")
    return deleted == SLICE
