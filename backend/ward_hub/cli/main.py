"""The `ward-hub` command: finds the sub-command's module and hands it the arguments.

Each command is a module of this package with `HELP`, `add_arguments(parser)` and `run(args) -> int`; it is
imported only when it is asked for, so that the bare hub stays small.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS: tuple[tuple[str, str], ...] = (
    ("serve", "run the hub"),
    ("demo", "run a 46-bed demo ward on this machine"),
    ("top", "show what the hub is doing, in the terminal"),
    ("kiosk", "show a terminal full-screen on this PC, and start it anew when it hangs"),
    ("lab", "run a bare hub for trials, loopback only"),
    ("enrol", "make a one-time enrolment address for a terminal"),
    ("revoke", "take a terminal's key away"),
    ("account", "add people who sign in, and list them"),
    ("password", "set a person's password, read from standard input"),
    ("calls", "print the call journal"),
    ("fsck", "check a log: what was accepted, and whether all of it can be read"),
    ("replay", "fill the call journal anew from the log"),
    ("audit", "print and check the audit trail"),
    ("certs", "make a private authority and the hub's certificate"),
    ("ward-hubs", "add, list and revoke ward hubs, which replicate with this hub"),
    ("feed", "send a file of HL7 v2 messages to an MLLP port"),
    ("refused", "list what the feed could not take, and who has no bed"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; returns its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="ward-hub", description="The Wardline hub and its tools.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    for name, text in COMMANDS:
        subparser = subparsers.add_parser(name, help=text, description=text)
        if name == chosen:
            importlib.import_module(f"ward_hub.cli.{_module(name)}").add_arguments(subparser)
    args = parser.parse_args(arguments)
    status: int = importlib.import_module(f"ward_hub.cli.{_module(args.command)}").run(args)
    return status


def _module(command: str) -> str:
    return command.replace("-", "_")


if __name__ == "__main__":
    sys.exit(main())
