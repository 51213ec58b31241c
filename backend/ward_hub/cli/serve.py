"""`ward-hub serve`: the hub."""

from __future__ import annotations

import argparse
import asyncio
import errno
import ipaddress
import logging
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ward_hub.settings import Settings
    from ward_hub.tls.live import LiveCertificate

log = logging.getLogger(__name__)

LOOK_S = 10.0
"""How often a certificate renewed on disk is looked for, and its end is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port of app, API and sockets (default 8080, 0: a free one)")
    parser.add_argument("--mllp-port", type=int, help="port of HL7 v2 over MLLP (default 2575, -1: none)")
    parser.add_argument("--data", type=Path, help="folder of secrets and databases")
    parser.add_argument("--store", help="log of documents and facts: sqlite:PATH, postgresql:…, couchdb:URL")
    parser.add_argument("--sql", help="SQLAlchemy URL of directory, record and journal")
    parser.add_argument("--app", type=Path, help="folder of the built app")
    parser.add_argument("--tls", help="auto: as made by `ward-hub certs`; off; or 'CHAIN KEY', two PEM files")
    parser.add_argument(
        "--proxies", help="addresses of reverse proxies whose X-Forwarded headers are believed"
    )
    parser.add_argument("--log-format", choices=("text", "json"), help="lines of the log (default text)")
    parser.add_argument("--public-url", help="address people and terminals use, such as https://ward.example")
    parser.add_argument("--secrets", type=Path, help="folder of the keys that hubs share (default: --data)")
    parser.add_argument("--hubs", help="addresses of the installation's hubs, parted by blanks")
    parser.add_argument("--upstream", help="the hospital's hub this ward hub replicates with, https://…")
    parser.add_argument(
        "--upstream-code", help="one-time code from `ward-hub ward-hubs add`, first start only"
    )
    parser.add_argument("--stun", help="STUN servers, stun:host:port, parted by blanks")
    parser.add_argument("--turn", help="TURN servers, turn:host:port, parted by blanks")
    parser.add_argument(
        "--turn-secret",
        help="secret shared with the TURN servers; others see a command line, not WARDLINE_TURN_SECRET",
    )


def run(args: argparse.Namespace) -> int:
    from ward_hub.settings import SettingError, Settings
    from ward_hub.watching.logs import set_up_logs

    try:
        settings = Settings.read(
            host=args.host,
            port=args.port,
            mllp_port=args.mllp_port,
            data=args.data,
            store=args.store,
            sql=args.sql,
            app=args.app,
            tls=args.tls,
            public_url=args.public_url,
            proxies=args.proxies,
            secrets=args.secrets,
            hubs=args.hubs,
            log_format=args.log_format,
            upstream=args.upstream,
            upstream_code=args.upstream_code,
            stun=args.stun,
            turn=args.turn,
            turn_secret=args.turn_secret,
        )
        set_up_logs(settings.log_format)
    except (SettingError, ValueError) as error:
        return _fail(str(error))
    busy = _busy(settings.host, settings.port, "--port") or _busy(
        settings.host, settings.mllp_port, "--mllp-port"
    )
    if busy:
        return _fail(busy)
    from ward_hub.edge.server import loop_factory

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    from ward_hub.app import build
    from ward_hub.db.engine import DatabaseUnavailable
    from ward_hub.edge.connections import Connections
    from ward_hub.edge.pages import AppMissing
    from ward_hub.edge.server import keep_what_is_loaded, make_server, raise_open_files
    from ward_hub.identity.hub import load_hub_identity
    from ward_hub.log.port import LogUnavailable
    from ward_hub.rounds import Rounds
    from ward_hub.settings import SettingError
    from ward_hub.tls.check import CertificateRefused
    from ward_hub.tls.from_settings import hub_address, open_certificate, store_address
    from ward_hub.watching.logs import name_hub

    try:
        certificate = open_certificate(settings.tls, settings.data, _now)
    except (CertificateRefused, SettingError) as error:
        return _fail(str(error))

    if certificate is None and not settings.proxies and not _is_loopback(settings.host):
        log.warning(
            "listening on %s without TLS: passwords and tokens go in the clear. See ward-hub certs and "
            "serve --tls, or name the proxy in front with --proxies",
            settings.host,
        )

    def ready(port: int) -> None:
        names = None if certificate is None else certificate.info.names
        address = hub_address(settings.public_url, settings.host, port, names)
        try:
            store_address(settings.data, address)
        except OSError as error:
            log.warning("the hub's address is not left in %s: %s", settings.data, error)
        keep_what_is_loaded()
        scheme = "http" if certificate is None else "https"
        print(f"ward-hub listening on {scheme}://{settings.host}:{port}", flush=True)

    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        name_hub(load_hub_identity(settings.data).name)
        app = await build(settings, lambda: None if certificate is None else certificate.info)
    except (AppMissing, DatabaseUnavailable, LogUnavailable, OSError, ValueError) as error:
        return _fail(str(error))
    context = None if certificate is None else certificate.context
    proxies = settings.proxies.split()
    if not raise_open_files(settings.max_sockets):
        log.warning("fewer files may be open here than there may be sockets (ulimit -n)")
    connections = Connections(
        header_s=settings.header_s,
        most=settings.max_sockets,
        most_per_address=settings.max_sockets_per_address,
        proxies=proxies,
    )
    server = make_server(
        app,
        settings.host,
        settings.port,
        ready,
        max_frame_bytes=settings.max_frame_bytes,
        tls=context,
        proxies=proxies,
        connections=connections,
        drain=app.state.drain,
    )
    rounds = Rounds()
    if certificate is not None:
        rounds.every(LOOK_S, lambda: _look(certificate))
    await server.serve()
    await rounds.stop()
    return 0 if server.started else 1


async def _look(certificate: LiveCertificate) -> None:
    certificate.look()
    certificate.warn()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _now() -> datetime:
    return datetime.now(UTC)


def _busy(host: str, port: int, option: str) -> str | None:
    """Say that a port is taken, and which option names another."""
    if port <= 0:
        return None
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"port {port} is in use; choose another with {option}"
            return f"cannot listen on {host}:{port}: {error.strerror}"
    return None


def _fail(message: str) -> int:
    print(f"ward-hub serve: {message}", file=sys.stderr)
    return 2
