"""The data folder's secret and the installation's row: made once, for the owner alone, the same for all."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ward_hub.identity.installation import load_installation
from ward_hub.identity.keys import decode_base64url, encode_base64url
from ward_hub.identity.tokens import load_secret
from ward_hub.identity.tries import MAX_KEYS, FailureLimit

from tests.backend.ward import standard_ward


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: load_secret(tmp_path), range(16)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["token.secret"]
    assert (tmp_path / "token.secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_secret_others_can_read_is_not_used(tmp_path: Path) -> None:
    load_secret(tmp_path)
    (tmp_path / "token.secret").chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        load_secret(tmp_path)
    (tmp_path / "token.secret").chmod(0o600)
    (tmp_path / "token.secret").write_bytes(b"short")
    with pytest.raises(ValueError, match="expected 32 bytes"):
        load_secret(tmp_path)


async def test_an_installation_keeps_its_id(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database:
        made = await asyncio.gather(*(load_installation(database) for _ in range(4)))
        assert len(set(made)) == 1
        assert made[0].generation == 1
        assert await load_installation(database) == made[0]


def test_failures_are_counted_in_a_window_and_forgotten() -> None:
    limit = FailureLimit(2, 1000)
    limit.failed("a", 0)
    limit.check("a", 0)
    limit.failed("a", 999)
    with pytest.raises(Exception, match="too_many_tries"):
        limit.check("a", 999)
    limit.check("b", 999)
    limit.check("a", 1000)
    for n in range(MAX_KEYS + 5):
        limit.failed(f"k{n}", 2000)
    assert len(limit._windows) == MAX_KEYS


def test_base64url_has_one_form() -> None:
    data = bytes(range(250, 256)) * 11
    text = encode_base64url(data[:65])
    assert decode_base64url(text, 65) == data[:65]
    for wrong in (text + "=", text[:-1], text.replace("_", "/"), " " + text, text[:-1] + "é", ""):
        assert decode_base64url(wrong, 65) is None
