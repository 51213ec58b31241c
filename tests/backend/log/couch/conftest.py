"""What the tests of the log on CouchDB share: a database, hubs on it, a proxy in front of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from ward_hub.log.couch.log import CouchLog, Times, open_couch_log

from tests.helpers.couchdb_server import database, real_url
from tests.helpers.fault_proxy import FaultProxy

QUICK = Times(request_s=1.5, write_s=6.0, heartbeat_s=0.2, silence_s=0.7)
"""The times of a hub, shortened: what takes seconds in a hospital takes tenths here."""

OpenHub = Callable[..., Awaitable[CouchLog]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "couchdb_only: only a real CouchDB shows it; needs COUCHDB_URL")


@pytest.fixture(autouse=True)
def only_where_it_shows(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("couchdb_only") and real_url() is None:
        pytest.skip("only a real CouchDB shows this, and COUCHDB_URL is not set")


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """The address of a database that is not there yet."""
    async with database() as made:
        yield made


@pytest.fixture
async def hub(url: str) -> AsyncIterator[OpenHub]:
    """Opens the log as a hub of that name; closed at the end."""
    opened: list[CouchLog] = []

    async def open_hub(name: str = "a", times: Times = QUICK, at: str = url) -> CouchLog:
        log = await open_couch_log(at, name, times=times)
        opened.append(log)
        return log

    yield open_hub
    for log in opened:
        await log.close()


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[FaultProxy]:
    """In front of the server; `through(proxy, url)` is the database's address behind it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    async with FaultProxy(parts.hostname, parts.port or 80) as made:
        yield made


def through(proxy: FaultProxy, url: str) -> str:
    """The database's address by way of the proxy."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}127.0.0.1:{proxy.port}").geturl()
