"""What a ward hub may at the hospital's hub, and what its token does not open. UP1, UP2, UP6."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from ward_hub.access.gate import WardGate
from ward_hub.access.hubs import UPSTREAM, WARD_HUB, OtherHub
from ward_hub.access.policy import access
from ward_hub.access.port import Access, AccessRefused
from ward_hub.access.presence import check_presence
from ward_hub.access.view import Place, WardView
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.documents.names import parse_document
from ward_hub.edge.errors import WardError
from ward_hub.edge.identity_api import bearer
from ward_hub.identity.errors import IdentityRefused
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.tokens import TERMINAL_LIFE_MS, Tokens
from ward_hub.upstream import hubs

from tests.backend.ward import NOW, Device, read_model, standard_ward

BOX = OtherHub("hub:box", WARD_HUB, frozenset({"w"}), b"key")
VIEW = WardView(
    rooms=frozenset({("w", "r1"), ("v", "r1")}),
    beds=frozenset({("w", "b1"), ("v", "b1")}),
    wards=frozenset({"w", "v"}),
    stays={"s1": frozenset({Place("w", "b1")}), "s2": frozenset({Place("v", "b1")})},
    departed={"gone": "w", "away": "v"},
)
READ = Access(read=True)
BRING = Access(read=True, write=True, vouched=True)
TABLE: dict[str, Access | None] = {
    "hospital/settings": READ,
    "ward/w/settings": READ,
    "ward/w/directory": READ,
    "ward/w/bed/b1/directory": READ,
    "ward/w/presence": Access(read=True, announce=True),
    "ward/w/room/r1/calls": Access(read=True, facts=True),
    "ward/w/calls": Access(read=True, facts=True),
    "ward/w/beds": READ,
    "ward/w/room/r1/door": READ,
    "ward/w/board": READ,
    "ward/w/memos/2026-11": BRING,
    "ward/w/handover/2026-11-20/day": BRING,
    "ward/w/terminal/bed-b1/device": READ,
    "ward/w/reach": READ,
    "stay/s1/card": READ,
    "stay/s1/clinical": READ,
    "stay/s1/notes": BRING,
    "stay/gone/notes": BRING,
    "stay/gone/card": None,
    "stay/s2/card": None,
    "stay/s2/notes": None,
    "stay/away/notes": None,
    "ward/v/settings": None,
    "ward/v/directory": None,
    "ward/v/presence": None,
    "ward/v/room/r1/calls": None,
    "ward/v/calls": None,
    "ward/v/memos/2026-11": None,
    "ward/v/handover/2026-11-20/day": None,
    "ward/w/room/r9/calls": None,
}


@pytest.mark.parametrize("document", TABLE)
def test_a_ward_hub_has_its_wards_and_nothing_else(document: str) -> None:
    name = parse_document(document)
    assert name is not None
    assert access(BOX.principal(NOW), name, VIEW) == TABLE[document]


def test_on_the_ward_the_hub_above_writes_everything() -> None:
    above = OtherHub("hub:upstream", UPSTREAM, frozenset({"w"})).principal(NOW)
    for document in ("ward/w/directory", "ward/w/room/r1/calls", "ward/w/memos/2026-11", "stay/s1/card"):
        name = parse_document(document)
        assert name is not None
        found = access(above, name, VIEW)
        assert found is not None
        assert found.write
        assert found.vouched
        assert not found.facts


STATE: dict[str, Any] = {"terminal": "bed-b1", "kind": "bedside", "layer": 1, "version": "1", "sound": "ok"}


def test_it_speaks_for_terminals_in_its_own_wards_presence() -> None:
    """UP6: whose state it is, the state says; terminals speak for themselves alone."""
    assert check_presence(BOX.principal(NOW), "ward/w/presence", STATE)
    assert not check_presence(BOX.principal(NOW), "ward/v/presence", STATE)
    assert not check_presence(BOX.principal(NOW), "ward/w/presence", {**STATE, "kind": "hub"})
    assert not check_presence(BOX.principal(NOW), "ward/w/presence", {**STATE, "more": 1})


async def test_a_code_binds_one_key_and_a_revoked_hub_is_nobody(tmp_path: Path) -> None:
    """UP1."""
    async with standard_ward(tmp_path) as database:
        await database.upgrade()
        known = hubs.WardHubs(database)
        current = CurrentDirectory(await read_model(database))
        tokens = Tokens(b"s" * 32, "here")
        gate = WardGate(tokens, StaffSessions(database), current, lambda: NOW, {}, known)
        with pytest.raises(hubs.NotAdded, match="no-such-ward"):
            async with database.session.begin() as session:
                await hubs.add(session, "box", ["no-such-ward"], NOW)
        async with database.session.begin() as session:
            code = await hubs.add(session, "box", [WARD], NOW)
        point = Device().point
        for when, key in ((NOW + hubs.CODE_LIFE_MS, point), (NOW, b"\x04" + b"x" * 64)):
            with pytest.raises(IdentityRefused):
                await hubs.enrol(database, code, key, when)
        await hubs.enrol(database, code, point, NOW)
        await hubs.enrol(database, code, point, NOW)  # the first answer was lost
        with pytest.raises(IdentityRefused):
            await hubs.enrol(database, code, Device().point, NOW)
        with pytest.raises(hubs.NotAdded):
            async with database.session.begin() as session:
                await hubs.add(session, "box", [WARD], NOW)

        assert await known.look() == frozenset()
        token = tokens.issue_hub("hub:box", point, NOW)
        assert token.expires_at == NOW + TERMINAL_LIFE_MS
        principal = gate.authenticate(token.token)
        assert (principal.kind, principal.wards, principal.ward) == (WARD_HUB, frozenset({WARD}), "")
        assert gate.access(principal, f"ward/{WARD}/calls").facts
        with pytest.raises(AccessRefused):
            gate.access(principal, "ward/other/calls")
        # Another key under the same name opens nothing.
        with pytest.raises(AccessRefused, match="revoked"):
            gate.authenticate(tokens.issue_hub("hub:box", Device().point, NOW).token)
        with pytest.raises(WardError) as refused:
            bearer(_request(token.token), gate)
        assert refused.value.code == "token_invalid"

        async with database.session.begin() as session:
            await hubs.revoke(session, "box", NOW)
        assert await known.look() == {"hub:box"}
        with pytest.raises(AccessRefused, match="revoked"):
            gate.authenticate(token.token)
        with pytest.raises(AccessRefused, match="revoked"):
            gate.access(principal, f"ward/{WARD}/calls")
        with pytest.raises(IdentityRefused):
            await hubs.enrol(database, code, point, NOW)


def _request(token: str) -> Request:
    return Request({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]})
