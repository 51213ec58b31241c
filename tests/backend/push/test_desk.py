"""Push put together over the standard ward: from a fact in the log to a push on its way, and back again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pycrdt import Array, Doc
from ward_hub.access.port import Access, Principal
from ward_hub.calls.call_types import load_call_types
from ward_hub.calls.directories import WardDirectories
from ward_hub.calls.entry import Entry
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import TerminalKind
from ward_hub.doc_rooms.publish import publish_edit
from ward_hub.documents import names
from ward_hub.documents.port import Roots, values_of
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.identity.tokens import key_mark
from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import StorageFull
from ward_hub.push.carrier import Carrier, Message, Outcome, Sent
from ward_hub.push.desk import GRACE_MS, PushDesk
from ward_hub.push.endpoints import EndpointRefused
from ward_hub.push.notices import State
from ward_hub.push.reach import PROBE_S
from ward_hub.push.subscriptions import Subscription
from ward_hub.push.web_push import WebPush
from ward_hub.settings import Settings
from ward_sync.facts import Act, decode_wire

from tests.backend.push.test_web_push import Browser
from tests.backend.ward import NOW, Device, enrolled, read_model, standard_ward
from tests.helpers.signing import Signer

T = TypeVar("T")
WARD = "thoracic"
CALL_TYPES = load_call_types()
LISTED = "https://push.example/up/"
_IDS = (f"{number:032x}" for number in count(1))
"""Of all desks: one that starts again makes none that was made before."""


class FakeGate:
    """Everybody may speak at their own device document."""

    def authenticate(self, token: str) -> Principal:
        raise AssertionError(token)

    def access(self, principal: Principal, document: str) -> Access:
        return Access(read=True)


class FakeDocuments:
    """Documents in memory; who is connected can be set."""

    def __init__(self) -> None:
        self.docs: dict[str, Doc[Any]] = {}
        self.here: set[str] = set()
        self.full = False
        self.told: list[tuple[str, dict[str, Any]]] = []

    def doc(self, document: str) -> Doc[Any]:
        return self.docs.setdefault(document, Doc())

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T:
        return look(self.doc(document))

    async def publish(self, document: str, roots: Roots) -> None:
        if self.full:
            raise StorageFull
        publish_edit(roots)(self.doc(document))

    def terminals_anywhere(self) -> frozenset[str]:
        return frozenset(self.here)

    def send_stateless(self, document: str, terminal: str, payload: str) -> bool:
        if terminal in self.here:
            self.told.append((terminal, json.loads(payload)))
        return terminal in self.here


class FakeCarrier:
    """Takes everything."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def send(self, subscription: Subscription, message: Message) -> Outcome:
        self.sent.append((subscription.terminal, json.loads(message.text)))
        return Sent()


def desk_of(
    database: Database,
    current: CurrentDirectory,
    settings: Settings,
    documents: FakeDocuments,
    clock: Callable[[], int],
    store: MemoryLog | None = None,
    carrier: Callable[[WebPush], Carrier] = lambda own: own,
    line: DeviceLine | None = None,
) -> PushDesk:
    if line is None:
        line = DeviceLine(FakeGate())
        line.attach(documents)
    return PushDesk(
        database=database,
        store=store or MemoryLog(),
        documents=documents,
        current=current,
        directory=WardDirectories(current, CALL_TYPES, clock).of,
        call_types=CALL_TYPES,
        line=line,
        settings=settings,
        clock=clock,
        carrier=carrier,
        new_id=lambda: next(_IDS),
    )


class Speaker:
    """A PDA's page at its device document."""

    def __init__(self, terminal: str, kind: str = "pda") -> None:
        self.principal = Principal(terminal, kind, WARD, None, None, None, None, 2**53 - 1)


class Bench:
    """A desk with everything it stands on; time is a value."""

    def __init__(self, database: Database, current: CurrentDirectory, folder: Path) -> None:
        self.now = NOW
        self.database = database
        self.current = current
        self.settings = Settings(data=folder, push_endpoints=LISTED, push_contact="mailto:it@ward.example")
        self.documents = FakeDocuments()
        self.store = MemoryLog()
        self.carrier = FakeCarrier()
        self.bedside = Signer("bed-b01")
        self.station = Signer("station-main")
        self.start()

    def start(self) -> None:
        """A hub's process begins."""
        self.line = DeviceLine(FakeGate())
        self.line.attach(self.documents)
        self.desk = desk_of(
            self.database,
            self.current,
            self.settings,
            self.documents,
            lambda: self.now,
            self.store,
            lambda _own: self.carrier,
            self.line,
        )

    async def load(self) -> None:
        await self.desk.load()
        self.now += GRACE_MS

    async def subscribe(self, pda: str = "pda-01", endpoint: str = "one") -> None:
        key = self.current.terminals[pda].public_key
        assert key is not None
        given = Browser().subscription(f"{LISTED}{pda}/{endpoint}")
        made = Subscription(pda, key_mark(key), given.endpoint, given.p256dh, given.auth, "zh")
        await self.desk.subscribe(Speaker(pda).principal, made)

    async def take(self, *facts: tuple[Signer, dict[str, Any]]) -> list[str]:
        """The hub takes facts; returns their ids."""
        ids = []
        for signer, keys in facts:
            wire = signer.make(**{"at": self.now, **keys})
            entry = Entry(wire, decode_wire(wire), self.now, False)
            document = names.calls(WARD, "r01")
            self.documents.doc(document).get("facts", type=Array).append(entry.to_item())
            await self.store.append([entry.to_record(document)])
            ids.append(entry.id)
        return ids

    async def look(self) -> list[tuple[str, str]]:
        """One round; returns what was sent by it."""
        before = len(self.carrier.sent)
        await self.desk.look()
        await self.desk.sender.settled()
        return [(pda, content["do"]) for pda, content in self.carrier.sent[before:]]

    async def say(self, pda: str, message: dict[str, Any], kind: str = "pda") -> list[str]:
        return await self.line.handle(Speaker(pda, kind), names.device(WARD, pda), json.dumps(message))

    def reach(self) -> dict[str, Any]:
        found: dict[str, Any] = values_of(self.documents.doc(names.reach(WARD)), "pdas")
        return found


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with standard_ward(tmp_path) as database:
        for pda in ("pda-01", "pda-02"):
            await enrolled(database, pda, Device())
        made = Bench(database, CurrentDirectory(await read_model(database)), tmp_path)
        await made.load()
        yield made
        await made.desk.close()


PRESS: dict[str, Any] = {"act": Act.PLACED, "source": "bed:b01", "type": "patient"}


def over(calls: Sequence[str]) -> dict[str, Any]:
    return {"act": Act.CLEARED, "calls": tuple(calls), "policy": "tender", "way": "remote"}


async def test_a_call_is_pushed_once_and_taken_back_when_it_is_over(bench: Bench) -> None:
    await bench.subscribe()
    assert await bench.look() == []
    calls = await bench.take((bench.bedside, PRESS))
    assert await bench.look() == [("pda-01", "show")]
    assert bench.carrier.sent[0][1]["title"] == "1床 呼叫"
    assert await bench.look() == []
    bench.now += 5_000
    await bench.take((bench.station, over(calls)))
    assert await bench.look() == [("pda-01", "close")]
    assert await bench.look() == []


async def test_nobody_is_pushed_to_whose_screen_is_open_until_it_is_put_away(bench: Bench) -> None:
    await bench.subscribe()
    bench.documents.here = {"pda-01"}
    assert await bench.say("pda-01", {"t": "visible", "on": True}) == []
    await bench.take((bench.bedside, PRESS))
    assert await bench.look() == []
    await bench.say("pda-01", {"t": "visible", "on": False})
    assert await bench.look() == [("pda-01", "show")]
    await bench.say("pda-01", {"t": "visible", "on": True})
    assert await bench.look() == []
    bench.documents.here = set()  # the page died, or its network did
    assert await bench.look() == [("pda-01", "show")]


async def test_a_restart_neither_loses_nor_doubles_and_waits_for_open_screens(bench: Bench) -> None:
    await bench.subscribe()
    calls = await bench.take((bench.bedside, PRESS))
    await bench.look()
    await bench.desk.close()
    bench.start()
    await bench.desk.load()
    bench.now += GRACE_MS - 1
    await bench.take((bench.bedside, {**PRESS, "type": "emergency"}))
    assert await bench.look() == []
    bench.now += 1
    assert await bench.look() == [("pda-01", "show")]
    await bench.desk.close()
    await bench.take((bench.station, over(calls)))
    bench.start()
    await bench.load()
    assert await bench.look() == [("pda-01", "close")]


async def test_who_is_revoked_replaced_or_not_a_pda_any_more_hears_nothing(bench: Bench) -> None:
    await bench.subscribe()
    await bench.subscribe("pda-02")
    await enrolled(bench.database, "pda-01", Device(), NOW + 1)
    bench.current.replace_model(await read_model(bench.database))
    await bench.take((bench.bedside, {**PRESS, "type": "emergency"}))
    bench.now += 61_000
    assert {pda for pda, _ in await bench.look()} == {"pda-02"}
    assert bench.desk.subscriptions.of("pda-01") is None
    assert bench.current.terminals["pda-02"].kind is TerminalKind.PDA


async def test_a_new_subscription_is_told_what_the_old_one_was(bench: Bench) -> None:
    await bench.subscribe()
    await bench.take((bench.bedside, PRESS))
    assert await bench.look() == [("pda-01", "show")]
    await bench.subscribe(endpoint="two")
    assert await bench.look() == [("pda-01", "show")]


async def test_an_endpoint_that_is_not_listed_is_refused(bench: Bench) -> None:
    given = Browser().subscription("https://evil.example/x")
    with pytest.raises(EndpointRefused):
        await bench.desk.subscribe(Speaker("pda-01").principal, given)
    assert not bench.desk.subscriptions.all()
    info = bench.desk.info
    assert (info.others, info.subscribed, info.connected) == (True, 0, 0)


async def test_a_page_may_say_that_a_push_was_seen(bench: Bench) -> None:
    await bench.subscribe()
    await bench.take((bench.bedside, PRESS))
    await bench.look()
    (notice,) = bench.desk.notices.of("pda-01").values()
    assert (notice.state, notice.seen_at) == (State.SENT, None)
    await bench.say("pda-01", {"t": "push_seen", "id": notice.receipt})
    (notice,) = bench.desk.notices.of("pda-01").values()
    assert notice.seen_at == bench.now


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"t": "visible"}, "pda"),
        ({"t": "visible", "on": 1}, "pda"),
        ({"t": "visible", "on": True, "x": 1}, "pda"),
        ({"t": "visible", "on": True}, "bedside"),
        ({"t": "push_seen", "id": 5}, "pda"),
        ({"t": "probed"}, "pda"),
    ],
)
async def test_frames_are_read_strictly(bench: Bench, message: dict[str, Any], kind: str) -> None:
    (answer,) = await bench.say("pda-01", message, kind)
    assert json.loads(answer)["t"] == "error"


async def test_a_pda_that_answers_no_probes_is_published_until_it_does(bench: Bench) -> None:
    """A14."""
    bench.documents.here = {"pda-01", "pda-02"}

    async def minute(*answering: str) -> None:
        bench.documents.told.clear()
        await bench.desk.probe()
        for pda, message in bench.documents.told:
            assert message["t"] == "probe"
            if pda in answering:
                await bench.say(pda, {"t": "probed", "id": message["id"]})
        bench.now += round(PROBE_S * 1000)

    await minute("pda-01", "pda-02")
    since = bench.now
    for _ in range(3):
        await minute("pda-02")
        assert bench.reach() == {}
    await minute("pda-02")
    assert bench.reach() == {"pda-01": {"since": since, "missed": 3}}
    assert [bench.desk.reachable(pda) for pda in ("pda-01", "pda-02", "nobody")] == [False, True, None]
    bench.start()  # a restart forgets nobody
    await bench.load()
    await minute("pda-02")
    assert set(bench.reach()) == {"pda-01"}
    bench.documents.full = True
    await minute("pda-01", "pda-02")
    bench.documents.full = False
    await minute("pda-01", "pda-02")
    assert bench.reach() == {}
    assert bench.carrier.sent == []  # never by a push


async def test_who_is_not_on_duty_is_not_probed(bench: Bench) -> None:
    on_duty = {turn.pda for turn in bench.current.model.wards[WARD].duty}
    assert "pda-01" in on_duty
    bench.documents.here = {"pda-01", "pda-02", "station-main", "bed-b01"}
    await bench.desk.probe()
    assert {pda for pda, _ in bench.documents.told} <= on_duty & {"pda-01", "pda-02"}
