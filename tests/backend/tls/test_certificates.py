"""Certificates on disk and in use: made, renewed, refused, taken up by a running server."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from ward_hub.edge.server import make_server
from ward_hub.settings import SettingError
from ward_hub.tls.check import CertificateRefused, check_pair
from ward_hub.tls.expiry import certificate_json, days_left, hub_setting, is_due
from ward_hub.tls.folder import CertificateFolder, CertificatesMissing, CertificatesPresent
from ward_hub.tls.from_settings import hub_address, load_address, open_certificate, store_address
from ward_hub.tls.live import LiveCertificate
from websockets.asyncio.client import connect

NOW = datetime.now(UTC).replace(microsecond=0)
"""The TLS clients of these tests look at the real clock."""


@pytest.fixture
def folder(tmp_path: Path) -> CertificateFolder:
    made = CertificateFolder(tmp_path)
    made.make(["localhost", "127.0.0.1"], NOW)
    return made


def live(folder: CertificateFolder, now: datetime = NOW) -> LiveCertificate:
    return LiveCertificate(folder.chain, folder.key, lambda: now)


def test_keys_are_for_their_owner_alone(folder: CertificateFolder) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.path.iterdir()}
    assert modes == {
        "ca.key": 0o600,
        "server.key": 0o600,
        "ca.pem": 0o644,
        "ca.cer": 0o644,
        "server.pem": 0o644,
    }
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_nothing_is_written_over_unasked(folder: CertificateFolder) -> None:
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    with pytest.raises(CertificatesPresent, match=r"ca\.key"):
        folder.make(["other.example"], NOW)
    assert {path: path.read_bytes() for path in folder.path.iterdir()} == before


def test_a_renewal_keeps_the_authority_and_the_names(folder: CertificateFolder) -> None:
    authority, key = folder.authority.read_bytes(), folder.key.read_bytes()
    later = NOW + timedelta(days=700)
    folder.renew([], later)
    assert folder.authority.read_bytes() == authority
    assert folder.key.read_bytes() != key
    info = check_pair(folder.chain, folder.key, later)
    assert info.names == ("localhost", "127.0.0.1")
    assert days_left(info, later) == 824
    folder.renew(["ward.example"], later)
    assert check_pair(folder.chain, folder.key, later).names == ("ward.example",)
    with pytest.raises(CertificatesMissing, match="expired"):
        folder.renew([], NOW + timedelta(days=3651))


def test_the_authority_goes_out_as_pem_and_der(folder: CertificateFolder, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert [path.name for path in folder.export(out)] == ["wardline-ca.pem", "wardline-ca.cer"]
    assert (out / "wardline-ca.cer").read_bytes()[:1] == b"\x30"
    assert b"PRIVATE" not in (out / "wardline-ca.pem").read_bytes()
    folder.export(out)
    (out / "wardline-ca.pem").write_text("another")
    with pytest.raises(CertificatesPresent):
        folder.export(out)


def test_what_a_hub_must_not_listen_with_is_refused_in_words(
    folder: CertificateFolder, tmp_path: Path
) -> None:
    other = CertificateFolder(tmp_path / "other")
    other.make(["localhost"], NOW)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"nothing")
    for chain, key, now, words in (
        (folder.chain, other.key, NOW, "not the key of"),
        (folder.chain, folder.key, NOW + timedelta(days=825), "expired on"),
        (folder.chain, folder.key, NOW - timedelta(days=2), "is the clock right"),
        (garbage, folder.key, NOW, "expected certificates"),
        (folder.chain, garbage, NOW, "expected a private key"),
        (tmp_path / "none", folder.key, NOW, "cannot be read"),
        (folder.authority, folder.path / "ca.key", NOW, "no subject alternative names"),
    ):
        garbage.chmod(0o600)
        with pytest.raises(CertificateRefused, match=words):
            check_pair(chain, key, now)
    folder.key.chmod(0o644)
    with pytest.raises(CertificateRefused, match="everybody"):
        check_pair(folder.chain, folder.key, NOW)


def test_thirty_days_ahead_people_are_told(
    folder: CertificateFolder, caplog: pytest.LogCaptureFixture
) -> None:
    info = check_pair(folder.chain, folder.key, NOW)
    early, due = info.not_after - timedelta(days=31), info.not_after - timedelta(days=29)
    assert not is_due(info, early)
    assert hub_setting(info, early) == hub_setting(None, early) == {}
    assert hub_setting(info, due) == {"certificate_days": 29}
    told = certificate_json(info, due)
    assert told is not None
    assert (told["days_left"], told["not_after"]) == (29, int(info.not_after.timestamp() * 1000))
    assert certificate_json(None, due) is None
    at = [due]
    certificate = LiveCertificate(folder.chain, folder.key, lambda: at[0])
    with caplog.at_level(logging.WARNING):
        assert [certificate.warn(), certificate.warn()] == [True, False]
        at[0] += timedelta(days=1)
        assert certificate.warn()
    assert "--renew" in caplog.text


@asynccontextmanager
async def serving(certificate: LiveCertificate) -> AsyncIterator[int]:
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    async def here(request: object) -> PlainTextResponse:
        return PlainTextResponse("here")

    app = Starlette(routes=[Route("/", here), WebSocketRoute("/echo", echo)])
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = make_server(app, "127.0.0.1", 0, listening.set_result, tls=certificate.context)
    task = asyncio.create_task(server.serve())
    try:
        yield await asyncio.wait_for(listening, 5)
    finally:
        server.should_exit = True
        await task


def trusting(folder: CertificateFolder) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder.authority))


def serial(port: int, context: ssl.SSLContext, name: str = "localhost") -> str:
    with (
        socket.create_connection(("127.0.0.1", port), 5) as raw,
        context.wrap_socket(raw, server_hostname=name) as tls,
    ):
        peer = tls.getpeercert()
        assert peer is not None
        return str(peer["serialNumber"])


async def test_a_renewed_certificate_is_taken_up_and_open_sockets_stay(folder: CertificateFolder) -> None:
    certificate, client = live(folder), trusting(folder)
    async with (
        serving(certificate) as port,
        connect(f"wss://localhost:{port}/echo", ssl=client) as socket_open,
    ):
        await socket_open.send("before")
        assert await socket_open.recv() == "before"
        first = await asyncio.to_thread(serial, port, client)
        assert not certificate.look()
        folder.renew([], NOW)
        assert certificate.look()
        second = await asyncio.to_thread(serial, port, client, "127.0.0.1")
        assert second != first
        await socket_open.send("after")
        assert await socket_open.recv() == "after"


async def test_half_a_renewal_leaves_the_old_certificate_in_use(folder: CertificateFolder) -> None:
    certificate, client = live(folder), trusting(folder)
    async with serving(certificate) as port:
        first = await asyncio.to_thread(serial, port, client)
        whole = folder.key.read_bytes()
        folder.key.write_bytes(whole[: len(whole) // 2])
        assert not certificate.look()
        assert await asyncio.to_thread(serial, port, client) == first
        folder.key.unlink()
        assert not certificate.look()
        assert await asyncio.to_thread(serial, port, client) == first
        folder.renew([], NOW)
        assert certificate.look()
        assert await asyncio.to_thread(serial, port, client) != first


async def test_old_tls_strangers_and_other_names_get_no_connection(folder: CertificateFolder) -> None:
    async with serving(live(folder)) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.to_thread(serial, port, ssl.create_default_context())
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.to_thread(serial, port, trusting(folder), "ward.example")
        cbc = trusting(folder)
        cbc.maximum_version = ssl.TLSVersion.TLSv1_2
        cbc.set_ciphers("ECDHE-ECDSA-AES128-SHA256:AES128-SHA")
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(serial, port, cbc)
        tls12 = trusting(folder)
        tls12.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await asyncio.to_thread(serial, port, tls12)


def test_the_setting_names_no_certificate_the_hubs_own_or_two_files(
    folder: CertificateFolder, tmp_path: Path
) -> None:
    assert open_certificate("", tmp_path, lambda: NOW) is None
    assert open_certificate("off", tmp_path, lambda: NOW) is None
    for setting in ("auto", f"{folder.chain} {folder.key}"):
        opened = open_certificate(setting, tmp_path, lambda: NOW)
        assert opened is not None
        assert opened.info.names == ("localhost", "127.0.0.1")
    with pytest.raises(SettingError, match="ward-hub certs"):
        open_certificate("auto", tmp_path / "empty", lambda: NOW)
    with pytest.raises(SettingError, match="two paths"):
        open_certificate("on", tmp_path, lambda: NOW)
    with pytest.raises(CertificateRefused, match="cannot be read"):
        open_certificate("a b", tmp_path, lambda: NOW)


@pytest.mark.parametrize(
    ("public", "host", "port", "names", "address"),
    [
        ("", "127.0.0.1", 8080, None, "http://127.0.0.1:8080"),
        ("", "10.1.2.3", 80, None, "http://10.1.2.3"),
        ("", "::1", 9, None, "http://[::1]:9"),
        ("", "0.0.0.0", 8443, ("ward.example", "10.1.2.3"), "https://ward.example:8443"),
        ("", "0.0.0.0", 443, ("*.x.example", "ward.x.example"), "https://ward.x.example"),
        ("", "10.1.2.3", 443, ("ward.example",), "https://10.1.2.3"),
        ("https://ward.example/", "127.0.0.1", 8080, None, "https://ward.example"),
    ],
)
def test_the_hub_knows_its_address(
    public: str, host: str, port: int, names: tuple[str, ...] | None, address: str
) -> None:
    assert hub_address(public, host, port, names) == address


def test_the_address_is_left_for_the_commands(tmp_path: Path) -> None:
    assert load_address(tmp_path) is None
    store_address(tmp_path, "https://ward.example:8443")
    store_address(tmp_path, "https://ward.example")
    assert load_address(tmp_path) == "https://ward.example"
    assert (tmp_path / "hub.address").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["hub.address"]
