"""The connection to one CouchDB database: requests with an end, and answers or the log's own errors.

What is asked for is left to the other files here. A password refused once is not tried again: CouchDB locks
out a user and an address after five tries, and with that the other hubs behind the same address.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from aiocouch.exception import RemoteResponseError
from aiocouch.remote import RemoteServer
from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientHandlerType,
    ClientMiddlewareType,
    ClientRequest,
    ClientResponse,
    ClientTimeout,
    TCPConnector,
)

from ward_hub.log.couch.documents import Json, dumps
from ward_hub.log.port import LogRefused, LogUnavailable, StorageFull

REQUEST_S = 10.0
"""A request without an answer for so long has failed; aiohttp's own end is 300 s."""
KEEPALIVE_S = 4.0
"""An idle connection is closed before the server closes it (5 s) just as a request goes out on it."""
PAGE = 200
STREAMED_BYTES = 2**20
"""aiohttp sends a longer body piece by piece only from a file, and warns of one that would block its loop."""
REFUSED = "the database does not let this hub in ({status}: {reason}); it is not asked again until a restart"
_DATABASE = re.compile(r"[a-z][a-z0-9_$()+/-]*")
DISK_FULL = ("enospc", "no space", "insufficient storage")


class TooLarge(StorageFull):
    """The request, or a document in it, is larger than the server takes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is. `server` has no password in it and may be shown."""

    server: str
    database: str
    authorization: str | None

    @property
    def shown(self) -> str:
        return f"{self.server}/{self.database}"


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: parsed JSON; None for a status that is an error but was expected."""

    status: int
    body: Any


def parse_address(url: str) -> Address:
    """Read `http[s]://USER:PASSWORD@HOST:PORT/DATABASE`. Raises ValueError, without the password in it."""
    expected = "address of a CouchDB database: expected http[s]://[USER:PASSWORD@]HOST[:PORT]/DATABASE"
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ValueError(expected) from None
    path, _, database = parts.path.rstrip("/").rpartition("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not database or parts.query:
        raise ValueError(f"{expected}, got {parts.scheme}://{parts.hostname or ''}{port}{parts.path}")
    if not _DATABASE.fullmatch(unquote(database)):
        raise ValueError(f"name of a database: expected {_DATABASE.pattern}, got {unquote(database)[:80]!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + b64encode(pair.encode()).decode("ascii")
    return Address(f"{parts.scheme}://{host}{port}{path}", unquote(database), authorization)


def headers_middleware(address: Address) -> ClientMiddlewareType:
    """Set what every request carries.

    CouchDB answers JSON uncompressed whatever is asked for, so both lines are harmless there; PouchDB's
    server answers text to `*/*`, and holds back a feed that it may compress. The password goes here and not
    through aiohttp's `auth`, which ends with its version 4.
    """

    async def set_headers(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        request.headers["Accept"] = "application/json"
        request.headers["Accept-Encoding"] = "identity"
        if address.authorization is not None:
            request.headers["Authorization"] = address.authorization
        return await handler(request)

    return set_headers


class _Remote(RemoteServer):
    """aiocouch's server session; its databases and documents hide the status, which tells 201 from 202."""

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        response, body = await self._request(method, path, allow_redirects=False, **options)
        return response.status, body


class Couch:
    """Requests to one database. They raise LogRefused, LogUnavailable and, when writing, StorageFull."""

    def __init__(
        self,
        address: Address,
        middlewares: Sequence[ClientMiddlewareType] = (),
        request_s: float = REQUEST_S,
    ) -> None:
        """`middlewares`: further ones for every request. `request_s`: how long one may take."""
        self.address = address
        self.middlewares = (headers_middleware(address), *middlewares)
        self.request_s = request_s
        self._refused: str | None = None
        self._closed = False
        self._remote = _Remote(
            address.server,
            middlewares=self.middlewares,
            timeout=ClientTimeout(total=request_s),
            connector=TCPConnector(keepalive_timeout=KEEPALIVE_S),
        )

    def check_open(self) -> None:
        """Raise LogRefused or LogUnavailable when nothing may be asked any more."""
        if self._refused is not None:
            raise LogRefused(self._refused)
        if self._closed:
            raise LogUnavailable("the log is closed")

    def refuse(self, status: int, reason: str | None) -> LogRefused:
        """Stop asking, and return the error that says so."""
        self._refused = self._refused or REFUSED.format(status=status, reason=reason or "no reason given")
        return LogRefused(self._refused)

    async def ask(
        self,
        method: str,
        path: str = "",
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
        expected: Collection[int] = (),
        within_s: float | None = None,
        privileged: bool = False,
        binary: bool = False,
    ) -> Answer:
        """Send one request. `path`: below the database, quoted. `expected`: error statuses that are returned
        and not raised. `privileged`: 401 and 403 mean this request only and are returned too.
        """
        self.check_open()
        options: dict[str, Any] = {"params": params or {}, "return_json": not binary}
        if body is not None:
            content = dumps(body).encode()
            options["headers"] = {"Content-Type": "application/json"}
            options["data"] = content if len(content) <= STREAMED_BYTES else BytesIO(content)
        if within_s is not None:
            options["timeout"] = ClientTimeout(total=within_s)
        where = f"/{quote(self.address.database, safe='')}{path}"
        try:
            status, answer = await self._remote.ask(method, where, **options)
        except RemoteResponseError as error:
            if error.status in expected or (privileged and error.status in (401, 403)):
                return Answer(error.status, None)
            raise self._translate(error) from None
        except TimeoutError:
            raise LogUnavailable(
                f"{self.address.shown}: no answer in {within_s or self.request_s:g} s"
            ) from None
        except (ClientError, OSError, ValueError, RuntimeError) as error:
            # RuntimeError: the session was closed meanwhile; ValueError: what came is no JSON
            raise LogUnavailable(f"{self.address.shown}: {type(error).__name__}") from error
        if not 200 <= status < 300:
            raise LogUnavailable(f"{self.address.shown}: expected an answer of CouchDB, got status {status}")
        return Answer(status, answer)

    async def read(self, method: str, path: str, **options: Any) -> Answer:
        """`ask` for what changes nothing: asked once more when the connection broke."""
        try:
            return await self.ask(method, path, **options)
        except LogUnavailable as error:
            if not isinstance(error.__cause__, ClientConnectionError) or self._closed:
                raise
            return await self.ask(method, path, **options)

    async def get(self, name: str, **params: Any) -> Json | None:
        """Return the document of that id, None if there is none."""
        answer = await self.read("GET", f"/{quote(name, safe='')}", params=params, expected=(404,))
        return dict(answer.body) if answer.body is not None else None

    async def attachment(self, name: str, attachment: str) -> bytes:
        """Return an attachment of a document."""
        answer = await self.read("GET", f"/{quote(name, safe='')}/{attachment}", binary=True)
        return bytes(answer.body)

    async def look_up(self, names: Sequence[str]) -> dict[str, Json]:
        """Return those of the documents that exist, by id."""
        found: dict[str, Json] = {}
        for start in range(0, len(names), PAGE):
            body = {"keys": list(names[start : start + PAGE])}
            answer = await self.read("POST", "/_all_docs", params={"include_docs": "true"}, body=body)
            found.update((row["id"], row["doc"]) for row in answer.body["rows"] if row.get("doc"))
        return found

    async def rows(self, keys: tuple[str, str], documents: bool = True, limit: int = PAGE) -> list[Json]:
        """Return the first rows of `_all_docs` between two keys (both counted in), in the order of ids."""
        first, last = (json.dumps(key) for key in keys)
        params: dict[str, Any] = {"startkey": first, "endkey": last, "limit": limit}
        if documents:
            params["include_docs"] = "true"
        answer = await self.read("GET", "/_all_docs", params=params)
        return list(answer.body["rows"])

    async def between(self, keys: tuple[str, str], documents: bool = True) -> AsyncIterator[Json]:
        """Yield all of those rows, page by page."""
        first, last = keys
        while True:
            rows = await self.rows((first, last), documents)
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            first = rows[-1]["id"] + "!"  # sorts behind that id and before every other

    async def bulk(self, documents: Sequence[Json], within_s: float | None = None) -> Answer:
        """Store documents, each by itself; the answer has a row for each. 202: not yet at quorum."""
        return await self.ask("POST", "/_bulk_docs", body={"docs": documents}, within_s=within_s)

    async def put(self, document: Json, within_s: float | None = None) -> str | None:
        """Store one document over its `_rev`; return the new one, None if it has another by now."""
        path = f"/{quote(document['_id'], safe='')}"
        answer = await self.ask("PUT", path, body=document, expected=(409,), within_s=within_s)
        if answer.status == 202:
            raise LogUnavailable(f"{self.address.shown}: not yet stored at quorum")
        return None if answer.body is None else str(answer.body["rev"])

    async def close(self) -> None:
        """End all requests."""
        if not self._closed:
            self._closed = True
            await self._remote.close()

    def _translate(self, error: RemoteResponseError) -> Exception:
        reason = error.reason or error.message
        if error.status in (401, 403):
            return self.refuse(error.status, reason)
        if error.status == 413:
            return TooLarge(f"{self.address.shown}: too large for the database ({reason})")
        if error.status == 507 or any(sign in reason.lower() for sign in DISK_FULL):
            return StorageFull(f"{self.address.shown}: the database's disk is full ({reason})")
        return LogUnavailable(f"{self.address.shown}: status {error.status} ({reason})")
