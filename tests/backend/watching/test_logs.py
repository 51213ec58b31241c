"""Lines of the log, as text and as JSON, without what opens doors."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from ward_hub.edge.server import make_server
from ward_hub.watching.logs import STRUCK, name_hub, set_up_logs, strike_secrets


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the root logger writes to, set back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("alembic", "httpx", "ward_hub")}
    root.handlers[:] = []
    try:
        yield io.StringIO()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, held in levels.items():
            logging.getLogger(name).setLevel(held)


def test_json_is_one_object_a_line(stream: io.StringIO) -> None:
    set_up_logs("json", stream=stream)
    log = logging.getLogger("ward_hub.trial")
    log.info("terminal %s joined\nat once", "床头")
    name_hub("0a1b2c3d")
    try:
        raise ValueError("expected this, got that")
    except ValueError:
        log.exception("failed")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "INFO",
        "logger": "ward_hub.trial",
        "message": "terminal 床头 joined\nat once",
        "hub": "",
    }
    assert (second["hub"], second["level"]) == ("0a1b2c3d", "ERROR")
    assert "ValueError: expected this, got that" in second["error"]


def test_text_keeps_its_form(stream: io.StringIO) -> None:
    set_up_logs("text", stream=stream)
    logging.getLogger("ward_hub.trial").warning("refused %s", "x")
    assert stream.getvalue().endswith(" WARNING ward_hub.trial refused x\n")


def test_drivers_stay_quiet_when_the_hub_is_asked_for_more(stream: io.StringIO) -> None:
    """At DEBUG aiosqlite writes the values of its statements."""
    set_up_logs("text", logging.DEBUG, stream)
    logging.getLogger("aiosqlite").debug("executing INSERT %s", "somebody")
    logging.getLogger("ward_hub.trial").debug("a detail")
    assert "somebody" not in stream.getvalue()
    assert "a detail" in stream.getvalue()


async def test_what_the_server_has_to_say_goes_the_same_way(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """A request that fails in the hub, and the address that was asked for it."""

    async def broken(_request: Request) -> Response:
        raise ValueError("Bearer 0123456789abcdef")

    set_up_logs("json", stream=stream)
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = make_server(Starlette(routes=[Route("/", broken)]), "127.0.0.1", 0, listening.set_result)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://127.0.0.1:{await listening}/?secret=s")).status_code == 500
    server.should_exit = True
    await serving
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines if "ValueError" in line.get("error", "")] == ["ERROR"]
    assert "0123456789abcdef" not in stream.getvalue()
    assert "secret=s" not in stream.getvalue()
    assert capfd.readouterr().err == ""


def test_another_form_is_refused(stream: io.StringIO) -> None:
    with pytest.raises(ValueError, match="expected text or json, got 'xml'"):
        set_up_logs("xml", stream=stream)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJiZWQifQ.c2lnbmF0dXJl refused", "eyJhbGci"),
        ("cannot reach couchdb:http://ward:geheim@db:5984/log", "geheim"),
        ("GET /y/doc?token=abcdef&x=1", "abcdef"),
        ("header Authorization: Bearer 0123456789abcdef", "0123456789abcdef"),
        ("open /t/bedside/b01/#enrol=AbCdEf", "AbCdEf"),
    ],
)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_what_opens_doors_is_struck_out(stream: io.StringIO, format_: str, line: str, secret: str) -> None:
    set_up_logs(format_, stream=stream)
    try:
        raise OSError(line)
    except OSError:
        logging.getLogger("aiohttp.client").exception("%s", line)
    written = stream.getvalue()
    assert secret not in written
    assert written.count(STRUCK) >= 2


def test_other_text_stays() -> None:
    for line in ("document ward/thoracic/beds: 12 records", "ward-hub listening on http://127.0.0.1:8080"):
        assert strike_secrets(line) == line
