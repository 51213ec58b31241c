"""The identity routes as a terminal meets them: what opens, what is refused, and in which words."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from ward_hub.access.gate import WardGate
from ward_hub.access.port import AccessRefused
from ward_hub.accounts.pins import Pins
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.directory.projector import DirectoryProjector
from ward_hub.directory.store import revoke_terminal
from ward_hub.documents.port import Roots
from ward_hub.edge.errors import ERRORS
from ward_hub.edge.identity_api import FAILURES, WINDOW_MS, IdentityServices, identity_routes
from ward_hub.identity.challenge import Challenges
from ward_hub.identity.enrolment import make_code
from ward_hub.identity.errors import IdentityCode
from ward_hub.identity.installation import load_installation
from ward_hub.identity.keys import encode_base64url
from ward_hub.identity.sessions import SHORT_MS, StaffSessions
from ward_hub.identity.staff import StaffAccounts
from ward_hub.identity.tokens import STAFF_LIFE_MS, TERMINAL_LIFE_MS, Tokens

from tests.backend.ward import NOW, PASSWORD, Device, quick_passwords, standard_ward


class Documents:
    """Takes what the projector publishes and counts how often rights were asked again."""

    def __init__(self) -> None:
        self.rechecks = 0

    async def publish(self, document: str, roots: Roots) -> None: ...

    async def drop_terminal(self, terminal: str, code: int) -> None: ...

    async def recheck(self) -> None:
        self.rechecks += 1


class Hub:
    """The identity part of a hub, with a client at its door."""

    def __init__(self, database: Database, services: IdentityServices, documents: Documents) -> None:
        self.database = database
        self.services = services
        self.documents = documents
        app = Starlette(routes=identity_routes(services))
        transport = httpx.ASGITransport(app, client=("10.0.0.7", 1))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://hub")
        self.now = NOW

    async def post(self, path: str, body: dict[str, Any], token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.client.post(path, json=body, headers=headers)

    async def enrol(self, terminal: str, device: Device) -> httpx.Response:
        async with self.database.session.begin() as session:
            code = await make_code(session, terminal, self.now)
        return await self.post("/api/enrol", {"code": code, "public_key": encode_base64url(device.point)})

    async def signed(self, terminal: str, device: Device) -> dict[str, Any]:
        challenge = (await self.post("/api/challenge", {"terminal": terminal})).json()["challenge"]
        signature = device.sign(f"wardline-token:{challenge}".encode())
        return {
            "terminal": terminal,
            "challenge": challenge,
            "signature": encode_base64url(signature),
        }

    async def token(self, terminal: str) -> str:
        device = Device()
        await self.enrol(terminal, device)
        token: str = (await self.post("/api/token", await self.signed(terminal, device))).json()["token"]
        return token


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with standard_ward(tmp_path) as database:
        current, documents = CurrentDirectory(), Documents()

        def clock() -> int:
            return made.now

        projector = DirectoryProjector(database, current, documents, documents, {}, clock)
        installation = await load_installation(database)
        tokens = Tokens(b"s" * 32, installation.id)
        sessions = StaffSessions(database)
        services = IdentityServices(
            database=database,
            current=current,
            gate=WardGate(tokens, sessions, current, clock),
            tokens=tokens,
            challenges=Challenges(),
            accounts=StaffAccounts(database, quick_passwords(), sessions),
            pins=Pins(database, sessions, b"p" * 32, quick_passwords()),
            sessions=sessions,
            installation=installation,
            directory_changed=projector.changed,
            rights_changed=documents.recheck,
            clock=clock,
            ice_servers=lambda terminal, now: [{"urls": ["stun:s"]}, {"username": f"{now}:{terminal}"}],
        )
        made = Hub(database, services, documents)
        await projector.load()
        yield made
        await made.client.aclose()


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal, after a look at the rest of it."""
    error = answer.json()["error"]
    assert answer.status_code == ERRORS[error["code"]].http_status
    assert set(error) == {"code", "message", "message_zh"}
    assert error["message_zh"] == ERRORS[error["code"]].message_zh
    assert answer.headers["cache-control"] == "no-store"
    return str(error["code"])


async def test_a_device_enrols_and_signs_in_with_its_key(hub: Hub) -> None:
    device = Device()
    answer = await hub.enrol("bed-b01", device)
    assert answer.status_code == 200
    installation = {"installation": hub.services.installation.id, "generation": 1}
    who = {
        "terminal": "bed-b01",
        "kind": "bedside",
        "profile": "bedside-7",
        "name": "1床床头屏",
        "ward": WARD,
        "room": "r01",
        "bed": "b01",
    }
    assert answer.json() == {**who, **installation}
    answer = await hub.post("/api/token", await hub.signed("bed-b01", device))
    body = answer.json()
    principal = hub.services.gate.authenticate(body.pop("token"))
    assert (principal.terminal, principal.bed) == ("bed-b01", "b01")
    assert body == {
        "expires_at": NOW + TERMINAL_LIFE_MS,
        "now": NOW,
        "terminal": who,
        "ice_servers": [{"urls": ["stun:s"]}, {"username": f"{NOW}:bed-b01"}],
        **installation,
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_a_station_has_no_room_and_no_bed(hub: Hub) -> None:
    answer = (await hub.enrol("station-main", Device())).json()
    assert "room" not in answer
    assert "bed" not in answer


async def test_no_key_no_token(hub: Hub) -> None:
    device = Device()
    await hub.enrol("bed-b01", device)
    assert code_of(await hub.post("/api/token", await hub.signed("bed-b01", Device()))) == "signature_invalid"
    assert code_of(await hub.post("/api/token", await hub.signed("bed-b02", device))) == "terminal_unknown"
    assert code_of(await hub.post("/api/token", await hub.signed("bed-b99", device))) == "terminal_unknown"
    good = await hub.signed("bed-b01", device)
    other = await hub.signed("bed-b01", device)
    mixed = {**good, "challenge": other["challenge"]}
    assert code_of(await hub.post("/api/token", mixed)) == "signature_invalid"
    assert code_of(await hub.post("/api/token", {**good, "signature": "AAAA"})) == "signature_invalid"
    assert (await hub.post("/api/token", good)).status_code == 200
    assert code_of(await hub.post("/api/token", good)) == "challenge_invalid"
    hub.now += 60_000
    assert code_of(await hub.post("/api/token", other)) == "challenge_invalid"


async def test_a_revoked_terminal_gets_no_token_and_its_old_one_is_worth_nothing(hub: Hub) -> None:
    device = Device()
    await hub.enrol("pda-01", device)
    signed = await hub.signed("pda-01", device)
    token = (await hub.post("/api/token", signed)).json()["token"]
    async with hub.database.session.begin() as session:
        await revoke_terminal(session, "pda-01", NOW)
    await hub.services.directory_changed()
    again = await hub.post("/api/token", await hub.signed("pda-01", device))
    assert code_of(again) == "terminal_unknown"
    sign_in = await hub.post("/api/staff/sign-in", {"number": "n001", "password": PASSWORD}, token)
    assert code_of(sign_in) == "unauthorized"


async def test_a_nurse_signs_in_and_out_at_a_pda(hub: Hub) -> None:
    token = await hub.token("pda-01")
    answer = await hub.post("/api/staff/sign-in", {"number": "n001", "password": PASSWORD}, token)
    body = answer.json()
    assert body["staff"] == {"id": "n001", "name": "林晓月", "role": "nurse"}
    assert body["expires_at"] == NOW + STAFF_LIFE_MS
    assert hub.documents.rechecks > 0
    staff_token = body["token"]
    principal = hub.services.gate.authenticate(staff_token)
    assert (principal.terminal, principal.staff, principal.role) == ("pda-01", "n001", "nurse")
    rechecks = hub.documents.rechecks
    out = await hub.client.post("/api/staff/sign-out", headers={"Authorization": f"Bearer {staff_token}"})
    assert out.status_code == 200
    assert hub.documents.rechecks == rechecks + 1
    assert code_of(await hub.post("/api/staff/sign-out", {}, staff_token)) == "unauthorized"
    assert (await hub.post("/api/staff/sign-out", {}, token)).status_code == 200


async def test_signing_in_is_refused_in_words(hub: Hub) -> None:
    body = {"number": "n001", "password": "wrong"}
    assert code_of(await hub.post("/api/staff/sign-in", body)) == "unauthorized"
    assert code_of(await hub.post("/api/staff/sign-in", body, "no.such.token")) == "token_invalid"
    pda, bed = await hub.token("pda-01"), await hub.token("bed-b01")
    right = {"number": "n001", "password": PASSWORD}
    assert code_of(await hub.post("/api/staff/sign-in", right, bed)) == "sign_in_elsewhere"
    for _ in range(5):
        assert code_of(await hub.post("/api/staff/sign-in", body, pda)) == "sign_in_refused"
    locked = await hub.post("/api/staff/sign-in", right, pda)
    assert code_of(locked) == "sign_in_locked"
    assert locked.headers["retry-after"] == "1800"


async def test_failures_are_limited_and_successes_are_free(hub: Hub) -> None:
    """Sixty terminals behind one address join; then somebody guesses codes."""
    for n in range(1, 47):
        assert (await hub.enrol(f"bed-b{n:02d}", Device())).status_code == 200
    guess = {"code": "guess", "public_key": encode_base64url(Device().point)}
    for _ in range(FAILURES):
        assert code_of(await hub.post("/api/enrol", guess)) == "code_invalid"
    stopped = await hub.post("/api/enrol", guess)
    assert code_of(stopped) == "too_many_tries"
    assert stopped.headers["retry-after"] == "60"
    assert code_of(await hub.enrol("door-r01", Device())) == "too_many_tries"
    hub.now += WINDOW_MS
    assert (await hub.enrol("door-r01", Device())).status_code == 200


async def test_one_terminals_bad_signatures_stop_no_other(hub: Hub) -> None:
    device = Device()
    await hub.enrol("bed-b01", device)
    for _ in range(FAILURES):
        bad = await hub.signed("bed-b02", Device())
        assert code_of(await hub.post("/api/token", bad)) == "terminal_unknown"
    bad = await hub.signed("bed-b02", Device())
    assert code_of(await hub.post("/api/token", bad)) == "too_many_tries"
    assert (await hub.post("/api/token", await hub.signed("bed-b01", device))).status_code == 200


async def test_while_the_directory_is_not_read_nobody_is_called_unknown(hub: Hub) -> None:
    """A terminal would take `terminal_unknown` for its revocation."""
    device = Device()
    await hub.enrol("bed-b01", device)
    token = (await hub.post("/api/token", await hub.signed("bed-b01", device))).json()["token"]
    model = hub.services.current.model
    hub.services.current.replace_model(CurrentDirectory().model)
    signed = await hub.signed("bed-b01", device)
    assert code_of(await hub.post("/api/token", signed)) == "starting"
    assert code_of(await hub.post("/api/staff/sign-out", {}, token)) == "unauthorized"
    hub.services.current.replace_model(model)
    assert (await hub.post("/api/token", signed)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"terminal"',
        b"{}",
        b'{"terminal": 1}',
        b'{"terminal": null}',
        b'{"terminal": ""}',
        b'{"terminal": "bed-b01", "more": ""}',
        b'{"terminal": "a", "terminal": "b"}',
        b'{"terminal": "' + b"a" * 49 + b'"}',
        b'{"terminal": "\\ud800"}',
        b'{"terminal": "a\\u0000"}',
        b'{"terminal": "\xff"}',
        b'{"terminal": NaN}',
        b'{"terminal": "a"} {}',
        b"[" * 16_000,
    ],
)
async def test_anything_but_the_expected_json_is_malformed(hub: Hub, body: bytes) -> None:
    assert code_of(await hub.client.post("/api/challenge", content=body)) == "malformed"
    ok = await hub.client.post("/api/challenge", content=b'{"terminal": "bed-b01"}')
    assert ok.status_code == 200


async def test_a_large_body_is_refused_before_it_is_read(hub: Hub) -> None:

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 1024

    assert code_of(await hub.client.post("/api/token", content=endless())) == "too_large"
    assert (await hub.client.get("/api/token")).status_code == 405


async def test_a_store_that_fails_is_said_and_costs_no_code(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device()
    async with hub.database.session.begin() as session:
        code = await make_code(session, "bed-b01", NOW)
    body = {"code": code, "public_key": encode_base64url(device.point)}

    async def full(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr("ward_hub.identity.enrolment.bump_revision", full)
        answer = await hub.post("/api/enrol", body)
    assert code_of(answer) == "storage"
    assert answer.headers["retry-after"] == "5"
    assert (await hub.post("/api/enrol", body)).status_code == 200


def test_every_code_of_identity_has_words_and_a_status() -> None:
    assert {code.value for code in IdentityCode} <= set(ERRORS)
    assert all(400 <= text.http_status < 600 and text.message_zh for text in ERRORS.values())


async def test_a_refusal_leaves_one_line_without_what_was_sent(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ward_hub.edge.errors")
    body = {"number": "n-4711", "password": "sesame"}
    answer = await hub.post("/api/staff/sign-in?secret=in-query", body, "token-of-nobody")
    code = code_of(answer)
    assert [record.getMessage() for record in caplog.records] == [
        f"refused {code}: POST '/api/staff/sign-in' from 10.0.0.7"
    ]


async def test_an_error_of_the_store_names_no_value(hub: Hub) -> None:
    """It is logged with its text."""
    async with hub.database.session.begin() as session:
        with pytest.raises(OperationalError) as failed:
            await session.execute(text("SELECT :number FROM nowhere"), {"number": "n-4711"})
    assert "n-4711" not in str(failed.value)


async def give_pin(hub: Hub, staff: str) -> None:
    assert hub.services.pins is not None
    async with hub.database.session.begin() as session:
        await hub.services.pins.set_pin(session, staff, "274951", NOW)
        await hub.services.pins.set_badge(session, staff, "BADGE-0017", NOW)


@pytest.mark.parametrize("by", [{"number": "n001", "pin": "274951"}, {"badge": "BADGE-0017"}])
async def test_pin_and_badge_open_a_short_session_at_a_shared_screen(hub: Hub, by: dict[str, str]) -> None:
    await give_pin(hub, "n001")
    token = await hub.token("whiteboard")
    rechecks = hub.documents.rechecks
    answer = await hub.post("/api/staff/pin", by, token)
    body = answer.json()
    assert body["staff"]["id"] == "n001"
    assert body["expires_at"] == NOW + SHORT_MS
    assert hub.documents.rechecks == rechecks + 1
    assert hub.services.gate.authenticate(body["token"]).staff == "n001"
    hub.now += 100_000
    sessions = hub.services.sessions
    assert sessions is not None
    sessions.extend("whiteboard", hub.now)
    told = await hub.post("/api/staff/session", {}, body["token"])
    assert told.json() == {"staff": "n001", "expires_at": NOW + 100_000 + SHORT_MS}
    assert code_of(await hub.post("/api/staff/session", {}, token)) == "unauthorized"
    hub.now += SHORT_MS
    assert code_of(await hub.post("/api/staff/session", {}, body["token"])) == "unauthorized"
    with pytest.raises(AccessRefused, match="expired"):
        hub.services.gate.authenticate(body["token"])


async def test_a_wrong_pin_is_refused_in_its_own_words_and_a_password_unlocks(hub: Hub) -> None:
    await give_pin(hub, "n001")
    token = await hub.token("pda-01")
    wrong = {"number": "n001", "pin": "274952"}
    for _ in range(5):
        assert code_of(await hub.post("/api/staff/pin", wrong, token)) == "pin_refused"
    locked = await hub.post("/api/staff/pin", {"number": "n001", "pin": "274951"}, token)
    assert code_of(locked) == "sign_in_locked"
    assert "retry-after" not in locked.headers
    answer = await hub.post("/api/staff/sign-in", {"number": "n001", "password": PASSWORD}, token)
    assert answer.status_code == 200
    answer = await hub.post("/api/staff/pin", {"number": "n001", "pin": "274951"}, token)
    assert answer.json()["expires_at"] == NOW + STAFF_LIFE_MS


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"number": "n001"},
        {"number": "n001", "pin": 274951},
        {"number": "n001", "pin": "274951", "badge": "BADGE-0017"},
        {"badge": ""},
        {"badge": "x" * 65},
        {"number": "n" * 33, "pin": "274951"},
    ],
)
async def test_a_body_is_either_number_and_pin_or_a_badge(hub: Hub, body: dict[str, Any]) -> None:
    assert code_of(await hub.post("/api/staff/pin", body, await hub.token("pda-01"))) == "malformed"


async def test_pins_need_the_terminals_token(hub: Hub) -> None:
    assert code_of(await hub.post("/api/staff/pin", {"badge": "BADGE-0017"})) == "unauthorized"
    bedside = await hub.token("bed-b01")
    assert code_of(await hub.post("/api/staff/pin", {"badge": "BADGE-0017"}, bedside)) == "sign_in_elsewhere"
