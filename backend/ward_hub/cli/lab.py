"""`ward-hub lab`: a bare hub for trials and benchmarks on this machine."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

HELP = "run a bare hub for trials, loopback only"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8090, help="port on loopback, 0 for a free one")
    parser.add_argument("--data", type=Path, default=Path("lab-data"), help="folder of the log")
    parser.add_argument("--store", default="sqlite:log.db", help="as serve takes it")


def run(args: argparse.Namespace) -> int:
    from ward_hub.edge.server import loop_factory, make_server
    from ward_hub.identity.hub import load_hub_identity
    from ward_hub.lab import lab_app
    from ward_hub.log.open import open_log
    from ward_hub.log.port import LogUnavailable

    def ready(port: int) -> None:
        print(f"ward-hub lab listening on http://127.0.0.1:{port}", flush=True)

    async def serve() -> int:
        try:
            log = await open_log(args.store, args.data, load_hub_identity(args.data).name)
        except (ValueError, LogUnavailable) as error:
            print(f"ward-hub lab: {error}", file=sys.stderr)
            return 2
        server = make_server(lab_app(log), "127.0.0.1", args.port, ready)
        await server.serve()
        return 0 if server.started else 1

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(serve())
