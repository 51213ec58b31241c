"""How long the hub's certificate is good, for the log, the back office and the stations."""

from __future__ import annotations

from datetime import datetime

from ward_hub.documents.port import Json
from ward_hub.tls.check import CertificateInfo

WARN_DAYS = 30
_DAY_S = 86_400


def days_left(info: CertificateInfo, now: datetime) -> int:
    """Whole days until the certificate ends; 0 on its last day, negative afterwards."""
    return int((info.not_after - now).total_seconds() // _DAY_S)


def is_due(info: CertificateInfo, now: datetime) -> bool:
    """Whether people are to be told: 30 days ahead."""
    return days_left(info, now) < WARN_DAYS


def hub_setting(info: CertificateInfo | None, now: datetime) -> dict[str, Json]:
    """Root `hub` of the hospital's settings: `certificate_days` while it is due, else nothing."""
    return {"certificate_days": days_left(info, now)} if info is not None and is_due(info, now) else {}


def certificate_json(info: CertificateInfo | None, now: datetime) -> dict[str, Json] | None:
    """The certificate as GET /api/office/system gives it; `not_after` in ms."""
    if info is None:
        return None
    return {
        "subject": info.subject,
        "issuer": info.issuer,
        "not_after": int(info.not_after.timestamp() * 1000),
        "days_left": days_left(info, now),
    }
