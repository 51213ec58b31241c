"""The sockets under a server without the short way to the transport: everything goes through ASGI."""

from __future__ import annotations

import warnings

import pytest
from starlette.websockets import WebSocketDisconnect
from ward_hub.lab import lab_app
from ward_hub.log.memory import MemoryLog
from ward_sync.codec import decode, decode_y, encode
from ward_sync.messages import AuthGranted, AuthToken, Stateless, SyncStatus, SyncStep1, SyncStep2, Update

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

SETS_A_KEY = bytes.fromhex("010107002801016d026b30017d0000")


def test_a_document_opens_and_changes_through_asgi() -> None:
    """AU1, ST1."""
    with TestClient(lab_app(MemoryLog())) as client:
        with client.websocket_connect("/sync") as one, client.websocket_connect("/y/房间?token=secret") as y:
            assert isinstance(decode(one.receive_bytes()).message, Stateless)
            one.send_bytes(encode("房间", AuthToken("secret")))
            one.send_bytes(encode("房间", SyncStep1(b"\x00")))
            assert decode(one.receive_bytes()).message == AuthGranted("read-write")
            assert decode(one.receive_bytes()).message == SyncStep1(b"\x00")
            assert decode(one.receive_bytes()).message == SyncStep2(b"\x00\x00")
            one.send_bytes(encode("房间", Update(SETS_A_KEY)))
            assert decode(one.receive_bytes()).message == SyncStatus(True)
            assert decode_y(y.receive_bytes()) == Update(SETS_A_KEY)
        with client.websocket_connect("/sync") as broken:
            broken.receive_bytes()
            broken.send_text("text")
            with pytest.raises(WebSocketDisconnect) as closed:
                broken.receive_bytes()
            assert closed.value.code == 4401
