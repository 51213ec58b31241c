"""The hub's VAPID key: made once, for its owner alone, and read by others as the standard has it."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest
from py_vapid import Vapid02
from ward_hub.push.keys import LIFE_S, VapidKey, VapidRefused, load_push_key

NOW = 1_800_000_000_000
SERVICE = "https://push.example"


@pytest.fixture
def key(tmp_path: Path) -> VapidKey:
    return load_push_key(tmp_path)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    public = load_push_key(tmp_path).public
    path = tmp_path / "push.key"
    assert load_push_key(tmp_path).public == public
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(PermissionError):
        load_push_key(tmp_path)


def test_another_file_in_its_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "push.key"
    path.write_bytes(b"no key")
    path.chmod(0o600)
    with pytest.raises(ValueError, match="PEM"):
        load_push_key(tmp_path)


def test_a_header_verifies_with_another_implementation(key: VapidKey) -> None:
    header = key.header(SERVICE, "mailto:it@ward.example", NOW)
    assert Vapid02.verify(auth=header) is True
    token = header.split("t=")[1].split(",")[0]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims == {"aud": SERVICE, "sub": "mailto:it@ward.example", "exp": NOW // 1000 + LIFE_S}


def test_a_header_is_made_anew_before_it_ends(key: VapidKey) -> None:
    first = key.header(SERVICE, "mailto:a@b.c", NOW)
    assert key.header(SERVICE, "mailto:a@b.c", NOW + 3_600_000) == first
    assert key.header("https://other.example", "mailto:a@b.c", NOW) != first
    assert key.header(SERVICE, "mailto:a@b.c", NOW + (LIFE_S - 3599) * 1000) != first


def test_only_this_hubs_key_for_this_service_and_now_passes(key: VapidKey, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = load_push_key(tmp_path / "other")
    header = key.header(SERVICE, "mailto:a@b.c", NOW)
    key.check(header, SERVICE, NOW)
    forged = other.header(SERVICE, "mailto:a@b.c", NOW).replace(other.public, key.public)
    for bad, audience, now in (
        (other.header(SERVICE, "mailto:a@b.c", NOW), SERVICE, NOW),
        (forged, SERVICE, NOW),
        (header, "https://other.example", NOW),
        (header, SERVICE, NOW + LIFE_S * 1000),
        (header, SERVICE, NOW - 13 * 3_600_000),
        ("", SERVICE, NOW),
        ("Bearer x", SERVICE, NOW),
        (f"vapid t=,k={key.public}", SERVICE, NOW),
        (f"vapid k={key.public}", SERVICE, NOW),
        ("vapid " + "x" * 5000, SERVICE, NOW),
    ):
        with pytest.raises(VapidRefused):
            key.check(bad, audience, now)
