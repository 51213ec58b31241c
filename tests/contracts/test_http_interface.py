"""Who gets what at every route over HTTP: a table written by hand from the roles' permissions.

A route without a row fails. Every refusal has the form of edge/errors.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from ward_hub.edge.errors import ERRORS
from ward_hub.edge.openapi import OPERATIONS

from tests.helpers.filled_ward import OTHER, FilledWard, filled_ward
from tests.helpers.http_requests import Asked, requests
from tests.helpers.hub_process import run_async

TERMINALS = {
    "bed": ("bed-b01", None),
    "door": ("door-r01", None),
    "corr": ("corridor-1", None),
    "wb": ("whiteboard", None),
    "st": ("station-vice", None),
    "st+n": ("station-main", "n001"),
    "pda": ("pda-02", None),
    "pda+n": ("pda-01", "n002"),
    "cp": ("bath-r01", None),
}
"""Column → terminal, and who is signed in there."""
PEOPLE = ("h001", "e001", "a001", "a002", "a003")

TABLE = """
route                                      none bed door corr wb st st+n pda pda+n cp h001 e001 a001 a002 a003
GET /api/openapi.json                       o   o  o  o  o  o  o  o  o  o  o  o  o  o  o
POST /api/enrol                             F   F  F  F  F  F  F  F  F  F  F  F  F  F  F
POST /api/challenge                         o   o  o  o  o  o  o  o  o  o  o  o  o  o  o
POST /api/token                             m   m  m  m  m  m  m  m  m  m  m  m  m  m  m
POST /api/staff/sign-in                     .   E  E  E  o  o  o  o  o  E  .  .  .  .  .
POST /api/staff/pin                         .   E  E  E  P  P  P  P  P  E  .  .  .  .  .
POST /api/staff/session                     .   .  .  .  .  .  o  .  o  .  .  .  .  .  .
POST /api/staff/password                    .   .  .  .  .  .  v  .  v  .  .  .  .  .  .
POST /api/staff/sign-out                    .   o  o  o  o  o  o  o  o  o  .  .  .  .  .
GET /api/wards/{ward}/calls                 .   x  x  x  x  o  o  o  o  x  .  .  .  .  .
GET /api/wards/{ward}/recordings            .   x  x  x  x  o  o  o  o  x  .  .  .  .  .
PUT /api/wards/{ward}/recordings/{talk}     .   x  x  x  x  R  R  R  R  x  .  .  .  .  .
GET /api/wards/{ward}/recordings/{talk}     .   x  x  x  x  x  n  x  n  x  .  .  .  .  .
POST /api/wards/{ward}/hosting              .   x  x  x  x  v  v  x  x  x  .  .  .  .  .
DELETE /api/wards/{ward}/hosting/{id}       .   x  x  x  x  n  n  x  x  x  .  .  .  .  .
POST /api/call-points/{id}/events           .   .  .  .  .  .  .  .  .  .  .  .  .  .  .
GET /api/call-points/{id}/challenge         o   o  o  o  o  o  o  o  o  o  o  o  o  o  o
POST /api/ward-hubs/enrol                   F   F  F  F  F  F  F  F  F  F  F  F  F  F  F
POST /api/ward-hubs/challenge               o   o  o  o  o  o  o  o  o  o  o  o  o  o  o
POST /api/ward-hubs/token                   m   m  m  m  m  m  m  m  m  m  m  m  m  m  m
GET /api/ward-hubs/mirror                   .   .  .  .  .  .  .  .  .  .  .  .  .  .  .
GET /api/push/key                           .   x  x  x  x  x  x  o  o  x  .  .  .  .  .
PUT /api/push/subscription                  .   x  x  x  x  x  x  m  m  x  .  .  .  .  .
DELETE /api/push/subscription               .   x  x  x  x  x  x  o  o  x  .  .  .  .  .
POST /api/push/seen/{id}                    n   n  n  n  n  n  n  n  n  n  n  n  n  n  n
POST /push/m/{id}                           n   n  n  n  n  n  n  n  n  n  n  n  n  n  n
GET /api/office/sign-in-ways                o   o  o  o  o  o  o  o  o  o  o  o  o  o  o
POST /api/office/sign-in                    S   S  S  S  S  S  S  S  S  S  S  S  S  S  S
POST /api/office/sign-out                   o   o  o  o  o  o  o  o  o  o  o  o  o  o  o
GET /api/office/oidc/start                  n   n  n  n  n  n  n  n  n  n  n  n  n  n  n
GET /api/office/oidc/callback               n   n  n  n  n  n  n  n  n  n  n  n  n  n  n
GET /api/office/me                          .   .  .  .  .  .  .  .  .  .  o  o  o  o  o
POST /api/office/password                   .   .  .  .  .  .  .  .  .  .  v  v  v  v  v
GET /api/office/sessions                    .   .  .  .  .  .  .  .  .  .  o  o  o  o  o
DELETE /api/office/sessions/{id}            .   .  .  .  .  .  .  .  .  .  n  n  n  n  n
GET /api/office/system                      .   .  .  .  .  .  .  .  .  .  o  o  o  o  o
GET /api/office/wards                       .   .  .  .  .  .  .  .  .  .  o  o  o  o  o
GET /api/office/wards/{ward}                .   .  .  .  .  .  .  .  .  .  o  o  o  o  x
GET /api/office/hospital                    .   .  .  .  .  .  .  .  .  .  o  o  o  o  x
GET /api/office/staff                       .   .  .  .  .  .  .  .  .  .  x  x  x  o  x
GET /api/office/permissions                 .   .  .  .  .  .  .  .  .  .  x  x  x  o  x
POST /api/office/changes                    .   .  .  .  .  .  .  .  .  .  x  c  c  x  x
GET /api/office/changes                     .   .  .  .  .  .  .  .  .  .  o  o  o  o  x
POST /api/office/changes/{id}/undo          .   .  .  .  .  .  .  .  .  .  n  n  n  n  n
POST /api/office/import/{kind}              .   .  .  .  .  .  .  .  .  .  x  o  o  x  x
GET /api/office/import/{kind}/template      .   .  .  .  .  .  .  .  .  .  o  o  o  o  o
POST /api/office/hosting/now                .   .  .  .  .  .  .  .  .  .  v  x  v  x  x
POST /api/office/staff/{id}/password        .   .  .  .  .  .  .  .  .  .  x  x  x  v  x
POST /api/office/staff/{id}/pin             .   .  .  .  .  .  .  .  .  .  x  x  x  v  x
POST /api/office/staff/{id}/unlock          .   .  .  .  .  .  .  .  .  .  x  x  x  o  x
GET /api/office/journal                     .   .  .  .  .  .  .  .  .  .  o  o  o  x  o
GET /api/office/audit                       .   .  .  .  .  .  .  .  .  .  x  x  x  x  o
GET /api/office/feed/messages               .   .  .  .  .  .  .  .  .  .  x  o  o  x  x
GET /api/office/feed/messages/{id}          .   .  .  .  .  .  .  .  .  .  x  n  n  x  x
POST /api/office/feed/messages/{id}/replay  .   .  .  .  .  .  .  .  .  .  x  n  n  x  x
POST /api/office/feed/messages/{id}/discard .   .  .  .  .  .  .  .  .  .  x  n  n  x  x
GET /api/office/feed/mapping                .   .  .  .  .  .  .  .  .  .  x  o  o  x  x
POST /api/office/feed/mapping               .   .  .  .  .  .  .  .  .  .  x  x  c  x  x
GET /api/office/terminals                   .   .  .  .  .  .  .  .  .  .  o  o  o  o  x
POST /api/office/terminals/{id}/enrol       .   .  .  .  .  .  .  .  .  .  x  n  n  x  x
POST /api/office/terminals/{id}/revoke      .   .  .  .  .  .  .  .  .  .  x  n  n  x  x
POST /api/office/fleet/commands             .   .  .  .  .  .  .  .  .  .  x  o  o  x  x
GET /api/office/fleet/commands/{id}         .   .  .  .  .  .  .  .  .  .  x  n  n  x  x
GET /api/office/device-schedules            .   .  .  .  .  .  .  .  .  .  o  o  o  o  x
GET /api/office/releases                    .   .  .  .  .  .  .  .  .  .  x  o  o  x  x
POST /api/office/releases                   .   .  .  .  .  .  .  .  .  .  x  x  u  x  x
DELETE /api/office/releases/{build}         .   .  .  .  .  .  .  .  .  .  x  x  n  x  x
GET /api/office/rollouts                    .   .  .  .  .  .  .  .  .  .  x  o  o  x  x
POST /api/office/rollouts                   .   .  .  .  .  .  .  .  .  .  x  x  n  x  x
POST /api/office/rollouts/{id}/{event}      .   .  .  .  .  .  .  .  .  .  x  x  n  x  x
POST /api/office/live/{terminal}            .   .  .  .  .  .  .  .  .  .  x  d  d  x  x
GET /api/office/live/{session}/events       .   .  .  .  .  .  .  .  .  .  n  n  n  n  n
DELETE /api/office/live/{session}           .   .  .  .  .  .  .  .  .  .  n  n  n  n  n
GET /api/office/call-points                 .   .  .  .  .  .  .  .  .  .  o  o  o  o  x
POST /api/office/call-points/{id}/key       .   .  .  .  .  .  .  .  .  .  x  n  n  x  x
"""
"""o 2xx; . 401; x 403 forbidden. The rest were let in, and refused for what they asked (CODES)."""

CODES = {
    "x": {"forbidden"},
    ".": {"unauthorized", "token_invalid", "signed_out", "device_refused"},
    "n": {"not_found"},
    "c": {"changed_meanwhile"},
    "v": {"invalid", "password_weak"},
    "m": {"malformed", "challenge_invalid"},
    "d": {"not_connected"},
    "u": {"release_unfit"},
    "F": {"code_invalid", "key_invalid"},
    "E": {"sign_in_elsewhere"},
    "P": {"pin_refused"},
    "R": {"recording_off"},
    "S": {"sign_in_refused"},
}
_COLUMNS = TABLE.split("\n")[1].split()[1:]
ROWS = {
    (line.split()[0], line.split()[1]): dict(zip(_COLUMNS, line.split()[2:], strict=True))
    for line in TABLE.strip().splitlines()[1:]
}


@pytest.fixture(scope="module")
def ward(standard_ward: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledWard]:
    with filled_ward(tmp_path_factory.mktemp("http"), standard_ward) as ward:
        yield ward


def test_every_route_has_a_row_and_a_request() -> None:
    described = {(operation.method, operation.path) for operation in OPERATIONS}
    assert set(ROWS) == described
    assert set(requests()) == described


def _send(http: httpx.Client, asked: Asked, token: str | None = None) -> httpx.Response:
    headers = {**asked.headers, **({"authorization": f"Bearer {token}"} if token else {})}
    return http.request(
        asked.method, asked.path, content=asked.content, params=dict(asked.query), headers=headers
    )


def _letter(answer: httpx.Response) -> str:
    """The table's letter for an answer."""
    if answer.status_code < 400:
        return "o"
    code = code_of(answer)
    return next((letter for letter, codes in CODES.items() if code in codes), code)


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal, whose form is looked at. RFC 8030 knows no bodies: there the status says it."""
    if answer.request.url.path.startswith("/push/"):
        return {404: "not_found", 403: "forbidden", 400: "malformed"}[answer.status_code]
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) - {"problems"} == {"code", "message", "message_zh"}
    code: str = body["error"]["code"]
    assert answer.status_code == ERRORS[code].http_status
    assert answer.headers["cache-control"] == "no-store"
    return code


@pytest.mark.parametrize("who", ["none", *TERMINALS])
def test_terminals_and_strangers_get_what_the_table_says(ward: FilledWard, who: str) -> None:
    """Roles crossed with routes: those without a session in the back office."""
    token = run_async(ward.token(*TERMINALS[who])) if who in TERMINALS else None
    found = {}
    with httpx.Client(base_url=ward.url, trust_env=False) as http:
        for route, asked in requests().items():
            found[route] = _letter(_send(http, asked, token))
            http.cookies.clear()
            if asked.path in CHANGES_WHO and token is not None:
                token = run_async(ward.token(*TERMINALS[who]))
    _compare(found, who)


def _compare(found: dict[tuple[str, str], str], who: str) -> None:
    assert found == {route: row[who] for route, row in ROWS.items()}


CHANGES_WHO = {"/api/staff/sign-in", "/api/staff/sign-out"}
"""After these somebody else is signed in at the terminal, or nobody."""


@pytest.mark.parametrize("who", PEOPLE)
def test_people_in_the_back_office_get_what_the_table_says(ward: FilledWard, who: str) -> None:
    """Roles crossed with routes (USR-02)."""
    found = {}
    with closing(ward.office(who)) as http:
        del http.headers["x-wardline-office"]
        cookies = dict(http.cookies)
        for route, asked in requests().items():
            if asked.path == "/api/office/sign-out":
                with httpx.Client(base_url=ward.url, trust_env=False) as other:
                    found[route] = _letter(_send(other, asked))
                continue
            found[route] = _letter(_send(http, asked))
        assert dict(http.cookies) == cookies
    _compare(found, who)


OF_A_WARD = [
    route for route, asked in requests(OTHER).items() if OTHER in f"{asked.path} {asked.query} {asked.body}"
]


@pytest.mark.parametrize("who", ["st+n", "pda+n", "h001", "e001"])
def test_what_belongs_to_another_ward_is_refused_to_those_of_one(ward: FilledWard, who: str) -> None:
    """Each route that names a ward: what the table lets through for the own one is forbidden for another."""
    assert len(OF_A_WARD) >= 12
    token = run_async(ward.token(*TERMINALS[who])) if who in TERMINALS else None
    asked = requests(OTHER)
    with closing(ward.office(None if token else who)) as http:
        del http.headers["x-wardline-office"]
        found = {route: _letter(_send(http, asked[route], token)) for route in OF_A_WARD}
    expected = {route: "." if ROWS[route][who] == "." else "x" for route in OF_A_WARD}
    if who == "st+n":
        expected["DELETE", "/api/wards/{ward}/hosting/{id}"] = "n"
    assert found == expected


@pytest.mark.parametrize("who", ["h001", "e001"])
def test_lists_leave_other_wards_out(ward: FilledWard, who: str) -> None:
    with closing(ward.office(who)) as http:
        for route, asked in requests().items():
            if asked.method == "GET" and ROWS[route][who] == "o" and asked.path.startswith("/api/office/"):
                plain = {name: value for name, value in asked.query.items() if name != "ward"}
                answer = http.get(asked.path, params=plain)
                assert answer.status_code == 200, route
                # The feed's mapping is of all wards, and names those it knows.
                assert "k-station" not in answer.text, route
                assert "心内科" not in answer.text, route


def _methods(path: str) -> set[str]:
    """Every method of a path: two templates may fit one path."""
    fits = {one.path for one in OPERATIONS if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), path)}
    return {one.method for one in OPERATIONS if one.path in fits}


NOT_HERE = {"/api/office/oidc/start", "/api/office/oidc/callback"}
"""No single sign-on is set up at this hub."""


def test_methods_that_a_path_does_not_know_are_refused(ward: FilledWard) -> None:
    with httpx.Client(base_url=ward.url, trust_env=False) as http:
        for path in {asked.path for asked in requests().values()}:
            known = _methods(path)
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
                if method in known or path in NOT_HERE:
                    continue
                answer = http.request(method, path)
                assert answer.status_code == 405, (method, path)
                if path.startswith("/api/"):
                    assert code_of(answer) == "method"
                assert set(answer.headers["allow"].split(", ")) - {"HEAD"} <= known
        for path in ("/api/nothing", "/api/office", "/api/office/wards/thoracic/beds"):
            assert code_of(http.get(path)) == "not_found", path


REFUSED_BODY = {"malformed", "too_large", "not_found", "device_refused", "too_many_tries"}
WRONG_BODIES = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe{}",
    b'{"a": 1, "a": 2}',
    b'{"number": NaN}',
    b'{"note": "\\ud800", "edits": []}',
    b"<xml/>",
    b"number=n001&password=x",
    b"[" * 15_000,
)


def test_bodies_that_are_no_json_objects_are_refused(ward: FilledWard) -> None:
    """Of every operation that takes JSON; whoever may use it sends them."""
    tokens = {name: run_async(ward.token(*TERMINALS[name])) for name in ("st+n", "pda+n")}
    with closing(ward.office("a001")) as system, closing(ward.office("a002")) as security:
        for operation in OPERATIONS:
            if operation.body is None or operation.takes != "application/json":
                continue
            route = (operation.method, operation.path)
            asked, row = requests()[route], ROWS[route]
            http = security if row["a001"] == "x" else system
            token = tokens["pda+n" if row["st+n"] == "x" else "st+n"]
            for body in WRONG_BODIES:
                answer = http.request(
                    asked.method,
                    asked.path,
                    content=body,
                    headers={
                        **asked.headers,
                        "content-type": "text/plain",
                        "authorization": f"Bearer {token}",
                    },
                )
                code = code_of(answer)
                assert 400 <= answer.status_code < 500, (route, body)
                # What is not there is said before the body is looked at, and so is too much of it.
                assert code in REFUSED_BODY, (
                    route,
                    body,
                    code,
                )
            huge = http.request(
                asked.method,
                asked.path,
                content=b" " * 3_000_000,
                headers={**asked.headers, "authorization": f"Bearer {token}"},
            )
            assert code_of(huge) in {"too_large", "not_found", "too_many_tries"}, route


def test_the_office_changes_nothing_without_its_header(ward: FilledWard) -> None:
    """Another site's form carries the cookie and no header of ours."""
    with closing(ward.office("a001")) as http:
        del http.headers["x-wardline-office"]
        for asked in requests().values():
            if asked.method != "GET" and asked.path.startswith("/api/office/"):
                answer = http.request(
                    asked.method, asked.path, content=asked.content, params=dict(asked.query)
                )
                assert code_of(answer) == "forbidden", asked.path
        assert http.get("/api/office/me").status_code == 200
