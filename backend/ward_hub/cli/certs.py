"""`ward-hub certs`: a private authority and the hub's certificate, their renewal, export and expiry."""

from __future__ import annotations

import argparse
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ward_hub.tls.folder import CertificateFolder

HELP = "make or renew the hub's certificate under a private authority"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="the hub's data folder; certificates lie in tls/ there")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="DNS name or IP address of the hub; more than once (default: this host and loopback)",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--renew", action="store_true", help="a new server certificate under the same authority")
    how.add_argument("--show", action="store_true", help="print names and expiry; status 1 within 30 days")
    how.add_argument("--export", type=Path, metavar="FOLDER", help="write the authority as .pem and .cer")


def run(args: argparse.Namespace) -> int:
    """Returns 1 when it cannot be done, or with --show when a certificate ends within 30 days."""
    from ward_hub.settings import SettingError, Settings
    from ward_hub.tls.authority import NameInvalid
    from ward_hub.tls.check import CertificateRefused
    from ward_hub.tls.folder import CertificateFolder, CertificatesMissing, CertificatesPresent

    now = datetime.now(UTC)
    try:
        folder = CertificateFolder(Settings.read(data=args.data).data)
        if args.show:
            return _show(folder, now)
        if args.export is not None:
            for path in folder.export(args.export):
                print(path)
            return 0
        if args.renew:
            folder.renew(args.name, now)
        else:
            folder.make(args.name or _own_names(), now)
        _show(folder, now)
        return 0
    except CertificatesPresent as present:
        problem = f"{present}; nothing was written. A new server certificate: --renew"
    except (CertificatesMissing, CertificateRefused, NameInvalid, SettingError, OSError) as error:
        problem = str(error)
    print(f"ward-hub certs: {problem}", file=sys.stderr)
    return 1


def _show(folder: CertificateFolder, now: datetime) -> int:
    from ward_hub.tls.check import read_certificate
    from ward_hub.tls.expiry import days_left, is_due

    status = 0
    for title, path in (("authority", folder.authority), ("server", folder.chain)):
        info, _ = read_certificate(path)
        print(f"{title}: {path}")
        print(f"  valid until {info.not_after:%Y-%m-%d} UTC, {days_left(info, now)} days")
        if info.names:
            print(f"  for {', '.join(info.names)}")
        if is_due(info, now):
            status = 1
    return status


def _own_names() -> list[str]:
    return list(dict.fromkeys([socket.gethostname(), "localhost", "127.0.0.1"]))
