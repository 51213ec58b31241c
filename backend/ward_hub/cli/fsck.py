"""`ward-hub fsck`: reads a log whole and prints what is wrong with it. Repairs nothing.

A SQLite log is read without making or changing a file, and while no hub holds it. Other stores are opened as
a hub opens them: PostgreSQL while no hub holds it, CouchDB also beside hubs that run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ward_hub.log.port import Finding, LogDamaged, LogUnavailable, Severity

if TYPE_CHECKING:
    from ward_hub.settings import Settings

CLEAN, DAMAGED, UNREADABLE = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="the hub's data folder")
    parser.add_argument(
        "--store", help="the log's address, as `serve` takes it (default: in the data folder)"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace) -> int:
    """0: nothing accepted is lost, though there may be notices; 1: damage; 2: it cannot be read now."""
    from ward_hub.settings import Settings

    return asyncio.run(_run(Settings.read(data=args.data, store=args.store), args.format))


async def _run(settings: Settings, form: str) -> int:
    from ward_hub.calls.check import check_facts
    from ward_hub.log.at_rest import open_at_rest

    findings: list[Finding] = []
    try:
        async with open_at_rest(settings.store_address, settings.data) as log:
            findings += [finding async for finding in log.check()]
            findings += [finding async for finding in check_facts(log)]
    except LogDamaged as error:
        findings.append(Finding(Severity.DAMAGE, "store", str(error)))
    except (LogUnavailable, ValueError) as error:
        print(f"ward-hub fsck: {error}", file=sys.stderr)
        return UNREADABLE
    _print(findings, form)
    return DAMAGED if any(finding.severity is Severity.DAMAGE for finding in findings) else CLEAN


def _print(findings: list[Finding], form: str) -> None:
    damage = sum(finding.severity is Severity.DAMAGE for finding in findings)
    notices = len(findings) - damage
    if form == "json":
        lines = [
            {
                "severity": finding.severity.value,
                "document": finding.document,
                "place": finding.place,
                "what": finding.what,
            }
            for finding in findings
        ]
        print(json.dumps({"damage": damage, "notices": notices, "findings": lines}, ensure_ascii=False))
        return
    for finding in findings:
        print(f"{finding.severity.value:<7} {finding.document or '-':<32} {finding.place}: {finding.what}")
    print(f"{damage} damaged, {notices} worth knowing" if findings else "the log is sound")
