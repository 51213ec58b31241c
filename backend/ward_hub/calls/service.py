"""Takes call facts from terminals: judged once, on disk, then told. The one writer of the calls documents.

A fact that is refused never blocks the others of its frame; a fact that could not be stored is neither taken
nor refused. What a call is, the fold says; what became of it, journal.py keeps.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from pycrdt import Array, Doc
from sqlalchemy.exc import SQLAlchemyError
from ward_sync.directory import Directory, TerminalEntry
from ward_sync.entitlement import judge
from ward_sync.facts import Act, FactBody, FactError, Reason, WireFact, decode_wire
from ward_sync.retention import KEPT_WITHOUT_CALL_MS, closing_facts, leaving

from ward_hub.access.port import AccessRefused, Gate, Principal
from ward_hub.calls.entry import Entry, read_item, read_record
from ward_hub.calls.press_limit import OpenPresses, PressLimit
from ward_hub.documents import names
from ward_hub.log.port import Log, LogUnavailable, Record, RecordKind, StorageFull

MAX_FACTS_A_FRAME = 32
MAX_OPEN_IDS = 256
"""A terminal has at most a ward's open calls to ask about: 46 beds and 26 rooms with room to spare."""
MISSED_AFTER_MS = 60 * 60 * 1000
"""A press this late whose terminal was heard in between arrives as a missed call."""

SIGN_IN_KINDS = frozenset({"station", "pda", "whiteboard"})
"""Where a person's name may stand under an act: nobody signs in at a door or a bed."""
_FACT_ID = re.compile(r"[0-9a-f]{32}")

log = logging.getLogger(__name__)
T = TypeVar("T")


class Sender(Protocol):
    """Who sent a frame."""

    @property
    def principal(self) -> Principal | None: ...


class Documents(Protocol):
    """What the service needs of the host of doc rooms."""

    async def edit(
        self, document: str, edit: Callable[[Doc[Any]], None], extra: Sequence[Record] = ()
    ) -> None: ...

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T: ...

    def broadcast_stateless(self, document: str, payload: str, but: Any = None) -> None: ...


class Archive(Protocol):
    """Where facts are found that left their document (journal.py)."""

    async def closing(self, calls: Sequence[str]) -> list[Entry]: ...

    async def naming(self, calls: Sequence[str]) -> list[Entry]: ...


class People(Protocol):
    """Who is signed in where (identity/sessions.py)."""

    async def stood_behind(self, staff: str, terminal: str, at: int, now: int) -> bool:
        """Whether the person is signed in at the terminal now, or was at `at` (ms)."""
        ...

    def extend(self, terminal: str, now: int) -> None:
        """An act of the terminal was taken."""
        ...


Verify = Callable[[bytes, bytes, bytes], bool]
"""(public point, 65 bytes; body; raw signature, 64 bytes) → whether it holds."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`id` is None when the fact could not be read. `lasting`: the same words will never be taken."""

    index: int
    id: str | None
    reason: Reason
    lasting: bool

    def to_json(self) -> dict[str, str | int | None]:
        return {"id": self.id, "index": self.index, "reason": self.reason.value}


class CallService:
    """The stateless frames of the calls documents (`facts`, `open`); see sync/SPEC.md, call facts."""

    def __init__(
        self,
        store: Log,
        gate: Gate,
        directory: Callable[[str], Directory | None],
        verify: Verify,
        archive: Archive,
        seen_between: Callable[[str, int, int], bool],
        clock: Callable[[], int],
        people: People | None = None,
    ) -> None:
        """`directory`: ward → its directory now; `seen_between(terminal, from, until)`: whether a session of
        the terminal ended in that span (ms). Without `people` the persons that acts name are believed."""
        self._store = store
        self._gate = gate
        self._directory = directory
        self._verify = verify
        self._archive = archive
        self._seen_between = seen_between
        self._clock = clock
        self._people = people
        self._presses = PressLimit()
        self._documents: Documents | None = None
        self._turn: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.refusals: Counter[str] = Counter()
        """Refused facts by reason since the start."""
        self.taken = 0
        """Facts taken from terminals since the start; repetitions do not count."""

    def attach(self, documents: Documents) -> None:
        """Give the service the documents it writes; before the first frame."""
        self._documents = documents

    @property
    def documents(self) -> Documents:
        if self._documents is None:
            raise RuntimeError("attach() comes before the first frame")
        return self._documents

    async def handle(self, peer: Sender, document: str, payload: str) -> list[str]:
        """Return the answers to one stateless frame at a calls document, in order."""
        name = names.parse_document(document)
        if name is None or name.kind not in (names.DocumentKind.ROOM_CALLS, names.DocumentKind.WARD_CALLS):
            return [_answer("error", reason="not_here")]
        if peer.principal is None or not self._may_send(peer.principal, document):
            return [_answer("error", reason="forbidden")]
        try:
            kind, values = _parse(payload)
        except ValueError as error:
            log.warning("a frame of %s at %s: %s", peer.principal.terminal, document, error)
            return [_answer("error", reason="malformed", message=str(error))]
        if kind == "open":
            return await self._answer_open(document, values)
        return await self._take(peer, document, name, values)

    async def keep(self, document: str, entries: Sequence[Entry], *, listed: bool = False) -> dict[str, int]:
        """Take facts that another hub has accepted: what is not known is stored, and put into the document
        unless it stands there already (`listed`). Entitlement is not judged again.

        Returns id → when it was heard, of all. Raises StorageFull or LogUnavailable.
        """
        async with self._turn[document]:
            known = await self._store.known([entry.id for entry in entries])
            heard = {key: record.at for key, record in known.items() if record.kind is RecordKind.FACT}
            fresh = {entry.id: entry for entry in entries if entry.id not in heard}
            records = [entry.to_record(document) for entry in fresh.values()]
            if fresh and listed:
                await self._store.append(records)
            elif fresh:
                now = self._clock()
                late = await self._back(document, [replace(entry, heard_at=now) for entry in fresh.values()])
                items = [entry.to_item() for entry in [*fresh.values(), *late]]
                await self.documents.edit(document, lambda doc: _append(doc, items), records)
        return heard | {entry.id: entry.heard_at for entry in fresh.values()}

    async def keep_listed(self, document: str) -> list[str]:
        """As `keep`, with what the document lists; returns the ids that were not known."""
        entries = await self._entries(document)
        known = await self._store.known([entry.id for entry in entries])
        new = [
            entry for entry in entries if (k := known.get(entry.id)) is None or k.kind is not RecordKind.FACT
        ]
        if new:
            await self.keep(document, new, listed=True)
        return [entry.id for entry in new]

    async def prune(self, document: str) -> int:
        """Remove from a calls document what its readers no longer need; returns how many facts went."""
        async with self._turn[document]:
            entries = await self._entries(document)
            directory = self._directory_of(document)
            gone = leaving([entry.heard for entry in entries], directory, self._clock())
            if gone:
                await self.documents.edit(document, lambda doc: _remove(doc, gone))
            return len(gone)

    def _may_send(self, principal: Principal, document: str) -> bool:
        try:
            return self._gate.access(principal, document).facts
        except AccessRefused:
            return False

    async def _take(
        self, peer: Sender, document: str, name: names.DocumentName, wires: list[str]
    ) -> list[str]:
        heard_at = self._clock()
        async with self._turn[document]:
            try:
                heard, fresh, refused = await self._sort(document, name, wires, heard_at)
                records = [entry.to_record(document) for entry in fresh]
                records += [
                    Record(document, RecordKind.REFUSED, r.reason.value.encode(), heard_at, key=r.id)
                    for r in refused
                    if r.lasting and r.id
                ]
                if fresh:
                    items = [entry.to_item() for entry in [*fresh, *await self._back(document, fresh)]]
                    await self.documents.edit(document, lambda doc: _append(doc, items), records)
                elif records:
                    await self._store.append(records)
            except (StorageFull, LogUnavailable) as error:
                log.error("facts for %s not stored: %s", document, type(error).__name__)
                return [_answer("unstored", ids=_readable_ids(wires), reason="storage")]
        self.taken += len(fresh)
        self._extend(peer, fresh, heard_at)
        answers = []
        heard |= {entry.id: entry.heard_at for entry in fresh}
        if heard:
            answers.append(_answer("stored", heard=heard))
        if refused:
            self._tell_refused(peer, document, refused)
            answers.append(_answer("refused", refused=[r.to_json() for r in refused]))
        return answers

    async def _back(self, document: str, fresh: list[Entry]) -> list[Entry]:
        """Facts that left the document before the press they name came: they must be there again (CF44)."""
        late = [
            entry.id
            for entry in fresh
            if not entry.fact.body.calls
            and (
                entry.fact.body.clock == "own"
                or entry.heard_at - entry.fact.body.at >= KEPT_WITHOUT_CALL_MS - MISSED_AFTER_MS
            )
        ]
        if not late:
            return []
        here = {entry.id for entry in await self._entries(document)}
        return [entry for entry in await self._archive.naming(late) if entry.id not in here]

    async def _sort(
        self, document: str, name: names.DocumentName, wires: list[str], heard_at: int
    ) -> tuple[dict[str, int], list[Entry], list[Refusal]]:
        """Return what was taken before (id → heard_at), what is to be taken now, and what is refused."""
        facts: list[tuple[int, str, WireFact]] = []
        refused: list[Refusal] = []
        for index, wire in enumerate(wires):
            try:
                facts.append((index, wire, decode_wire(wire)))
            except FactError as error:
                refused.append(Refusal(index, None, error.reason, lasting=False))
        named = {call for _, _, fact in facts for call in fact.body.calls}
        known = await self._store.known([*(fact.id for _, _, fact in facts), *named])
        types = _call_types(known, facts)
        presses = await self._open_presses(document, facts, heard_at)
        heard: dict[str, int] = {}
        fresh: dict[str, Entry] = {}
        for index, wire, fact in facts:
            before = known.get(fact.id)
            if before is not None and before.kind is RecordKind.FACT:
                heard[fact.id] = before.at
            elif before is not None:
                refused.append(Refusal(index, fact.id, Reason(before.payload.decode()), lasting=False))
            elif fact.id not in fresh:
                refusal = self._judge(index, fact, name, types)
                if refusal is None and fact.body.act is Act.PLACED and presses.is_too_many(fact.body):
                    refusal = Refusal(index, fact.id, Reason.TOO_MANY, lasting=False)
                if refusal is None:
                    verified = await self._is_verified(fact.body, heard_at)
                    entry = Entry(wire, fact, heard_at, self._missed(fact, heard_at), verified)
                    fresh[fact.id] = entry
                    presses.took(entry.heard)
                else:
                    refused.append(refusal)
        return heard, list(fresh.values()), refused

    async def _open_presses(
        self, document: str, facts: list[tuple[int, str, WireFact]], now: int
    ) -> OpenPresses:
        items: list[Sequence[Any]] = []
        if any(fact.body.act is Act.PLACED for _, _, fact in facts):
            items = await self.documents.read(document, lambda doc: list(doc.get("facts", type=Array)))
        return OpenPresses(self._presses, items, self._directory_of(document), now)

    async def _is_verified(self, body: FactBody, now: int) -> bool:
        """Whether the person the act names was signed in there (CF45). An act is never lost for it: somebody
        came to the bed, whoever it was."""
        if body.staff is None or self._people is None:
            return True
        try:
            return await self._people.stood_behind(body.staff, body.terminal, body.at, now)
        except SQLAlchemyError as error:
            log.error("who is signed in at %s is not known: %s", body.terminal, type(error).__name__)
            return False

    def _extend(self, peer: Sender, fresh: list[Entry], now: int) -> None:
        """A hand that acts at a shared screen is still there; facts it brings of others say nothing."""
        terminal = peer.principal.terminal if peer.principal else None
        own = [entry.fact.body for entry in fresh if entry.staff_verified]
        if self._people and terminal and any(body.staff and body.terminal == terminal for body in own):
            self._people.extend(terminal, now)

    def _judge(
        self, index: int, fact: WireFact, name: names.DocumentName, types: Mapping[str, str]
    ) -> Refusal | None:
        body = fact.body
        directory = self._directory(body.ward)
        if body.ward != name.ward or directory is None:
            return Refusal(index, fact.id, Reason.WRONG_WARD, lasting=False)
        if body.room != name.room:
            return Refusal(index, fact.id, Reason.WRONG_ROOM, lasting=False)
        terminal = directory.terminals.get(body.terminal)
        if terminal is not None and not self._signed(terminal.key, fact):
            return Refusal(index, fact.id, Reason.BAD_SIGNATURE, lasting=False)
        reason = judge(body, directory, types)
        if reason is None and not _may_name(body, terminal, directory):
            reason = Reason.NOT_ENTITLED
        # A terminal that is not in the directory now may be tomorrow; what it may do, is judged then.
        lasting = reason not in (None, Reason.UNKNOWN_TERMINAL)
        return Refusal(index, fact.id, reason, lasting) if reason else None

    def _signed(self, key: str | None, fact: WireFact) -> bool:
        return key is not None and self._verify(_point(key), fact.data, fact.signature)

    def _missed(self, fact: WireFact, heard_at: int) -> bool:
        body = fact.body
        late = heard_at - body.at > MISSED_AFTER_MS
        return late and not body.calls and self._seen_between(body.terminal, body.at, heard_at)

    def _tell_refused(self, peer: Sender, document: str, refused: list[Refusal]) -> None:
        self.refusals.update(r.reason.value for r in refused)
        # One line a frame and reason: a flood must not fill the disk with its own traces.
        for refusal in {refusal.reason: refusal for refusal in reversed(refused)}.values():
            count = self.refusals[refusal.reason.value]
            log.warning("fact %s at %s refused: %s (%d so far)", refusal.id, document, refusal.reason, count)
        # A copy that is signed badly says nothing about the fact: whoever made it keeps it.
        readable = [r.to_json() for r in refused if r.id and r.reason is not Reason.BAD_SIGNATURE]
        if readable:
            self.documents.broadcast_stateless(document, _answer("refused", refused=readable), but=peer)

    async def _answer_open(self, document: str, calls: list[str]) -> list[str]:
        """The closing facts of those calls that are over, whether still in the document or long gone."""
        here = {entry.id: entry for entry in await self._entries(document)}
        facts = [entry.heard for entry in here.values()]
        directory, now = self._directory_of(document), self._clock()
        ids = {fact for call in calls for fact in closing_facts(facts, call, directory, now)}
        gone = [call for call in calls if call not in here]
        entries = [here[fact] for fact in sorted(ids)]
        if gone:
            # An id is known to others too: what is not of this room is none of its readers' business.
            name = names.parse_document(document)
            place = None if name is None else (name.ward, name.room)
            entries += [
                entry
                for entry in await self._archive.closing(gone)
                if (entry.fact.body.ward, entry.fact.body.room) == place
            ]
        return [_answer("closing", facts=[entry.to_item() for entry in entries])]

    def _directory_of(self, document: str) -> Directory:
        name = names.parse_document(document)
        return (self._directory(name.ward) if name and name.ward else None) or Directory()

    async def _entries(self, document: str) -> list[Entry]:
        items = await self.documents.read(document, lambda doc: list(doc.get("facts", type=Array)))
        return [read_item(item) for item in items]


def _may_name(body: FactBody, terminal: TerminalEntry | None, directory: Directory) -> bool:
    """Whether the person an act names can have done it there. Whose session it was, the terminal says."""
    if body.staff is None:
        return True
    return terminal is not None and terminal.kind in SIGN_IN_KINDS and body.staff in directory.staff_roles


def _call_types(known: Mapping[str, Record], facts: list[tuple[int, str, WireFact]]) -> dict[str, str]:
    """Call id → call type, of the calls the log or this very frame knows."""
    types = {
        key: entry.fact.body.type
        for key, record in known.items()
        if record.kind is RecordKind.FACT and (entry := read_record(record)).fact.body.type
    }
    types |= {fact.id: fact.body.type for _, _, fact in facts if fact.body.type}
    return {key: value for key, value in types.items() if value}


def _parse(payload: str) -> tuple[str, list[str]]:
    """Read a frame: (`facts`, wires) or (`open`, call ids). Raises ValueError: what was expected and came."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        raise ValueError("expected a JSON object") from None
    kind = value.get("t") if isinstance(value, dict) else None
    shapes = {"facts": ("facts", MAX_FACTS_A_FRAME), "open": ("ids", MAX_OPEN_IDS)}
    if kind not in shapes:
        raise ValueError(f"expected t to be facts or open, got {str(kind)[:40]!r}")
    key, most = shapes[kind]
    items = value.get(key)
    if set(value) != {"t", key} or not isinstance(items, list) or not all(isinstance(i, str) for i in items):
        raise ValueError(f"expected {key} to be a list of texts and nothing beside it")
    if not items or len(items) > most:
        raise ValueError(f"expected 1 to {most} {key}, got {len(items)}")
    if kind == "open" and not all(_FACT_ID.fullmatch(item) for item in items):
        raise ValueError("expected ids of 32 hex digits")
    return kind, items


def _answer(kind: str, **values: object) -> str:
    return json.dumps({"t": kind, **values}, separators=(",", ":"))


def _readable_ids(wires: list[str]) -> list[str]:
    ids = []
    for wire in wires:
        try:
            ids.append(decode_wire(wire).id)
        except FactError:
            continue
    return ids


def _point(key: str) -> bytes:
    """The directory's base64url as bytes; nothing where it is none."""
    try:
        return base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    except ValueError:
        return b""


def _append(doc: Doc[Any], items: list[list[Any]]) -> None:
    doc.get("facts", type=Array).extend(items)


def _remove(doc: Doc[Any], gone: frozenset[str]) -> None:
    facts = doc.get("facts", type=Array)
    for index in reversed(range(len(facts))):
        if read_item(facts[index]).id in gone:
            del facts[index]
