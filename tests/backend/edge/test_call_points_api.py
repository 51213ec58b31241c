"""Call points over HTTP: forms, sizes, and the back office's part with its permissions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.office.port import Permission

from tests.backend.call_points.points import Ward, gateway, person


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    async with gateway(tmp_path) as running:
        yield running


async def test_a_body_that_is_too_large_or_not_understood(ward: Ward) -> None:
    device = await ward.device()
    assert await device.state("pressed", type="x" * 5000) == "too_large"
    assert await device.state("danced") == "malformed"
    body, headers = device.request("pressed")
    other = device.headers(headers["x-wardline-time"], "another-nonce-than-inside", body)
    assert (await device.post(body, other)).json()["error"]["code"] == "malformed"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-wardline-signature", "0" * 64),
        ("x-wardline-signature", "é" * 64),
        ("x-wardline-time", "yesterday"),
        ("x-wardline-nonce", "short"),
    ],
)
async def test_a_wrong_header_is_a_device_that_is_not_known(ward: Ward, name: str, value: str) -> None:
    device = await ward.device()
    body, headers = device.request("pressed")
    answer = await ward.http.post(
        device.path,
        content=body,
        headers=[(k.encode(), v.encode()) for k, v in {**headers, name: value}.items()],
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "device_refused")


async def test_what_is_signed_holds_for_this_body_path_and_point_only(ward: Ward) -> None:
    device, other = await ward.device(), await ward.device("drip-b02")
    body, headers = device.request("pressed")
    for path in (other.path, "/api/call-points/bed-b01/events", "/api/call-points/nobody/events"):
        answer = await ward.http.post(path, content=body, headers=headers)
        assert answer.json()["error"]["code"] == "device_refused"
    changed = await device.post(body.replace(b"pressed", b"faultxx"), headers)
    assert changed.json()["error"]["code"] == "device_refused"
    queried = await ward.http.post(device.path, params={"a": "1"}, content=body, headers=headers)
    assert queried.json()["error"]["code"] == "malformed"
    assert (await device.post(body, headers)).status_code == 200


async def test_a_challenge_tells_not_which_points_there_are(ward: Ward) -> None:
    known = await ward.http.get("/api/call-points/bath-r01/challenge")
    unknown = await ward.http.get("/api/call-points/nobody/challenge")
    assert (known.status_code, known.json().keys()) == (unknown.status_code, unknown.json().keys())
    assert len(known.json()["nonce"]) == len(unknown.json()["nonce"]) == 48


async def test_the_back_office_lists_points_and_makes_keys(ward: Ward) -> None:
    lines = {line["id"]: line for line in (await ward.http.get("/api/office/call-points")).json()}
    assert lines["bath-r01"] == {
        "id": "bath-r01", "ward": "thoracic", "name": "卫", "room": "r01", "bed": None,
        "has_key": False, "last_heard_at": None, "line": "unknown", "refused": 0,
    }  # fmt: skip
    device = await ward.device()
    await device.say("fault")
    await device.post(b"{}", {})
    answer = await ward.http.get("/api/office/call-points", params={"ward": "thoracic"})
    line = next(one for one in answer.json() if one["id"] == "bath-r01")
    assert (line["has_key"], line["line"], line["last_heard_at"], line["refused"]) == (
        True, "open", ward.now(), 1,
    )  # fmt: skip
    ward.now.ms += 63_000
    answer = await ward.http.get("/api/office/call-points", params={"ward": "thoracic"})
    assert {one["line"] for one in answer.json()} == {"unknown"}


@pytest.mark.parametrize("point", ["bath-x", "bed-b01"])
async def test_no_key_for_what_cannot_be_a_call_point(ward: Ward, point: str) -> None:
    answer = await ward.http.post(f"/api/office/call-points/{point}/key")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_able")


async def test_who_may_not_gets_neither_lines_nor_keys(ward: Ward) -> None:
    async def codes() -> tuple[int, int]:
        lines = await ward.http.get("/api/office/call-points", params={"ward": "thoracic"})
        key = await ward.http.post("/api/office/call-points/bath-r01/key")
        return lines.status_code, key.status_code

    ward.door.principal = None
    assert await codes() == (401, 401)
    ward.door.principal = person(Permission.WARD_READ)
    assert await codes() == (200, 403)
    ward.door.principal = person(*Permission, ward="cardiac")
    assert await codes() == (403, 404)
    assert (await ward.http.get("/api/office/call-points")).json() == []
    ward.door.principal = person(Permission.TERMINALS_WRITE, ward="thoracic")
    assert await codes() == (403, 200)
    ward.door.principal = person(*Permission)
    assert (await ward.http.post("/api/office/call-points/nobody/key")).status_code == 404
    for wrong in ({"ward": "../x"}, {"more": "1"}):
        assert (await ward.http.get("/api/office/call-points", params=wrong)).status_code == 400
