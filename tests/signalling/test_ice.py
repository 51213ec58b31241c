"""Servers for ICE, with TURN credentials that end by themselves (SG24)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from ward_signalling.ice import ice_servers, turn_credentials

NOW = 1_800_000_000_999


def test_credentials_are_those_coturn_computes() -> None:
    """SG24: what `use-auth-secret` checks, computed the long way."""
    username, credential = turn_credentials("s3cret", "bed-b01", NOW)
    assert username == "1800003600:bed-b01"
    assert base64.b64decode(credential) == hmac.digest(b"s3cret", username.encode(), hashlib.sha1)
    assert turn_credentials("other", "bed-b01", NOW)[1] != credential


def test_a_known_credential() -> None:
    """SG24: as `openssl dgst -sha1 -hmac north -binary | base64` says."""
    assert turn_credentials("north", "x", 0, life_s=1) == ("1:x", "nR5PyO+ZWkMxt3ZUxA78iU2RSR0=")


def test_only_what_the_hub_knows_is_named() -> None:
    """SG24."""
    assert ice_servers((), (), "", "bed-b01", NOW) == []
    stun, turn = "stun:10.0.0.1:3478", "turn:10.0.0.1:3478?transport=udp"
    assert ice_servers((stun,), (), "", "bed-b01", NOW) == [{"urls": [stun]}]
    username, credential = turn_credentials("s3cret", "bed-b01", NOW)
    assert ice_servers((stun,), (turn, turn), "s3cret", "bed-b01", NOW) == [
        {"urls": [stun]},
        {"urls": [turn, turn], "username": username, "credential": credential},
    ]
