"""Parameters of the office's lists and exports, read strictly, and the files they are handed out as."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import tzinfo
from itertools import chain
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from ward_hub.documents.names import ID
from ward_hub.edge.errors import WardError
from ward_hub.office.export import MEDIA_TYPES, Column, Format, Lang, Rows, heads, to_file

MAX_TEXT_CHARS = 100
_WRITER = ThreadPoolExecutor(1, "export")
"""One file at a time: several at once would take the cores from the calls."""
MAX_EXPORTED: Mapping[Format, int] = {"csv": 100_000, "xlsx": 20_000}
"""Rows of a file. A spreadsheet of 10,000 costs some 3 s of a core, CSV a tenth of that."""
_MORE: Mapping[Lang, str] = {
    "zh": "还有更多记录未导出：请缩小范围，或改用 CSV。",
    "en": "There are more: choose a shorter time, or CSV.",
}
LONGEST_SPAN_MS = 3 * 366 * 24 * 3_600_000


class Query:
    """The parameters of a request. Every method raises WardError(`malformed`)."""

    def __init__(self, request: Request, known: frozenset[str]) -> None:
        names = [name for name, _ in request.query_params.multi_items()]
        if unknown := set(names) - known:
            raise WardError("malformed", f"Unknown parameter {min(unknown)[:40]}.")
        if len(set(names)) != len(names):
            raise WardError("malformed", "Expected each parameter once.")
        self._given = request.query_params

    def instant(self, name: str) -> int | None:
        """A time in ms since the epoch."""
        text = self._given.get(name)
        if text is not None and not re.fullmatch(r"\d{1,15}", text, re.ASCII):
            raise WardError("malformed", f"Expected {name} in ms since the epoch.")
        return None if text is None else int(text)

    def number(self, name: str, least: int, most: int, default: int) -> int:
        text = self._given.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"\d{1,15}", text, re.ASCII) or not least <= int(text) <= most:
            raise WardError("malformed", f"Expected {name} to be a number from {least} to {most}.")
        return int(text)

    def id(self, name: str) -> str | None:
        text = self._given.get(name)
        if text is not None and not re.fullmatch(ID, text):
            raise WardError("malformed", f"Expected {name} to be an id.")
        return text

    def text(self, name: str) -> str | None:
        """A text to search for; None for an empty one."""
        text = self._given.get(name, "").strip()
        if len(text) > MAX_TEXT_CHARS or "\0" in text:
            raise WardError("malformed", f"Expected {name} of at most {MAX_TEXT_CHARS} characters.")
        return text or None

    def one_of(self, name: str, known: Sequence[str]) -> str | None:
        text = self._given.get(name)
        if text is not None and text not in known:
            raise WardError("malformed", f"Expected {name} to be one of {', '.join(known)}.")
        return text

    def form(self) -> Literal["json"] | Format:
        """`format`; `json` where it says nothing."""
        match self.one_of("format", ("json", "csv", "xlsx")):
            case "csv":
                return "csv"
            case "xlsx":
                return "xlsx"
            case _:
                return "json"

    def lang(self) -> Lang:
        """`lang`; Chinese where it says nothing."""
        return "en" if self.one_of("lang", ("zh", "en")) == "en" else "zh"


async def file_response(
    form: Format,
    name: str,
    columns: Sequence[Column],
    rows: Rows,
    zone: tzinfo,
    lang: Lang,
    more: bool = False,
) -> Response:
    """The table as a download; `more`: its last row says that there are more.

    It is made beside the event loop, rows and all: calls do not wait for it.
    """
    table = chain(rows, [[_MORE[lang]]] if more else [])
    loop = asyncio.get_running_loop()
    data = await loop.run_in_executor(_WRITER, to_file, form, name, heads(columns, lang), table, zone)
    return Response(
        data,
        media_type=MEDIA_TYPES[form],
        headers={
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="{name}.{form}"',
        },
    )
