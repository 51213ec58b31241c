"""PDA push put together: each second what the call lists want is compared with what PDAs have been told; each
minute the PDAs on duty are probed. Only this module knows how the parts are joined.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pycrdt import Doc
from sqlalchemy import select
from ward_sync.directory import Directory

from ward_hub.access.port import Principal
from ward_hub.calls.tables import JournalCursor
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import TerminalKind, TerminalState
from ward_hub.documents import names
from ward_hub.documents.port import Json, Roots, values_of
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.identity.tokens import key_mark
from ward_hub.log.port import BEGINNING, Cursor, Log, LogUnavailable, StorageFull
from ward_hub.push import policy
from ward_hub.push.boards import WardBoards
from ward_hub.push.carrier import Carrier
from ward_hub.push.endpoints import AllowList
from ward_hub.push.keys import load_push_key
from ward_hub.push.notices import Notices
from ward_hub.push.reach import PROBE_S as PROBE_S
from ward_hub.push.reach import Reach
from ward_hub.push.sender import Sender
from ward_hub.push.service.service import PushService
from ward_hub.push.service.store import ServiceStore
from ward_hub.push.subscriptions import Subscription, Subscriptions
from ward_hub.push.web_push import WebPush
from ward_hub.push.words import Language
from ward_hub.settings import Settings

LOOK_S = 1.0
"""The socket rings at once; a push has a second's leave."""
GRACE_MS = 10_000
"""After a start nobody is pushed to for this long: open screens come back and say that they are."""

log = logging.getLogger(__name__)
T = TypeVar("T")


class Documents(Protocol):
    """What push needs of the host of doc rooms."""

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T: ...

    async def publish(self, document: str, roots: Roots) -> None: ...

    def terminals_anywhere(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class PushInfo:
    """Of the system page. The hub's own service is always there: `connected` phones hold a line to it now;
    `subscribed` PDAs can be pushed to, by whichever service; `others`: other push services may be used.
    """

    others: bool
    subscribed: int
    connected: int


class PushDesk:
    """Push of one hub. `load` before the port is opened, then `look` and `probe` again and again."""

    def __init__(
        self,
        *,
        database: Database,
        store: Log,
        documents: Documents,
        current: CurrentDirectory,
        directory: Callable[[str], Directory | None],
        call_types: Mapping[str, Json],
        line: DeviceLine,
        settings: Settings,
        clock: Callable[[], int],
        carrier: Callable[[WebPush], Carrier] = lambda own: own,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
        holds: Callable[[str], bool] | None = None,
    ) -> None:
        """`directory`: ward → its directory as the fold reads it; `clock` gives ms; `carrier` may put
        something in place of the network; `holds`: whether pushing to a ward's PDAs is this hub's now,
        None for a hub that is alone.

        Raises ValueError for a prefix of `settings.push_endpoints` that is none, and what `load_push_key`
        raises.
        """
        key = load_push_key(settings.key_folder)
        allowed = AllowList(settings.push_endpoints)
        self.public_key = key.public
        self.service = PushService(ServiceStore(database), key, clock)
        self._network = WebPush(key, self.service, allowed, settings.push_contact, clock)
        self._others = bool(allowed) and bool(settings.push_contact)
        self.subscriptions = Subscriptions(database)
        self.notices = Notices(database)
        self._holds = holds
        self.sender = Sender(
            self.notices, self.subscriptions, carrier(self._network), clock, may_send=self._is_ours
        )
        self._boards = WardBoards(store, documents, directory, lambda: _newest(database))
        self._documents = documents
        self._current = current
        self._call_types = call_types
        self._line = line
        self._clock = clock
        self._new_id = new_id
        self._quiet_until = 0
        self._visible: set[str] = set()
        self._reach: dict[str, Reach] = {}
        self._shown: dict[str, Mapping[str, Json]] = {}
        line.on("visible", self._on_visible)
        line.on("push_seen", self._on_seen)
        line.on("probed", self._on_probed)

    async def load(self) -> None:
        """Read what is kept. After the directory has been."""
        await self.service.load()
        await self.subscriptions.load()
        await self.notices.load()
        self._quiet_until = self._clock() + GRACE_MS

    async def close(self) -> None:
        """Stop sending and let go of sockets, connections and threads. What waits is in SQL."""
        self.service.close()
        await self.sender.close()
        await self._network.close()

    @property
    def info(self) -> PushInfo:
        return PushInfo(self._others, len(self.subscriptions.all()), self.service.connected)

    # What terminals ask for

    def reachable(self, terminal: str) -> bool | None:
        """Whether a PDA answers the hub's probes; None for other terminals, and where none was sent yet."""
        known = self._current.terminal(terminal)
        if known is None or known.kind is not TerminalKind.PDA or known.ward not in self._reach:
            return None
        return terminal not in self._reach[known.ward].unreachable()

    async def subscribe(self, who: Principal, given: Subscription) -> None:
        """Keep the PDA's subscription. Raises EndpointRefused."""
        self._network.check(given.endpoint)
        others = [
            held.terminal
            for held in self.subscriptions.all().values()
            if held.endpoint == given.endpoint and held.terminal != given.terminal
        ]
        if await self.subscriptions.put(given, self._clock()):
            # The new one has been told nothing yet.
            await self.notices.forget(given.terminal)
            log.info("%s can be pushed to", who.terminal)
        for terminal in others:
            await self.notices.forget(terminal)

    async def unsubscribe(self, terminal: str) -> None:
        """Forget the PDA's subscription."""
        if await self.subscriptions.drop(terminal):
            log.info("%s cannot be pushed to any more", terminal)
        await self.notices.forget(terminal)

    async def seen(self, receipt: str) -> bool:
        """A push arrived at its PDA; returns whether it was one of ours."""
        if await self.notices.seen(receipt, self._clock()):
            return True
        if self._holds is None:
            return False
        # Another hub may have sent it.
        await self.notices.load()
        return await self.notices.seen(receipt, self._clock())

    # Rounds

    async def look(self) -> None:
        """Compare what is wanted with what has been told, and have the difference sent."""
        now = self._clock()
        if not self._current.loaded or now < self._quiet_until:
            return
        if self._holds is not None:
            await self.subscriptions.load()
            await self.notices.load()
        await self._drop_strangers()
        here = self._documents.terminals_anywhere()
        self._visible &= here
        by_ward: dict[str, dict[str, Language]] = {}
        for terminal, subscription in self.subscriptions.all().items():
            ward = self._current.terminals[terminal].ward
            if self._holds is not None and not self._holds(ward):
                continue
            by_ward.setdefault(ward, {})[terminal] = subscription.language
        if not by_ward:
            return
        boards = await self._boards.read(by_ward, now)
        wanted: dict[str, Mapping[str, policy.Wanted]] = {}
        for ward, (board, directory) in boards.items():
            model = self._current.model.wards[ward]
            call_types = {**self._call_types, **_mapping(model.settings.get("call_types"))}
            wanted |= policy.wanted(board, directory, model, call_types, by_ward[ward], self._visible)
        for terminal in await self.notices.settle(wanted, self._visible, self._new_id, now):
            self.sender.wake(terminal)

    async def probe(self) -> None:
        """Probe every PDA on duty, and publish which have not answered (A14)."""
        now = self._clock()
        if not self._current.loaded:
            return
        for ward, model in self._current.model.wards.items():
            if self._holds is not None and not self._holds(ward):
                # Who takes over begins with what the document says.
                self._reach.pop(ward, None)
                continue
            on_duty = {
                turn.pda
                for turn in model.duty
                if turn.pda is not None and turn.covers(now) and self._is_active_pda(turn.pda, ward)
            }
            reach = await self._reach_of(ward)
            for pda, probe in reach.round(on_duty, lambda: self._new_id()[:16], now).items():
                self._line.tell(ward, pda, {"t": "probe", "id": probe})
            await self._publish(ward, reach)

    async def forget_old(self) -> None:
        """Forget what is too old; about once an hour."""
        await self.notices.forget_old(self._clock())
        await self.service.forget_old()

    # Frames of the device line

    async def _on_visible(self, who: Principal, message: Mapping[str, Any]) -> list[str]:
        if who.kind != TerminalKind.PDA:
            return ['{"t":"error","reason":"forbidden"}']
        if set(message) != {"t", "on"} or not isinstance(message["on"], bool):
            return ['{"t":"error","reason":"malformed"}']
        if message["on"]:
            self._visible.add(who.terminal)
        else:
            self._visible.discard(who.terminal)
        return []

    async def _on_seen(self, _who: Principal, message: Mapping[str, Any]) -> list[str]:
        if set(message) != {"t", "id"} or not isinstance(message["id"], str):
            return ['{"t":"error","reason":"malformed"}']
        await self.seen(message["id"])
        return []

    async def _on_probed(self, who: Principal, message: Mapping[str, Any]) -> list[str]:
        if set(message) != {"t", "id"} or not isinstance(message["id"], str):
            return ['{"t":"error","reason":"malformed"}']
        reach = self._reach.get(who.ward)
        if reach is not None and reach.answered(who.terminal, message["id"]):
            await self._publish(who.ward, reach)
        return []

    async def _reach_of(self, ward: str) -> Reach:
        """The ward's, begun with what its document says: a restart forgets nobody."""
        if ward not in self._reach:
            shown = await self._documents.read(names.reach(ward), lambda doc: values_of(doc, "pdas"))
            self._reach[ward] = Reach(shown)
            self._shown[ward] = shown
        return self._reach[ward]

    async def _publish(self, ward: str, reach: Reach) -> None:
        pdas = reach.unreachable()
        if pdas == self._shown.get(ward):
            return
        for pda in pdas.keys() - self._shown.get(ward, {}).keys():
            log.warning("%s answers no probes", pda)
        try:
            await self._documents.publish(names.reach(ward), {"pdas": pdas})
        except (StorageFull, LogUnavailable) as error:
            log.warning("who is not reachable in %s is not told: %s", ward, type(error).__name__)
            return
        self._shown[ward] = pdas

    async def _drop_strangers(self) -> None:
        """Whoever was revoked, replaced or moved to another use hears nothing more."""
        for terminal, subscription in list(self.subscriptions.all().items()):
            entry = self._current.terminal(terminal)
            key = entry.public_key if entry is not None and entry.state is TerminalState.ACTIVE else None
            right = entry is not None and entry.kind is TerminalKind.PDA and key is not None
            if not right or key is None or key_mark(key) != subscription.key_mark:
                log.info("%s may not be pushed to any more", terminal)
                await self.unsubscribe(terminal)

    def _is_ours(self, terminal: str) -> bool:
        entry = self._current.terminal(terminal)
        return self._holds is None or (entry is not None and self._holds(entry.ward))

    def _is_active_pda(self, terminal: str, ward: str) -> bool:
        entry = self._current.terminal(terminal)
        return (
            entry is not None
            and entry.kind is TerminalKind.PDA
            and entry.state is TerminalState.ACTIVE
            and entry.ward == ward
        )


async def _newest(database: Database) -> Cursor:
    """The journal's place in the log: never after its end."""
    async with database.session() as session:
        return await session.scalar(select(JournalCursor.place).where(JournalCursor.id == 1)) or BEGINNING


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
