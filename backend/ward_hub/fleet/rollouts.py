"""Carries roll-outs out (DEV-07): each step is stored before it is told, one roll-out at a time.

What follows from what is rollout.py's; which build a terminal is to run is told here to documents and pages.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import TerminalKind, TerminalState
from ward_hub.documents.port import Json
from ward_hub.fleet import rollout as machine
from ward_hub.fleet.commands import Teller
from ward_hub.fleet.releases import NotHeld, Releases
from ward_hub.fleet.reports import DeviceReports
from ward_hub.fleet.rollout import Event, Fact, Member, Outcome, RollOut, State, Step
from ward_hub.fleet.rollout_store import add_rollout, load_rollouts, store_rollout
from ward_hub.fleet.seen import Line
from ward_hub.fleet.wishes import DeviceWishes
from ward_hub.office.port import OfficePrincipal

MAX_STAGES = 20
LISTED = 50
ASK_A_TICK = 10
"""Terminals told a second to look at once, when a roll-back is for all of them: each loads the app anew."""

log = logging.getLogger(__name__)


class AnotherRuns(Exception):
    """A roll-out is running or halted: one at a time."""


class Unfit(Exception):
    """The build cannot go to these terminals; the message says why."""


class NotNewest(Exception):
    """Only the newest roll-out can be acted on: what came after it stands on it."""


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    terminals: tuple[str, ...]


class RollOuts:
    """All roll-outs of the house, newest last. `tick` belongs to a round of about a second."""

    def __init__(
        self,
        database: Database,
        current: CurrentDirectory,
        releases: Releases,
        reports: DeviceReports,
        line: Teller,
        audit: AuditTrail,
        clock: Callable[[], int],
        make_id: Callable[[], str],
    ) -> None:
        self._database = database
        self._current = current
        self._releases = releases
        self._reports = reports
        self._line = line
        self._audit = audit
        self._clock = clock
        self._make_id = make_id
        self._wishes: DeviceWishes | None = None
        self._rollouts: dict[int, RollOut] = {}
        self._asked: dict[str, str] = {}
        """Id of an `update` message → the terminal it went to."""
        self._to_ask: dict[str, None] = {}
        self._turn = asyncio.Lock()

    def attach(self, wishes: DeviceWishes) -> None:
        """Give it the wishes, which ask `wanted` here; before anything else."""
        self._wishes = wishes

    async def load(self) -> None:
        """Read the newest roll-outs, and every one that still says what terminals are to run."""
        async with self._database.session() as session:
            found = await load_rollouts(session, LISTED)
        self._rollouts = {rollout.id: rollout for rollout in found}

    def listed(self) -> list[RollOut]:
        """The newest ones, newest first."""
        return list(self._rollouts.values())[::-1][:LISTED]

    def of(self, rollout_id: int) -> RollOut | None:
        return self._rollouts.get(rollout_id)

    def wanted(self, wish: str | None) -> str | None:
        """The build a terminal with this wish of its own is to run; None: whatever the hub serves.

        One that no roll-out named gets what the last finished one brought to all. A build that is not held
        (any more) is never asked for: the terminal would look for it without end.
        """
        held = (build for build in (wish, self._house()) if build is not None and self._releases.holds(build))
        return next(held, None)

    def used_by(self, build: str) -> str | None:
        """Who still needs the build, in words; None: nobody."""
        active = self._active()
        if active is not None and build in (active.build, active.from_build):
            return f"roll-out {active.id} is going on with it"
        if build == self._house():
            return "it is what the house runs"
        for terminal in self._current.terminals.values():
            if terminal.state is not TerminalState.ACTIVE:
                continue
            if self._wishes_of().of(terminal.id).release == build:
                return f"{terminal.id} is to run it"
            report = self._reports.report(terminal.id)
            if report is not None and report.build == build:
                return f"{terminal.id} runs it"
        return None

    async def start(
        self, who: OfficePrincipal, build: str, stages: Sequence[Stage], advance_after_s: int | None
    ) -> RollOut:
        """Begin; the stages' terminals are theirs to command and stand in one stage each.

        Raises NotHeld, Unfit and AnotherRuns.
        """
        async with self._turn:
            if self._active() is not None:
                raise AnotherRuns
            if not self._releases.holds(build):
                raise NotHeld(build)
            members: dict[str, Member] = {}
            for index, stage in enumerate(stages):
                for terminal_id in stage.terminals:
                    self._check_fits(build, terminal_id)
                    if terminal_id in members:
                        raise Unfit(f"{terminal_id} stands in two stages")
                    members[terminal_id] = Member(terminal_id, index)
            rollout = RollOut(
                build=build,
                from_build=self._house() or self._releases.base.build,
                stages=tuple(stage.name for stage in stages),
                members=members,
                advance_after_s=advance_after_s,
                started_at=self._clock(),
                staff=who.staff,
            )
            async with self._database.session.begin() as session:
                rollout = replace(rollout, id=await add_rollout(session, rollout))
                await self._audit.add(session, self._entry(who, rollout, "start"))
            self._rollouts[rollout.id] = rollout
            log.info("roll-out %d of %s to %d terminals begins", rollout.id, build, len(members))
        await self.tick()
        return self._rollouts[rollout.id]

    async def act(self, who: OfficePrincipal, rollout_id: int, event: Event) -> RollOut:
        """Advance, halt, resume or roll back. Raises NotHeld (no such roll-out), NotNewest and
        machine.NotNow."""
        async with self._turn:
            before = self._rollouts.get(rollout_id)
            if before is None:
                raise NotHeld(str(rollout_id))
            if rollout_id != max(self._rollouts):
                raise NotNewest
            step = {
                Event.ADVANCE: machine.advance,
                Event.HALT: machine.halt,
                Event.RESUME: machine.resume,
                Event.ROLLBACK: machine.rollback,
            }[event](before)
            await self._carry_out(before, step, self._entry(who, before, event.value))
        await self.tick()
        return self._rollouts[rollout_id]

    async def tick(self) -> None:
        """One look at the roll-out that is running."""
        self._ask_some()
        async with self._turn:
            before = self._active()
            if before is None or before.state is not State.RUNNING:
                return
            wishes, facts = self._wishes_of(), self._facts()
            step = machine.step(before, facts, lambda name: wishes.of(name).release, self._clock())
            if step.rollout != before:
                await self._carry_out(before, step, None)

    async def did(self, terminal: str, message_id: str, outcome: str) -> bool:
        """A terminal answers an `update`; returns whether it was asked. During a call it will do so later."""
        if self._asked.get(message_id) != terminal:
            return False
        del self._asked[message_id]
        if outcome in ("not_able", "failed"):
            async with self._turn:
                before = self._active()
                if before is not None:
                    step = machine.refused(before, terminal)
                    if step.rollout != before:
                        await self._carry_out(before, step, None)
        return True

    def json(
        self, rollout: RollOut, shown: Callable[[str], bool] = lambda _terminal: True
    ) -> dict[str, Json]:
        """RollOut of the API, with the terminals that `shown` lets through."""
        return {
            "id": rollout.id,
            "build": rollout.build,
            "from_build": rollout.from_build,
            "state": rollout.state.value,
            "reason": rollout.reason,
            "stage": rollout.stage,
            "stages": [
                _stage_json(name, [one for one in rollout.of_stage(index) if shown(one.terminal)])
                for index, name in enumerate(rollout.stages)
            ],
            "advance_after_s": rollout.advance_after_s,
            "started_at": rollout.started_at,
            "staff": rollout.staff,
        }

    async def _carry_out(self, before: RollOut, step: Step, entry: AuditEntry | None) -> None:
        """Store, then hold it so, then tell the terminals."""
        rollout, wishes = step.rollout, self._wishes_of()
        entry = entry or _by_itself(before, rollout)
        if rollout.state is State.DONE and before.state is not State.DONE:
            rollout = replace(rollout, to_all=self._reaches_all(rollout))
        if rollout.state is State.HALTED and rollout.reason is not None:
            log.warning("roll-out %d halts: %s", rollout.id, rollout.reason)
        changes = {terminal: {"release": build} for terminal, build in step.wishes.items()}
        async with self._database.session.begin() as session:
            await store_rollout(session, before, rollout)
            await wishes.write(session, changes)
            if entry is not None:
                await self._audit.add(session, entry)
        self._rollouts[rollout.id] = rollout
        wishes.take(changes)
        if rollout.to_all or before.to_all:
            wishes.mark_all()  # those that no roll-out named follow it too
        await wishes.publish()
        self._to_ask.update(dict.fromkeys(changes))
        self._ask_some()

    def _ask_some(self) -> None:
        for terminal_id in list(self._to_ask)[:ASK_A_TICK]:
            del self._to_ask[terminal_id]
            self._ask(terminal_id)

    def _ask(self, terminal_id: str) -> None:
        """Beside the wish: a terminal looks at once and not when it next would."""
        terminal = self._current.terminal(terminal_id)
        if terminal is None:
            return
        message_id = self._make_id()
        if self._line.tell(terminal.ward, terminal_id, {"t": "do", "id": message_id, "do": "update"}):
            self._asked[message_id] = terminal_id
            while len(self._asked) > 2 * len(self._current.terminals):
                del self._asked[next(iter(self._asked))]

    def _facts(self) -> machine.Facts:
        connected: Mapping[str, Line] = self._reports.connected()

        def fact(terminal_id: str) -> Fact:
            terminal = self._current.terminal(terminal_id)
            exists = terminal is not None and terminal.state is TerminalState.ACTIVE
            known = self._reports.of(terminal_id)
            if known is None or known.report is None:
                return Fact(exists, terminal_id in connected)
            return Fact(
                exists,
                terminal_id in connected,
                known.report.build,
                known.report.hung,
                known.reported_at,
                known.report.started_at,
            )

        return fact

    def _house(self) -> str | None:
        """The build of the last finished roll-out to all."""
        finished = [one for one in self._rollouts.values() if one.state is State.DONE and one.to_all]
        return finished[-1].build if finished else None

    def _active(self) -> RollOut | None:
        states = (State.RUNNING, State.HALTED)
        return next((one for one in self._rollouts.values() if one.state in states), None)

    def _reaches_all(self, rollout: RollOut) -> bool:
        return all(
            terminal.id in rollout.members
            for terminal in self._current.terminals.values()
            if terminal.state is TerminalState.ACTIVE and terminal.kind is not TerminalKind.CALL_POINT
        )

    def _check_fits(self, build: str, terminal_id: str) -> None:
        terminal = self._current.terminal(terminal_id)
        if terminal is None:
            raise Unfit(f"{terminal_id} is not known")
        if not self._releases.has_page(build, terminal.kind.value):
            raise Unfit(f"the build has no page for {terminal_id}, a {terminal.kind.value}")

    def _entry(self, who: OfficePrincipal, rollout: RollOut, do: str) -> AuditEntry:
        detail: dict[str, Json] = {"do": do, "build": rollout.build, "terminals": len(rollout.members)}
        return AuditEntry(
            AuditAction.ROLL_OUT,
            "ok",
            staff=who.staff,
            ward=who.ward,
            subject=str(rollout.id),
            address=who.address,
            detail=detail,
        )

    def _wishes_of(self) -> DeviceWishes:
        if self._wishes is None:
            raise RuntimeError("attach() comes before anything else")
        return self._wishes


def _by_itself(before: RollOut, rollout: RollOut) -> AuditEntry | None:
    """The line for what nobody's hand did: it halted, went on or was done."""
    if (before.state, before.stage) == (rollout.state, rollout.stage):
        return None
    do = {State.HALTED: Event.HALT, State.DONE: Event.FINISH}.get(rollout.state, Event.ADVANCE)
    failed = [
        member.terminal
        for name, member in rollout.members.items()
        if member.outcome is Outcome.FAILED and before.members[name].outcome is not Outcome.FAILED
    ]
    detail: dict[str, Json] = {"do": do.value, "build": rollout.build, "stage": rollout.stage}
    return AuditEntry(
        AuditAction.ROLL_OUT,
        "failed" if do is Event.HALT else "ok",
        terminal=failed[0] if failed else None,
        subject=str(rollout.id),
        detail={**detail, "reason": rollout.reason} if rollout.reason else detail,
    )


def _stage_json(name: str, members: Sequence[Member]) -> dict[str, Json]:
    def of(outcome: Outcome) -> list[Json]:
        return [member.terminal for member in members if member.outcome is outcome]

    return {
        "name": name,
        "terminals": [member.terminal for member in members],
        "updated": len(of(Outcome.UPDATED)),
        "failed": of(Outcome.FAILED),
        "waiting": of(Outcome.WAITING),
    }
