"""`ward-hub lab`: a bare hub for trials and benchmarks on this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "run a bare hub for trials, loopback only"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8090, help="port on loopback, 0 for a free one")
    parser.add_argument("--data", type=Path, default=Path("lab-data"), help="folder of the log")
    parser.add_argument("--store", default="sqlite:log.db", help="sqlite:PATH or memory:")


def run(args: argparse.Namespace) -> int:
    from ward_hub.edge.server import make_server
    from ward_hub.lab import lab_app
    from ward_hub.log.open import open_log
    from ward_hub.log.port import LogUnavailable

    try:
        log = open_log(args.store, args.data)
    except (ValueError, LogUnavailable) as error:
        print(f"ward-hub lab: {error}", file=sys.stderr)
        return 2

    def ready(port: int) -> None:
        print(f"ward-hub lab listening on http://127.0.0.1:{port}", flush=True)

    server = make_server(lab_app(log), "127.0.0.1", args.port, ready)
    server.run()
    return 0 if server.started else 1
