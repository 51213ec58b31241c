"""A tiny CouchDB that answers as it is told: statuses that no server in order gives."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

BULK, LOOK_UP, FEED = "_bulk_docs", "_all_docs", "_changes"


class FakeCouch:
    """Keeps documents by id. `answers[last part of the path]`: statuses for the next requests there; a
    status below 300 is given after the request was carried out as always."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, list[int]] = {}
        self.asked: list[str] = []
        self.lines: list[bytes] = []
        """What the next feed brings; it ends if the last of them says so, else it stays open."""
        self.since: list[str] = []
        """The places that feeds were asked to begin at."""
        self.headers: list[dict[str, str]] = []
        self._ending = asyncio.Event()
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(app, host="127.0.0.1")

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        self.port = self._server.port
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        await self._server.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        last = request.path.rpartition("/")[2]
        self.asked.append(f"{request.method} {last}")
        self.headers.append(dict(request.headers))
        told = self.answers.get(last, [])
        status = told.pop(0) if told else 200
        if status >= 300:
            return web.json_response({"error": "told", "reason": f"told to answer {status}"}, status=status)
        body = await request.json() if request.can_read_body else {}
        if last == FEED and request.query.get("feed") == "continuous":
            response = web.StreamResponse()
            await response.prepare(request)
            self.since.append(request.query["since"])
            lines, self.lines = self.lines, []
            for line in lines:
                await response.write(line + b"\n")
            if not lines or b"last_seq" not in lines[-1]:
                await self._ending.wait()
            return response
        return web.json_response(self._carry_out(request.method, last, body), status=status)

    def _carry_out(self, method: str, last: str, body: dict[str, Any]) -> Any:
        if last == BULK:
            return [self._store(document) for document in body["docs"]]
        if last == LOOK_UP:
            return {"rows": [{"id": key, "doc": self.documents.get(key)} for key in body["keys"]]}
        if last == FEED:
            return {"results": [], "last_seq": "0"}
        if last == "meta:log":
            return {"_id": last, "_rev": "1-a", "v": 1, "log": "fake"}
        return {"db_name": last}

    def _store(self, document: dict[str, Any]) -> dict[str, Any]:
        name = document["_id"]
        if name in self.documents:
            return {"id": name, "error": "conflict", "reason": "Document update conflict."}
        self.documents[name] = json.loads(json.dumps(document))
        return {"ok": True, "id": name, "rev": "1-a"}
