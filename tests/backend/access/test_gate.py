"""The gate trusts the directory of now more than any token: who was revoked or moved loses rights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ward_hub.access.gate import WardGate
from ward_hub.access.port import AccessRefused, Gate
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import Terminal, TerminalState
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.tokens import STAFF_LIFE_MS, TERMINAL_LIFE_MS, Tokens

from tests.backend.ward import NOW, Device, enrolled, read_model, standard_ward


@dataclass
class Hub:
    database: Database
    current: CurrentDirectory
    tokens: Tokens
    sessions: StaffSessions
    gate: Gate
    departed: dict[str, str]
    now: int = NOW

    def terminal(self, terminal: str) -> Terminal:
        found = self.current.terminal(terminal)
        assert found is not None
        return found

    def change(self, terminal: Terminal) -> None:
        model = self.current.model
        ward = model.wards[WARD]
        ward = replace(ward, terminals={**ward.terminals, terminal.id: terminal})
        self.current.replace_model(replace(model, wards={WARD: ward}))

    async def staff_token(self, staff: str, terminal: str) -> str:
        session = await self.sessions.begin(staff, terminal, self.now)
        person = self.current.model.wards[WARD].staff[staff]
        return self.tokens.issue_staff(self.terminal(terminal), person, session.id, self.now).token


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with standard_ward(tmp_path) as database:
        for terminal in ("bed-b01", "pda-01", "station-main"):
            await enrolled(database, terminal, Device())
        current = CurrentDirectory(await read_model(database))
        current.set_occupancy(WARD, {"b01": "s1", "b02": "s2"})
        tokens = Tokens(b"s" * 32, "here")
        sessions = StaffSessions(database)
        departed: dict[str, str] = {}
        gate = WardGate(tokens, sessions, current, lambda: made.now, departed)
        made = Hub(database, current, tokens, sessions, gate, departed)
        yield made


def refusal(hub: Hub, token: str) -> str:
    with pytest.raises(AccessRefused) as refused:
        hub.gate.authenticate(token)
    return refused.value.reason


async def test_a_token_opens_what_the_policy_allows_and_nothing_else(hub: Hub) -> None:
    principal = hub.gate.authenticate(hub.tokens.issue(hub.terminal("bed-b01"), NOW).token)
    assert (principal.terminal, principal.kind, principal.ward) == ("bed-b01", "bedside", WARD)
    assert (principal.room, principal.bed, principal.staff) == ("r01", "b01", None)
    assert hub.gate.access(principal, "stay/s1/card").read
    assert hub.gate.access(principal, f"ward/{WARD}/room/r01/calls").facts
    for document in ("stay/s2/card", f"ward/{WARD}/board", "no/such/document", "", "stay/s1/card/"):
        with pytest.raises(AccessRefused, match="permission-denied"):
            hub.gate.access(principal, document)


async def test_days_far_away_have_no_handover(hub: Hub) -> None:
    """Whoever may read handovers cannot make documents of every day there is."""
    station = hub.gate.authenticate(hub.tokens.issue(hub.terminal("station-main"), NOW).token)
    today = datetime.fromtimestamp(NOW / 1000, UTC)
    for days, near in ((0, True), (-399, True), (7, True), (-402, False), (9, False)):
        day = (today + timedelta(days=days)).date().isoformat()
        document = f"ward/thoracic/handover/{day}/day"
        if near:
            assert hub.gate.access(station, document).read
        else:
            with pytest.raises(AccessRefused):
                hub.gate.access(station, document)


async def test_tokens_of_others_or_of_yesterday_are_refused(hub: Hub) -> None:
    """Who had one asks for a new one; who never had one hears what an unknown document hears (AU3)."""
    bedside = hub.terminal("bed-b01")
    good = hub.tokens.issue(bedside, NOW)
    assert good.expires_at == NOW + TERMINAL_LIFE_MS
    for bad in (
        "",
        "a.b.c",
        good.token[:-2],
        Tokens(b"x" * 32, "here").issue(bedside, NOW).token,
        Tokens(b"s" * 32, "elsewhere").issue(bedside, NOW).token,
        "a" * 5000,
    ):
        assert refusal(hub, bad) == "permission-denied"
    hub.now = good.expires_at - 1
    hub.gate.authenticate(good.token)
    hub.now += 1
    assert refusal(hub, good.token) == "expired"
    assert refusal(hub, good.token[:-2]) == "permission-denied"


async def test_an_unsigned_token_is_refused(hub: Hub) -> None:
    import base64
    import json

    header, body, _ = hub.tokens.issue(hub.terminal("bed-b01"), NOW).token.split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    assert refusal(hub, f"{none}.{body}.") == "permission-denied"
    assert refusal(hub, f"{header}.{body}.") == "permission-denied"


@pytest.mark.parametrize("why", ["revoked", "replaced", "gone"])
async def test_a_terminal_that_lost_its_key_loses_everything_at_once(hub: Hub, why: str) -> None:
    bedside = hub.terminal("bed-b01")
    token = hub.tokens.issue(bedside, NOW).token
    principal = hub.gate.authenticate(token)
    if why == "revoked":
        hub.change(replace(bedside, state=TerminalState.REVOKED, public_key=None))
    elif why == "replaced":
        hub.change(replace(bedside, public_key=Device().point))
    else:
        hub.current.replace_model(replace(hub.current.model, wards={}))
    assert refusal(hub, token) == "revoked"
    if why != "replaced":  # its open sockets are cut by the projector: a principal carries no key
        with pytest.raises(AccessRefused, match="revoked"):
            hub.gate.access(principal, "hospital/settings")


async def test_a_terminal_that_hangs_elsewhere_must_come_anew(hub: Hub) -> None:
    bedside = hub.terminal("bed-b01")
    token = hub.tokens.issue(bedside, NOW).token
    principal = hub.gate.authenticate(token)
    hub.change(replace(bedside, bed="b02"))
    with pytest.raises(AccessRefused, match="permission-denied"):
        hub.gate.access(principal, "stay/s1/card")
    anew = hub.gate.authenticate(token)
    assert anew.bed == "b02"
    assert hub.gate.access(anew, "stay/s2/card").read


async def test_a_person_adds_rights_that_end_with_the_session(hub: Hub) -> None:
    token = await hub.staff_token("n001", "pda-01")
    signed_in = hub.gate.authenticate(token)
    assert (signed_in.staff, signed_in.role) == ("n001", "nurse")
    assert hub.gate.access(signed_in, "stay/s1/notes").write
    await hub.sessions.end("pda-01", NOW)
    assert refusal(hub, token) == "expired"
    with pytest.raises(AccessRefused, match="permission-denied"):
        hub.gate.access(signed_in, "stay/s1/notes")
    assert hub.gate.access(signed_in, f"ward/{WARD}/calls").facts, "calls never wait for a sign-in"


async def test_the_next_person_ends_the_session_of_the_one_before(hub: Hub) -> None:
    first = await hub.staff_token("n001", "pda-01")
    principal = hub.gate.authenticate(first)
    second = await hub.staff_token("n002", "pda-01")
    assert refusal(hub, first) == "expired"
    assert hub.gate.authenticate(second).staff == "n002"
    with pytest.raises(AccessRefused):
        hub.gate.access(principal, "stay/s1/notes")


async def test_sessions_outlive_a_restart_and_end_in_time(hub: Hub) -> None:
    token = await hub.staff_token("n001", "pda-01")
    restarted = StaffSessions(hub.database)
    await restarted.load(NOW)
    gate = WardGate(hub.tokens, restarted, hub.current, lambda: hub.now)
    principal = gate.authenticate(token)
    assert principal.staff == "n001"
    hub.now += STAFF_LIFE_MS
    with pytest.raises(AccessRefused, match="expired"):
        gate.authenticate(token)
    with pytest.raises(AccessRefused):
        gate.access(principal, "stay/s1/notes")


async def test_people_who_left_the_house_are_nobody(hub: Hub) -> None:
    token = await hub.staff_token("n001", "station-main")
    principal = hub.gate.authenticate(token)
    model = hub.current.model
    ward = model.wards[WARD]
    gone = replace(ward.staff["n001"], active=False)
    hub.current.replace_model(replace(model, wards={WARD: replace(ward, staff={**ward.staff, "n001": gone})}))
    assert refusal(hub, token) == "expired"
    with pytest.raises(AccessRefused):
        hub.gate.access(principal, "stay/s1/notes")
    assert hub.gate.access(principal, "stay/s1/card").read, "the station itself still reads"


async def test_occupancy_and_late_notes_are_read_as_they_are_now(hub: Hub) -> None:
    principal = hub.gate.authenticate(await hub.staff_token("n001", "station-main"))
    assert hub.gate.access(principal, "stay/s1/notes").write
    hub.current.set_occupancy(WARD, {"b01": None})
    with pytest.raises(AccessRefused):
        hub.gate.access(principal, "stay/s1/notes")
    hub.departed["s1"] = WARD
    assert hub.gate.access(principal, "stay/s1/notes").write
    with pytest.raises(AccessRefused):
        hub.gate.access(principal, "stay/s1/card")
