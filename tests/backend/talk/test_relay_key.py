"""The media relay's key: made once, its owner's alone, and signing as terminals do (SG7)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ward_hub.calls.signatures import verify
from ward_hub.identity.keys import decode_base64url
from ward_hub.talk.relay_key import load_relay_key


def test_the_key_is_made_once_and_signs(tmp_path: Path) -> None:
    """SG7."""
    key = load_relay_key(tmp_path)
    assert load_relay_key(tmp_path).public == key.public
    assert (tmp_path / "relay.key").stat().st_mode & 0o777 == 0o600
    point, signature = decode_base64url(key.public, 65), key.sign(b"body")
    assert point is not None
    assert len(signature) == 64
    assert verify(point, b"body", signature)
    assert not verify(point, b"other", signature)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_key_others_can_read_is_not_used(tmp_path: Path) -> None:
    load_relay_key(tmp_path)
    (tmp_path / "relay.key").chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        load_relay_key(tmp_path)


def test_what_is_no_key_of_ours_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "relay.key"
    path.touch(mode=0o600)
    other = ec.generate_private_key(ec.SECP384R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content, message in ((b"", "PEM"), (b"a key", "PEM"), (pem, "P-256")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            load_relay_key(tmp_path)
