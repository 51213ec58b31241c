"""The app over HTTPS with a certificate of the hub's own authority: a PWA on a network needs one."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Playwright, expect
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.identity.enrolment import make_code
from ward_hub.tls.folder import CertificateFolder
from ward_hub.tls.from_settings import load_address

from tests.helpers.hub_process import run_async
from tests.helpers.ward_hub_here import now_ms


def _fingerprint(folder: CertificateFolder) -> str:
    """What Chromium's flag takes: SHA-256 of the server's public key, in base64."""
    key = x509.load_pem_x509_certificate(folder.chain.read_bytes()).public_key()
    raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(raw).digest()).decode()


@pytest.fixture
def secure_data(built_app: Path, ward_template: Path, tmp_path: Path) -> Iterator[Path]:
    """The data folder of a running hub that speaks HTTPS."""
    data = tmp_path / "data"
    shutil.copytree(ward_template, data)
    data.chmod(0o700)
    CertificateFolder(data).make(["localhost", "127.0.0.1"], datetime.now(UTC))
    command = [sys.executable, "-m", "ward_hub.cli.main", "serve", "--port", "0", "--mllp-port", "-1"]
    environment = {**os.environ, "WARDLINE_TLS": "auto", "WARDLINE_DATA": str(data)}
    with (tmp_path / "hub.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        assert re.match(rb"ward-hub listening on https://127\.0\.0\.1:\d+", process.stdout.readline())
        yield data
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def test_a_terminal_works_over_https_and_its_service_worker_registers(
    secure_data: Path, playwright: Playwright, tmp_path: Path
) -> None:
    async def code() -> str:
        database = open_database(sqlite_url(secure_data / "ward.sqlite"))
        try:
            async with database.session.begin() as session:
                return await make_code(session, "bed-b01", now_ms())
        finally:
            await database.close()

    address = load_address(secure_data)
    assert address is not None
    assert address.startswith("https://localhost:")
    folder = CertificateFolder(secure_data)
    trusting = ssl.create_default_context(cafile=str(folder.authority))
    assert httpx.get(f"{address}/health/live", verify=trusting, trust_env=False).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/health/live", trust_env=False)

    context = playwright.chromium.launch_persistent_context(
        tmp_path / "profile",
        executable_path=shutil.which("chromium"),
        args=[f"--ignore-certificate-errors-spki-list={_fingerprint(folder)}", "--disable-gpu"],
        # As a kiosk asks for it: Chromium must take the certificate, not be told to take any.
        ignore_https_errors=False,
    )
    try:
        page = context.new_page()
        page.goto(f"{address}/t/bedside/bed-b01/#enrol={run_async(code())}")
        expect(page.locator("body")).to_have_attribute("data-phase", "ready")
        expect(page.locator("body")).to_have_attribute("data-layer", "1")
        assert page.evaluate("isSecureContext")
        state = page.evaluate("navigator.serviceWorker.ready.then(({ active }) => active.state)")
        assert state in ("activating", "activated")
    finally:
        context.close()
