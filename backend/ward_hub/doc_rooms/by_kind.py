"""Stateless frames go to who handles the document they came at."""

from __future__ import annotations

from collections.abc import Mapping

from ward_hub.doc_rooms.host import StatelessHandler
from ward_hub.doc_rooms.peer import Peer
from ward_hub.documents.names import DocumentKind, parse_document


class ByKind:
    """A StatelessHandler made of others, by kind of document; `otherwise` answers whatever else comes."""

    def __init__(
        self, handlers: Mapping[DocumentKind, StatelessHandler], otherwise: StatelessHandler
    ) -> None:
        self._handlers = handlers
        self._otherwise = otherwise

    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        """See `StatelessHandler`."""
        name = parse_document(document)
        handler = self._otherwise if name is None else self._handlers.get(name.kind, self._otherwise)
        return await handler.handle(peer, document, payload)
