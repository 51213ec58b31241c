"""STUN and TURN of the settings (SG24)."""

from __future__ import annotations

import pytest
from ward_hub.settings import Settings
from ward_hub.talk.ice import IceServers
from ward_signalling.ice import turn_credentials


def test_a_terminal_gets_what_the_settings_name() -> None:
    """SG24."""
    assert IceServers("", "", "").of("bed-b01", 0) == []
    environment = {
        "WARDLINE_STUN": "stun:10.0.0.1:3478  stuns:turn.example:5349",
        "WARDLINE_TURN": "turn:10.0.0.1:3478",
        "WARDLINE_TURN_SECRET": "s3cret",
    }
    settings = Settings.read(environment)
    servers = IceServers(settings.stun, settings.turn, settings.turn_secret).of("bed-b01", 5_000)
    username, credential = turn_credentials("s3cret", "bed-b01", 5_000)
    assert servers == [
        {"urls": ["stun:10.0.0.1:3478", "stuns:turn.example:5349"]},
        {"urls": ["turn:10.0.0.1:3478"], "username": username, "credential": credential},
    ]
    assert username == "3605:bed-b01"


@pytest.mark.parametrize(
    ("stun", "turn", "secret", "message"),
    [
        ("10.0.0.1:3478", "", "", "stun: expected stun:host:port, got '10.0.0.1:3478'"),
        ("stun:", "", "", "stun: expected"),
        ("", "stun:10.0.0.1", "s3cret", "turn: expected turn:host:port"),
        ("", "turn:10.0.0.1", "", "turn_secret"),
    ],
)
def test_what_cannot_be_used_is_said_at_the_start(stun: str, turn: str, secret: str, message: str) -> None:
    """SG24."""
    with pytest.raises(ValueError, match=message):
        IceServers(stun, turn, secret)
