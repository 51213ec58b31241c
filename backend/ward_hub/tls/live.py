"""The certificate a running hub listens with: renewed on disk, it is taken up without a restart.

The context stays the same, so sockets that are open go on; new ones get the new certificate.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from ward_hub.tls.check import CertificateInfo, CertificateRefused, check_pair
from ward_hub.tls.expiry import days_left, is_due

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL"
"""TLS 1.2 with forward secrecy and AEAD only; those of TLS 1.3 need no list. Chrome 107 knows both."""

log = logging.getLogger(__name__)


class LiveCertificate:
    """Key and certificate of two files. `clock` gives the time now, aware."""

    def __init__(self, chain: Path, key: Path, clock: Callable[[], datetime]) -> None:
        """Raises CertificateRefused."""
        self._chain = chain
        self._key = key
        self._clock = clock
        self._seen = self._stamp()
        self.info: CertificateInfo = check_pair(chain, key, clock())
        self.context = make_context()
        self._warned: date | None = None
        _load(self.context, chain, key)

    def look(self) -> bool:
        """Take up files that have changed; returns whether a new certificate is in use.

        Files that do not fit are left alone and logged once a change: half a renewal may be on the disk.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            info = check_pair(self._chain, self._key, self._clock())
            # In a context of its own first: a pair that does not load would break the one in use.
            _load(make_context(), self._chain, self._key)
            _load(self.context, self._chain, self._key)
        except CertificateRefused as refused:
            log.error("the certificate on disk is not taken up: %s", refused)
            return False
        self.info = info
        self._warned = None
        log.info("new certificate taken up, valid until %s", f"{info.not_after:%Y-%m-%d}")
        return True

    def warn(self) -> bool:
        """Log once a day that the certificate ends soon; returns whether it was logged now."""
        now = self._clock()
        if not is_due(self.info, now) or self._warned == now.date():
            return False
        self._warned = now.date()
        log.warning(
            "the certificate ends in %d days, on %s; renew it with: ward-hub certs --renew",
            days_left(self.info, now),
            f"{self.info.not_after:%Y-%m-%d}",
        )
        return True

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        stamps = []
        for path in (self._chain, self._key):
            try:
                status = path.stat()
            except OSError:
                stamps.append((0, 0, 0))
            else:
                stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(stamps)


def make_context() -> ssl.SSLContext:
    """TLS 1.2 and later for a server, HTTP/1.1 only; no certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


def _load(context: ssl.SSLContext, chain: Path, key: Path) -> None:
    try:
        context.load_cert_chain(chain, key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise CertificateRefused(f"{chain} and {key} cannot be used: {error}") from error
