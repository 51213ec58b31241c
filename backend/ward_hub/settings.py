"""What a hub can be told from outside: one frozen value, read once from environment and command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self


class SettingError(Exception):
    """A setting that cannot be used; the message names it, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of `ward-hub serve`. Environment names are `WARDLINE_` and the field's name in capitals."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback needs TLS in front of it."""
    port: int = 8080
    """TCP port of the app, the API and the sockets; 0 takes a free one."""
    mllp_port: int = 2575
    """TCP port of the HL7 v2 listener; 0 takes a free one, -1 opens none."""
    data: Path = Path("wardline-data")
    """Folder of secrets and, by default, of both databases; made with mode 0700."""
    store: str = ""
    """Log of documents and facts: `sqlite:PATH`, `memory:`, `postgresql://…` for one hub, `couchdb:URL` for
    several; empty: `log.sqlite` in the data folder."""
    sql: str = ""
    """SQLAlchemy URL of directory, staff, record and journal; empty: `ward.sqlite` in the data folder."""
    app: Path | None = None
    """Folder of the built app; none: the one that came with the package."""
    control: str = ""
    """Origins of the demo's control that pages may speak to, parted by blanks; empty: none."""
    stun: str = ""
    """STUN servers terminals may ask for their address, `stun:host:port`, parted by blanks; empty: none."""
    turn: str = ""
    """TURN servers that carry talk where terminals cannot reach each other, `turn:host:port`; empty: none."""
    turn_secret: str = ""
    """What the hub shares with the TURN servers (coturn: `static-auth-secret`); never leaves the hub."""
    tls: str = ""
    """`off` or empty: plain HTTP; `auto`: the certificate `ward-hub certs` made in the data folder; else two
    paths parted by a blank: certificate chain and key in PEM."""
    proxies: str = ""
    """Addresses of reverse proxies in front of the hub, parted by blanks: who asks, and by which scheme, is
    taken from their X-Forwarded-For and -Proto; empty: no such header is believed."""
    public_url: str = ""
    """How people and terminals reach the hub, `https://ward.example`; empty: host and port as listened on."""
    oidc_issuer: str = ""
    """OpenID Connect provider for the back office, `https://login.example`; empty: no single sign-on."""
    oidc_client: str = ""
    """The hub's client id at the provider."""
    oidc_secret: str = ""
    """The hub's client secret at the provider; never leaves the hub."""
    oidc_claim: str = "preferred_username"
    """Claim of the id token that holds a person's staff number."""
    push_contact: str = ""
    """Who a push service may write to, `mailto:it@ward.example`; empty: Web Push is off but for the hub's own
    push service."""
    push_endpoints: str = ""
    """Prefixes of push endpoints that PDAs may subscribe with, `https://…/`, parted by blanks; the hub's own
    is always allowed."""
    silence_s: float = 10.0
    """A terminal's socket is closed after this many seconds without a message."""
    secrets: Path | None = None
    """Folder of the keys that all hubs of an installation share (tokens, PINs, push, relay, call points);
    none: the data folder."""
    hubs: str = ""
    """Addresses of the installation's hubs in the order terminals try them after their own, `https://…`
    parted by blanks; empty: terminals know the one they came from."""
    upstream: str = ""
    """The hospital's hub that this ward hub replicates with, `https://ward.example`, or several of one
    installation parted by blanks, tried in turn; empty: none."""
    upstream_code: str = ""
    """One-time code that makes this hub known to its upstream, needed at the first start only."""
    metrics_token: str = ""
    """Who may read /metrics from elsewhere than loopback; empty: nobody."""
    otlp: str = ""
    """Where OpenTelemetry traces go, OTLP over HTTP, `http://collector:4318/v1/traces`; empty: nowhere."""
    log_format: str = "text"
    """`text` or `json`: one line an event on standard error."""
    sign_in_s: float = 10.0
    """A socket that has opened no document after this many seconds is closed."""
    header_s: float = 10.0
    """A connection that has not sent the headers of its request after this many seconds is closed."""
    max_frame_bytes: int = 8 * 2**20
    """A larger WebSocket message closes its socket."""
    max_waiting_bytes: int = 16 * 2**20
    """A socket for which more than this waits to be read is closed."""
    max_sockets: int = 10_000
    """Connections the hub takes in all; more are refused with 503."""
    max_sockets_per_address: int = 2_000
    """Connections from one address, as far as proxies are told apart (`proxies`)."""
    max_frames_per_s: int = 2_000
    """Frames a second one socket may send over ten seconds; more close it."""

    @property
    def key_folder(self) -> Path:
        return self.secrets or self.data

    @property
    def store_address(self) -> str:
        return self.store or "sqlite:log.sqlite"

    @property
    def sql_url(self) -> str:
        return self.sql or f"sqlite:///{self.data / 'ward.sqlite'}"

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: object) -> Self:
        """Take the environment, then what was given on the command line (None counts as not given).

        Raises SettingError for a value that does not fit its field.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, object] = {}
        for field in fields(cls):
            raw = environment.get(f"WARDLINE_{field.name.upper()}")
            if raw is not None:
                values[field.name] = _parse(field.name, raw)
        values.update({name: value for name, value in given.items() if value is not None})
        return cls(**values)  # type: ignore[arg-type]  # each value was parsed for its field above


_WHOLE = frozenset(field.name for field in fields(Settings) if field.type == "int")
_SECONDS = frozenset(field.name for field in fields(Settings) if field.type == "float")


def _parse(name: str, raw: str) -> object:
    try:
        if name in _WHOLE:
            return int(raw)
        if name in _SECONDS:
            return float(raw)
    except ValueError:
        raise SettingError(f"WARDLINE_{name.upper()}: expected a number, got {raw!r}") from None
    return Path(raw) if name in {"data", "app", "secrets"} else raw
