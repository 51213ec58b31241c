"""Sign-in to the back office: who comes in, what keeps a session open, what ends it (USR-01, SEC-01)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from ward_hub.accounts.office_sessions import WHOLE_MS, idle_ms
from ward_hub.edge.errors import answering
from ward_hub.identity.staff import LOCK_MS, MAX_FAILED
from ward_hub.office.port import Permission

from tests.backend.edge.office import Office, code_of, open_office
from tests.backend.ward import PASSWORD

MINUTE = 60_000
NEW = "Nacht-wache1"


def probe(office: Office) -> list[Route]:
    """A route like any other of the office's."""

    async def seen(request: Request) -> Response:
        who = await office.gate.who(request)
        return JSONResponse({"staff": who.staff, "ward": who.ward, "clinical": who.clinical})

    return [Route("/api/office/probe", answering(seen, office.clock), methods=["GET", "POST"])]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path, probe) as opened:
        yield opened


async def test_an_administrator_signs_in_works_and_signs_out(office: Office) -> None:
    browser = office.browser()
    assert (await browser.get("sign-in-ways")).json() == {"password": True, "oidc": None}
    assert code_of(await browser.get("me")) == "signed_out"
    answer = await browser.sign_in("a001")
    me = answer.json()
    assert me["staff"] == {
        "id": "a001",
        "number": "a001",
        "name": "系统管理员",
        "role": "system_admin",
        "ward": None,
    }
    assert me["wards"] == [{"id": "thoracic", "name": "胸壁外科病区", "name_en": "Chest wall surgery"}]
    assert (me["expires_at"], me["idle_ms"], me["password_due"]) == (
        office.now + WHOLE_MS,
        15 * MINUTE,
        False,
    )
    assert "ward.write" in me["permissions"]
    assert "staff.write" not in me["permissions"]
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/api/office" in cookie
    assert "Secure" not in cookie
    assert (await browser.get("me")).json() == me
    assert (await browser.get("probe")).json() == {"staff": "a001", "ward": None, "clinical": False}
    held = browser.client.cookies["wardline_office"]
    assert code_of(await browser.post("sign-out")) == "ok"
    assert "wardline_office" not in browser.client.cookies
    browser.client.cookies.set("wardline_office", held)
    assert code_of(await browser.get("me")) == "signed_out"
    assert await office.lines() == [
        ("sign_in", "ok", "a001", None, {"place": "office", "way": "password"}),
        ("sign_out", "ok", "a001", None, {"place": "office"}),
    ]


async def test_the_cookie_keeps_to_tls_where_there_is_tls(office: Office) -> None:
    answer = await office.browser(scheme="https").sign_in("a001")
    assert "Secure" in answer.headers["set-cookie"]


async def test_only_the_hash_of_the_cookie_is_stored(office: Office) -> None:
    browser = await office.signed_in("a001")
    token = browser.client.cookies["wardline_office"]
    async with office.database.session() as session:
        (row,) = (await session.execute(text("SELECT * FROM office_sessions"))).all()
    assert token not in str(row)
    assert hashlib.sha256(token.encode()).hexdigest() in row


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("h001", "ok"),
        ("e001", "ok"),
        ("a002", "ok"),
        ("a003", "ok"),
        ("n001", "sign_in_elsewhere"),
        ("d001", "sign_in_elsewhere"),
        ("x001", "sign_in_refused"),
    ],
)
async def test_roles_without_permissions_stay_outside(office: Office, number: str, code: str) -> None:
    assert code_of(await office.browser().sign_in(number)) == code


async def test_people_of_a_ward_see_their_ward_alone(office: Office) -> None:
    await office.sql(
        "INSERT INTO wards SELECT 'cardiac', name, name_en, escalation_ms, reminder_ms, all_tender,"
        " night_from, night_to, settings, marks FROM wards"
    )
    browser = await office.signed_in("h001")
    assert [ward["id"] for ward in (await browser.get("me")).json()["wards"]] == ["thoracic"]
    assert (await browser.get("probe")).json() == {"staff": "h001", "ward": "thoracic", "clinical": True}


async def test_who_should_have_a_ward_and_has_none_sees_nothing(office: Office) -> None:
    """No ward means all of them for administrators; a head nurse without one must not come to that."""
    browser = await office.signed_in("h001")
    await office.sql("UPDATE staff SET ward = NULL WHERE id IN ('h001', 'e001')")
    assert code_of(await browser.get("me")) == "signed_out"
    assert code_of(await office.browser().sign_in("e001")) == "sign_in_elsewhere"


async def test_what_changes_something_needs_the_header(office: Office) -> None:
    browser = await office.signed_in("a001")
    assert code_of(await browser.get("probe")) == "ok"
    for header in (False, True):
        for path in ("probe", "sign-out", "password", "sign-in"):
            answer = await browser.send("POST", path, {}, header=header)
            assert (code_of(answer) == "forbidden") is not header
        await browser.sign_in("a001")
    assert code_of(await browser.send("DELETE", "sessions/x", header=False)) == "forbidden"
    other = await browser.send("POST", "probe", {}, header=False, headers={"X-Wardline-Office": "2"})
    assert code_of(other) == "forbidden"


async def test_an_idle_session_ends_and_a_used_one_slides(office: Office) -> None:
    browser = await office.signed_in("a001")
    for _ in range(5):
        office.now += 15 * MINUTE - 1
        assert code_of(await browser.get("me")) == "ok"
    office.now += 15 * MINUTE
    assert code_of(await browser.get("me")) == "signed_out"
    office.now -= 10 * MINUTE  # over is over
    assert code_of(await browser.get("me")) == "signed_out"


async def test_what_a_page_asks_by_itself_keeps_no_session_open(office: Office) -> None:
    browser = await office.signed_in("a001")
    for _ in range(2):
        office.now += 7 * MINUTE
        answer = await browser.send("GET", "me", headers={"X-Wardline-Poll": "1"})
    assert code_of(answer) == "ok"
    office.now += MINUTE
    assert code_of(await browser.send("GET", "me", headers={"X-Wardline-Poll": "1"})) == "signed_out"


async def test_a_session_ends_after_its_whole_life_however_busy(office: Office) -> None:
    browser = await office.signed_in("a001")
    began_at = office.now
    while office.now < began_at + WHOLE_MS - 10 * MINUTE:
        office.now += 10 * MINUTE
        assert code_of(await browser.get("me")) == "ok"
    office.now = began_at + WHOLE_MS
    assert code_of(await browser.get("me")) == "signed_out"


async def test_activity_survives_a_restart_of_the_hub(office: Office) -> None:
    browser = await office.signed_in("a001")
    office.now += 14 * MINUTE
    assert code_of(await browser.get("me")) == "ok"
    office.sessions._seen.clear()  # what a new process knows
    office.now += 14 * MINUTE
    assert code_of(await browser.get("me")) == "ok"


async def test_the_hospital_sets_the_idle_time_within_bounds(office: Office) -> None:
    assert idle_ms({"office": {"idle_min": 1}}) == 5 * MINUTE
    assert idle_ms({"office": {"idle_min": 600}}) == 30 * MINUTE
    for other in ({}, {"office": 3}, {"office": {"idle_min": "30"}}, {"office": {"idle_min": True}}):
        assert idle_ms(other) == 15 * MINUTE
    await office.sql("""UPDATE hospital SET settings = '{"office": {"idle_min": 5}}'""")
    browser = await office.signed_in("a001")
    office.now += 5 * MINUTE
    assert code_of(await browser.get("me")) == "signed_out"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE staff SET active = 0 WHERE id = 'e001'",
        "UPDATE staff SET role = 'head_nurse' WHERE id = 'e001'",
        "UPDATE staff SET role = 'system_admin', ward = NULL WHERE id = 'e001'",
        "INSERT INTO role_permissions VALUES ('engineer', '[]')",
    ],
)
async def test_a_session_ends_when_the_person_changes(office: Office, change: str) -> None:
    browser = await office.signed_in("e001")
    other = await office.signed_in("h001")
    await office.sql(change)
    assert code_of(await browser.get("me")) == "signed_out"
    assert code_of(await other.get("me")) == "ok"


async def test_who_may_look_is_asked_as_things_are_now(office: Office) -> None:
    """DEV-05: a stream that stays open makes no request; it ends with the right to it."""
    await office.signed_in("e001")
    looking = await office.sessions.holding(Permission.FLEET_VIEW, office.now)
    assert len(looking) == 1
    assert await office.sessions.holding(Permission.STAFF_WRITE, office.now) == []
    await office.sql("UPDATE staff SET active = 0 WHERE id = 'e001'")
    assert await office.sessions.holding(Permission.FLEET_VIEW, office.now) == []
    await office.sessions.end_of({"e001"}, "changed", office.now)
    assert await office.sessions.open(office.now) == []


async def test_new_permissions_hold_at_once(office: Office) -> None:
    browser = await office.signed_in("e001")
    await office.sql("""INSERT INTO role_permissions VALUES ('engineer', '["ward.read"]')""")
    assert (await browser.get("me")).json()["permissions"] == ["ward.read"]


async def test_a_password_set_by_another_ends_every_session(office: Office) -> None:
    first, second = await office.signed_in("e001"), await office.signed_in("e001")
    await office.accounts.set_password("e001", NEW, office.now, by="a002")
    assert code_of(await first.get("me")) == "signed_out"
    assert code_of(await second.get("me")) == "signed_out"


async def test_ones_own_new_password_ends_the_other_sessions(office: Office) -> None:
    here, there = await office.signed_in("e001"), await office.signed_in("e001")
    body = {"old": PASSWORD, "new": NEW}
    assert code_of(await here.post("password", body)) == "ok"
    assert code_of(await here.get("me")) == "ok"
    assert code_of(await there.get("me")) == "signed_out"
    assert code_of(await there.sign_in("e001")) == "sign_in_refused"
    assert code_of(await there.sign_in("e001", NEW)) == "ok"
    assert ("password", "ok", "e001", "e001", {}) in await office.lines()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"old": "wrong", "new": NEW}, "sign_in_refused"),
        ({"old": PASSWORD, "new": "weak"}, "password_weak"),
        ({"old": PASSWORD, "new": PASSWORD}, "password_used"),
        ({"old": PASSWORD}, "malformed"),
        ({"old": PASSWORD, "new": NEW, "staff": "a002"}, "malformed"),
        ({"old": PASSWORD, "new": ""}, "malformed"),
        ({"old": PASSWORD, "new": "aA1-" * 33}, "malformed"),
    ],
)
async def test_a_new_password_meets_the_rules(office: Office, body: dict[str, str], code: str) -> None:
    browser = await office.signed_in("e001")
    assert code_of(await browser.post("password", body)) == code
    assert code_of(await office.browser().sign_in("e001")) == "ok"


async def test_a_refused_password_says_the_hospitals_rule(office: Office) -> None:
    await office.sql("""UPDATE hospital SET settings = '{"password": {"min_chars": 12, "last": 3}}'""")
    browser = await office.signed_in("e001")
    answer = await browser.post("password", {"old": PASSWORD, "new": "Nacht-wac1"})
    assert code_of(answer) == "password_weak"
    (problem,) = answer.json()["error"]["problems"]
    assert "12 to 128" in problem["message"]
    assert "12 至 128" in problem["message_zh"]
    assert code_of(await browser.post("password", {"old": PASSWORD, "new": NEW})) == "ok"
    answer = await browser.post("password", {"old": NEW, "new": NEW})
    assert code_of(answer) == "password_used"
    assert "最近 3 次" in answer.json()["error"]["problems"][0]["message_zh"]


async def test_wrong_old_passwords_lock_the_number(office: Office) -> None:
    """Who sits at somebody's open session does not guess at their password either."""
    browser = await office.signed_in("e001")
    for _ in range(MAX_FAILED):
        assert code_of(await browser.post("password", {"old": "no", "new": NEW})) == "sign_in_refused"
    answer = await browser.post("password", {"old": PASSWORD, "new": NEW})
    assert code_of(answer) == "sign_in_locked"
    assert answer.headers["retry-after"] == str(LOCK_MS // 1000)


async def test_an_old_password_must_be_changed_before_anything_else(office: Office) -> None:
    office.now += 90 * 24 * 60 * MINUTE
    browser = office.browser()
    answer = await browser.sign_in("a002")
    assert answer.json()["password_due"] is True
    assert code_of(await browser.get("probe")) == "password_due"
    assert code_of(await browser.get("sessions")) == "password_due"
    assert (await browser.get("me")).json()["password_due"] is True
    assert code_of(await browser.post("password", {"old": PASSWORD, "new": NEW})) == "ok"
    assert code_of(await browser.get("probe")) == "ok"
    assert (await browser.get("me")).json()["password_due"] is False
    assert code_of(await browser.post("sign-out")) == "ok"


async def test_a_password_that_another_chose_must_be_changed_first(office: Office) -> None:
    await office.accounts.set_password("h001", NEW, office.now, by="a002")
    browser = office.browser()
    assert (await browser.sign_in("h001", NEW)).json()["password_due"] is True
    assert code_of(await browser.get("probe")) == "password_due"


async def test_office_and_terminals_share_one_lock(office: Office) -> None:
    terminal = office.current.model.terminal("station-main")
    assert terminal is not None
    browser = office.browser()
    for _ in range(MAX_FAILED - 1):
        assert code_of(await browser.sign_in("h001", "wrong")) == "sign_in_refused"
    with pytest.raises(Exception, match="sign_in_refused"):
        await office.accounts.sign_in(terminal, "h001", "wrong", office.now)
    answer = await browser.sign_in("h001")
    assert code_of(answer) == "sign_in_locked"
    assert answer.headers["retry-after"] == str(LOCK_MS // 1000)
    with pytest.raises(Exception, match="sign_in_locked"):
        await office.accounts.sign_in(terminal, "h001", PASSWORD, office.now)
    office.now += LOCK_MS
    assert code_of(await browser.sign_in("h001")) == "ok"


async def test_refused_tries_are_told_without_what_was_typed(office: Office) -> None:
    browser = office.browser()
    await browser.sign_in("My-Passw0rd", "My-Passw0rd")
    await browser.sign_in("h001", "My-Passw0rd")
    detail = {"place": "office", "way": "password", "code": "sign_in_refused"}
    assert await office.lines() == [
        ("sign_in", "refused", None, None, detail),
        ("sign_in", "refused", "h001", None, detail),
    ]
    async with office.database.session() as session:
        rows = (await session.execute(text("SELECT * FROM audit_lines"))).all()
    assert "Passw0rd" not in str(rows)


async def test_an_address_that_guesses_many_numbers_is_stopped(office: Office) -> None:
    browser = office.browser()
    for n in range(30):
        assert code_of(await browser.sign_in(f"x{n}", "wrong")) == "sign_in_refused"
    assert code_of(await browser.sign_in("a001")) == "too_many_tries"
    assert code_of(await office.browser(address="10.0.0.8").sign_in("a001")) == "ok"
    assert len(await office.lines("sign_in")) == 31  # what is not even looked at fills no trail
    office.now += MINUTE
    assert code_of(await browser.sign_in("a001")) == "ok"


async def test_a_second_sign_in_replaces_the_first_and_its_token(office: Office) -> None:
    browser = await office.signed_in("a001")
    first = browser.client.cookies["wardline_office"]
    await browser.sign_in("a003")
    assert browser.client.cookies["wardline_office"] != first
    other = office.browser()
    other.client.cookies.set("wardline_office", first)
    assert code_of(await other.get("me")) == "signed_out"


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 10_000, "ä" * 43, "' OR 1=1 --"])
async def test_made_up_tokens_open_nothing(office: Office, token: str) -> None:
    await office.signed_in("a001")
    browser = office.browser()
    headers = {"Cookie": f"wardline_office={token}".encode()}
    answer = await browser.client.get("/api/office/me", headers=headers)  # type: ignore[arg-type]
    assert code_of(answer) == "signed_out"


async def test_sessions_are_listed_and_ended(office: Office) -> None:
    security, head, head_too = [await office.signed_in(number) for number in ("a002", "h001", "h001")]
    office.now += MINUTE
    every = (await security.get("sessions")).json()["sessions"]
    assert sorted(one["staff"] for one in every) == ["a002", "h001", "h001"]
    assert [one["staff"] for one in every if one["current"]] == ["a002"]
    own = (await head.get("sessions")).json()["sessions"]
    assert {one["staff"] for one in own} == {"h001"}
    assert own[0]["staff_name"] == "顾云溪"
    foreign = next(one["id"] for one in every if one["staff"] == "a002")
    assert code_of(await head.send("DELETE", f"sessions/{foreign}")) == "not_found"
    (mine,) = [one["id"] for one in own if not one["current"]]
    assert code_of(await head.send("DELETE", f"sessions/{mine}")) == "ok"
    assert code_of(await head_too.get("me")) == "signed_out"
    (left,) = [one["id"] for one in own if one["current"]]
    assert code_of(await security.send("DELETE", f"sessions/{left}")) == "ok"
    assert code_of(await head.get("me")) == "signed_out"
    assert code_of(await security.send("DELETE", f"sessions/{left}")) == "not_found"
    assert [line[2:4] for line in await office.lines("session_end")] == [("h001", "h001"), ("a002", "h001")]


async def test_old_sessions_are_forgotten(office: Office) -> None:
    await office.signed_in("a001")
    assert await office.sessions.count(office.now) == 1
    await office.sessions.forget_old(office.now)
    assert await office.sessions.count(office.now) == 1
    await office.sessions.forget_old(office.now + WHOLE_MS + 1)
    assert await office.sessions.count(office.now) == 0
