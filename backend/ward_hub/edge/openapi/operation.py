"""One operation of the HTTP interface, and how it is written in OpenAPI 3.1. No Starlette, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ward_hub.documents.port import Json
from ward_hub.edge.errors import ERRORS

Schema = dict[str, Json]

JSON_MEDIA = "application/json"


class Door(StrEnum):
    """What lets a request in: nothing, a terminal's token, the back office's cookie, a device's signature."""

    OPEN = "open"
    TERMINAL = "terminal"
    OFFICE = "office"
    DEVICE = "device"


_REFUSALS: Mapping[Door, tuple[str, ...]] = {
    Door.OPEN: (),
    Door.TERMINAL: ("unauthorized", "token_invalid"),
    Door.OFFICE: ("signed_out", "password_due", "forbidden"),
    Door.DEVICE: ("device_refused",),
}
_SECURITY: Mapping[Door, list[Json]] = {
    Door.OPEN: [],
    Door.TERMINAL: [{"terminal": []}],
    Door.OFFICE: [{"office": []}],
    Door.DEVICE: [],
}
_SAFE = frozenset({"GET", "HEAD"})
_OFFICE_HEADER: Json = {
    "name": "X-Wardline-Office",
    "in": "header",
    "required": True,
    "description": "Another site's form cannot set it.",
    "schema": {"const": "1"},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path.

    `who`: who may, in words of `x-who`; `answer`: schema of the JSON answer, None where it is none. `gives`:
    other answers by status, media type → schema, an empty mapping for no body. `refusals`: codes of
    edge/errors.py beside those of the door, of a body, of parameters and of the store. `query`, `headers`:
    names that end in `!` are required. `takes`: media type of the body.
    """

    method: str
    path: str
    summary: str
    door: Door
    who: tuple[str, ...]
    answer: Schema | None = None
    refusals: tuple[str, ...] = ()
    body: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)
    gives: Mapping[int, Mapping[str, Schema]] = field(default_factory=dict)
    takes: str = JSON_MEDIA
    office_header: bool = False
    """For operations of an open door that want the office's header all the same."""

    @property
    def name(self) -> str:
        words = re.findall(r"[a-z0-9]+", f"{self.method} {self.path}".lower())
        return "_".join(word for word in words if word not in ("api",))

    @property
    def path_names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code a refusal may carry."""
        found = [*_REFUSALS[self.door], *self.refusals, "storage"]
        if self.body is not None or self.method not in _SAFE:
            found += ["malformed", "too_large"] if self.takes == JSON_MEDIA else ["too_large"]
        if self.query:
            found.append("malformed")
        if self.path_names:
            found.append("not_found")
        return tuple(dict.fromkeys(found))

    def json(self, path_schemas: Mapping[str, Schema]) -> dict[str, Json]:
        """The operation object."""
        value: dict[str, Json] = {
            "operationId": self.name,
            "summary": self.summary,
            "tags": [self.door.value],
            "x-who": list(self.who),
            "security": _SECURITY[self.door],
            "parameters": self._parameters(path_schemas),
            "responses": self._responses(),
        }
        if self.body is not None:
            value["requestBody"] = {"required": True, "content": {self.takes: {"schema": self.body}}}
        return value

    def _parameters(self, path_schemas: Mapping[str, Schema]) -> list[Json]:
        found: list[Json] = [
            {"name": name, "in": "path", "required": True, "schema": path_schemas[name]}
            for name in self.path_names
        ]
        for place, given in (("query", self.query), ("header", self.headers)):
            found += [
                {
                    "name": name.rstrip("!"),
                    "in": place,
                    "required": name.endswith("!"),
                    "schema": schema,
                }
                for name, schema in given.items()
            ]
        if self.office_header or (self.door is Door.OFFICE and self.method not in _SAFE):
            found.append(_OFFICE_HEADER)
        return found

    def _responses(self) -> dict[str, Json]:
        gives = dict(self.gives) if self.answer is None else {200: {JSON_MEDIA: self.answer}, **self.gives}
        found: dict[str, Json] = {str(status): _response("Done.", media) for status, media in gives.items()}
        by_status: dict[int, list[str]] = {}
        for code in self.codes:
            by_status.setdefault(ERRORS[code].http_status, []).append(code)
        for status, codes in sorted(by_status.items()):
            if status in gives:
                continue
            refusal: Schema = {"$ref": "#/components/schemas/Refusal"}
            found[str(status)] = _response(f"Refused: {', '.join(codes)}.", {JSON_MEDIA: refusal})
        return found


def _response(description: str, media: Mapping[str, Schema]) -> Json:
    value: dict[str, Json] = {"description": description}
    if media:
        value["content"] = {name: {"schema": schema} for name, schema in media.items()}
    return value
