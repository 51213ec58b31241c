"""`ward-hub demo`: the whole demo ward on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from ward_hub.demo.hub_child import HubFailed
from ward_hub.demo.places import DemoFailed, DemoSettings
from ward_hub.demo.supervisor import run_demo


def default_data() -> Path:
    """The demo's data folder: under the user's data home (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "wardline" / "demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=int, default=8080, help="port of the app; the next one is the control's"
    )
    parser.add_argument("--mllp-port", type=int, default=2575, help="port of the HL7 v2 listener")
    parser.add_argument("--data", type=Path, default=None, help=f"data folder (default {default_data()})")


def run(args: argparse.Namespace) -> int:
    """Run the demo until it is told to end; returns the exit status."""
    settings = DemoSettings(args.port, args.mllp_port, (args.data or default_data()).absolute())
    try:
        asyncio.run(run_demo(settings, lambda line: print(line, flush=True)))
    except (DemoFailed, HubFailed) as failed:
        print(f"ward-hub demo: {failed}", file=sys.stderr)
        return 1
    return 0
