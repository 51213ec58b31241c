"""Locust's side: one user is one terminal. It joins when it is spawned, and its task is the heartbeat."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from locust import User, constant_pacing, task
from locust.env import Environment
from locust.html import get_html_report
from locust.stats import stats_history
from ward_hub.demo.light_terminals import BACK_OFF_S

from loadtests.locust.greenlets import pause, spawn
from loadtests.locust.run import Run
from loadtests.locust.terminal import BEAT_S, HOST, HubSaidNo, LoadTerminal
from loadtests.locust.web_socket import SocketLost


class TerminalUser(User):
    """A terminal of one kind; `run` deals the seats."""

    abstract = True
    kind: ClassVar[str] = ""
    run_of: ClassVar[Run | None] = None
    wait_time = constant_pacing(BEAT_S)

    def on_start(self) -> None:
        run = TerminalUser.run_of
        assert run is not None, "there is a run before there are users"
        self.terminal: LoadTerminal = run.take(self.kind)
        self.terminal.begun = time.perf_counter()
        wait_s, over = BACK_OFF_S[0], self.terminal.begun + run.plan.patience_s
        while True:
            try:
                self.terminal.join()
                return
            except (OSError, HubSaidNo, SocketLost) as error:
                run.watch.again += 1
                if time.perf_counter() > over:
                    run.watch.problem(f"{self.terminal.seat.terminal}: could not join: {error}")
                    return
            pause(wait_s * self.terminal.spread)
            wait_s = min(wait_s * 2, BACK_OFF_S[1])

    def on_stop(self) -> None:
        self.terminal.leave()

    @task
    def beat(self) -> None:
        if self.terminal.on_line:
            try:
                self.terminal.beat()
            except OSError as error:
                self.terminal.watch.problem(f"{self.terminal.seat.terminal}: {error}")


class Bedside(TerminalUser):
    kind = "bedside"


class Door(TerminalUser):
    kind = "door"


class Corridor(TerminalUser):
    kind = "corridor"


class Station(TerminalUser):
    kind = "station"


class Whiteboard(TerminalUser):
    kind = "whiteboard"


class Pda(TerminalUser):
    kind = "pda"


KINDS: tuple[type[TerminalUser], ...] = (Bedside, Door, Corridor, Station, Whiteboard, Pda)


class Play:
    """Locust without its page: all terminals of the stage at once, statistics, the report page."""

    def __init__(self, run: Run) -> None:
        TerminalUser.run_of = run
        for user in KINDS:
            user.fixed_count = run.count(user.kind)
        self._run = run
        self._users = [user for user in KINDS if user.fixed_count]
        self.environment = Environment(
            user_classes=list(self._users),
            host=f"http://{HOST}:{run.stage.port}",
            locustfile=run.plan.scenario,
        )
        self._runner = self.environment.create_local_runner()
        spawn(stats_history, self._runner)
        run.watch.told = self._told

    def spawn_terminals(self) -> None:
        """Begin them all, over the seconds of the plan."""
        count = len(self._run.stage.seats)
        self._run.began = time.perf_counter()
        self._runner.start(count, spawn_rate=max(1.0, count / self._run.plan.join_s))

    def end(self, html: Path | None) -> None:
        """Write Locust's report page and end every terminal."""
        if html is not None:
            page = get_html_report(self.environment, show_download_link=False)  # type: ignore[no-untyped-call]
            html.write_text(page, "utf-8")
        self._runner.quit()

    def _told(self, name: str, ms: float) -> None:
        self.environment.events.request.fire(  # type: ignore[no-untyped-call]
            request_type="ward", name=name, response_time=ms, response_length=0, exception=None, context={}
        )
