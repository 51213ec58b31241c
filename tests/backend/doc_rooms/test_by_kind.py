"""Stateless frames find who handles their document."""

from __future__ import annotations

import pytest
from ward_hub.access.port import Access
from ward_hub.doc_rooms.by_kind import ByKind
from ward_hub.doc_rooms.peer import Peer
from ward_hub.documents.names import DocumentKind

from tests.helpers.hub import RIGHTS, FakeConnection, principal


class Named:
    def __init__(self, name: str) -> None:
        self.name = name

    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        return [f"{self.name} of {peer.principal.terminal} at {document}: {payload}"]


@pytest.mark.parametrize(
    ("document", "who"),
    [
        ("ward/w/presence", "signals"),
        ("ward/w/calls", "facts"),
        ("ward/w/room/r/calls", "others"),
        ("ward/w/directory", "others"),
        ("no such document", "others"),
    ],
)
async def test_a_frame_goes_to_its_documents_handler(document: str, who: str) -> None:
    handler = ByKind(
        {DocumentKind.PRESENCE: Named("signals"), DocumentKind.WARD_CALLS: Named("facts")}, Named("others")
    )
    access: Access = RIGHTS["read"]
    peer = Peer(FakeConnection(), document, document, principal("bed-b01"), access)
    assert await handler.handle(peer, document, "x") == [f"{who} of bed-b01 at {document}: x"]
