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
    parser.add_argument(
        "--keep-alive", type=float, help="seconds of quiet after which the hub says something"
    )


def run(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from ward_hub.edge.connections import Connections
    from ward_hub.edge.server import keep_what_is_loaded, loop_factory, make_server, raise_open_files
    from ward_hub.identity.hub import load_hub_identity
    from ward_hub.lab import LAB_LIMITS, lab_app
    from ward_hub.log.open import open_log
    from ward_hub.log.port import LogUnavailable

    def ready(port: int) -> None:
        keep_what_is_loaded()
        print(f"ward-hub lab listening on http://127.0.0.1:{port}", flush=True)

    async def serve() -> int:
        try:
            args.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            log = await open_log(args.store, args.data, load_hub_identity(args.data).name)
        except (OSError, ValueError, LogUnavailable) as error:
            print(f"ward-hub lab: {error}", file=sys.stderr)
            return 2
        limits = LAB_LIMITS
        if args.keep_alive is not None:
            quiet_ms = int(args.keep_alive * 1000)
            limits = replace(limits, ping_ms=quiet_ms, y_keep_alive_ms=quiet_ms)
        connections = Connections(most=limits.max_sockets, most_per_address=limits.max_sockets_per_address)
        raise_open_files(limits.max_sockets)
        server = make_server(lab_app(log, limits), "127.0.0.1", args.port, ready, connections=connections)
        await server.serve()
        return 0 if server.started else 1

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(serve())
