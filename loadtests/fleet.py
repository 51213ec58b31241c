"""Calls while the whole fleet is busy: `python -m loadtests.fleet` (press → drawn as without).

The ward of press_to_drawn: 78 screens and 20 PDAs, most of them light terminals, some real pages. Presses go
in rounds, by turns quiet and busy. While busy, the back office sets the volume of every terminal every 2 s, a
roll-out goes over the light terminals one stage after the other, and somebody watches the station's screen.
Both kinds of rounds stand on the same hub, the same pages and the same minutes.
"""

from __future__ import annotations

import io
import json
import math
import re
import tempfile
import threading
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright
from ward_hub.directory import fixture

from loadtests.enrolled import enrol
from loadtests.pages import APP, LoadBrowser
from loadtests.press_to_drawn import latencies, open_pages, press_all
from loadtests.report import Figure, arguments, percentile, report
from loadtests.ward_terminals import LightProcess
from tests.helpers.hub_process import PASSWORD, HubProcess, build_template, run_async

ROUNDS, QUICK_ROUNDS = 6, 3
PRESSES, QUICK_PRESSES = 20, 12
PAGES = ("door-r01", "station-main", "station-vice", "corridor-1", "whiteboard", "pda-01")
QUICK_PAGES = ("door-r01", "station-main")
WATCHED = "station-main"
VOLUME_EVERY_S = 2.0
NUMBER = "a001"
MORE_MS = 50.0
"""What a busy fleet may add to the p99 of a quiet one: three frames of a screen."""


class Office:
    """The back office's side: signed in once, busy while told to be."""

    def __init__(self, hub: str) -> None:
        self._http = httpx.Client(
            base_url=f"{hub}/api/office", headers={"X-Wardline-Office": "1"}, timeout=30, trust_env=False
        )
        self._busy = threading.Event()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.commands = 0
        self.frames = 0
        self.failed: list[str] = []
        self._post("sign-in", {"number": NUMBER, "password": PASSWORD})

    def set_busy(self, busy: bool) -> None:
        if busy:
            self._busy.set()
        else:
            self._busy.clear()

    def start(self, build: str, stages: Sequence[Sequence[str]]) -> None:
        """Begin the roll-out, one stage a busy round, and what goes on by itself while busy."""
        named = [{"name": str(n), "terminals": list(stage)} for n, stage in enumerate(stages, 1)]
        self._rollout = self._post("rollouts", {"build": build, "stages": named, "advance_after_s": None})
        for work in (self._turn_volumes, self._watch):
            thread = threading.Thread(target=self._guarded, args=(work,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def advance(self) -> None:
        """The roll-out's next stage; told once this one has been updated."""
        with suppress(httpx.HTTPStatusError):
            self._post(f"rollouts/{self._rollout['id']}/advance", None)

    def rollout(self) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get("rollouts").raise_for_status().json()[0]
        return found

    def add_release(self, content: bytes) -> str:
        """Add a release; returns its build."""
        answer = self._http.post("releases", params={"note": "load"}, content=content)
        return str(answer.raise_for_status().json()["build"])

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(15)
        self._http.close()

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except Exception as error:  # told in the figures: a load that was not there proves nothing
            self.failed.append(f"{type(error).__name__}: {error}")

    def _turn_volumes(self) -> None:
        while not self._over.wait(VOLUME_EVERY_S):
            if self._busy.is_set():
                targets = {"ward": fixture.WARD, "kind": None, "terminals": None}
                value = 40 + self.commands % 40
                self._post("fleet/commands", {"targets": targets, "do": "volume", "value": value})
                self.commands += 1

    def _watch(self) -> None:
        """A live view for as long as the fleet is busy, a new one each busy round."""
        while not self._over.is_set():
            if not self._busy.wait(0.2):
                continue
            session = self._post(f"live/{WATCHED}", {"reason": "load test"})["session"]
            with self._http.stream("GET", f"live/{session}/events", timeout=60) as stream:
                for line in stream.iter_lines():
                    self.frames += line.startswith("data: ")
                    if not self._busy.is_set() or self._over.is_set():
                        break
            with suppress(httpx.HTTPStatusError):
                self._http.request("DELETE", f"live/{session}", content=b"").raise_for_status()

    def _post(self, path: str, body: Any) -> dict[str, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        answer = self._http.post(path, content=content, headers={"Content-Type": "application/json"})
        answered: dict[str, Any] = answer.raise_for_status().json()
        return answered


def another_build(app: Path) -> bytes:
    """The app as a zip, under another build's name."""
    told = json.loads((app / "build.json").read_text("utf-8"))
    before, after = (
        told["build"],
        told["build"][::-1].translate(str.maketrans("0123456789abcdef", "fedcba9876543210")),
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(app.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                if path.suffix in (".html", ".json") or path.name == "sw.js":
                    content = re.sub(before.encode(), after.encode(), content)
                archive.writestr(path.relative_to(app).as_posix(), content)
    return packed.getvalue()


def measure(folder: Path, names: Sequence[str], rounds: int, presses: int) -> list[Figure]:
    """One run; returns its figures."""
    hub = HubProcess(folder / "hub", build_template(folder / "template"))
    places, keys = run_async(enrol(hub.data, names))
    light: LightProcess | None = None
    office: Office | None = None
    times: dict[bool, list[float]] = {False: [], True: []}
    with sync_playwright() as playwright:
        browser = LoadBrowser(playwright, folder / "profile", hub)
        try:
            hub.start()
            light = LightProcess(hub.url, places, keys, [room.id for room in fixture.rooms()])
            browser.start()
            pages = open_pages(browser, names)
            light.tell("join")
            joined = light.answer(90) or {"failed": "the light terminals did not join"}
            if "failed" in joined:
                raise RuntimeError(joined["failed"])
            office = Office(hub.url)
            build = office.add_release(another_build(APP))
            ids = [place.terminal for place in places]
            stages = [ids[:1], *(ids[1 + n :: rounds] for n in range(rounds))]
            for number in range(rounds * 2):
                busy = number % 2 == 1
                office.set_busy(busy)
                if number == 1:
                    office.start(build, stages)
                elif busy:
                    office.advance()
                pressed, _, left = press_all(light, presses)
                drawn = {name: dict(page.evaluate("() => window.__drawn")) for name, page in pages.items()}
                times[busy] += latencies(pressed, drawn) + [math.inf] * left
            updated = office.rollout()
            problems = browser.problems()
        finally:
            if office is not None:
                office.end()
            if light is not None:
                light.end()
            browser.stop()
            hub.stop()
    for problem in (*problems, *office.failed):
        print("problem:", problem)
    return figures_of(times, office, updated, len(places), len(names))


def figures_of(
    times: dict[bool, list[float]], office: Office, rollout: dict[str, Any], light: int, pages: int
) -> list[Figure]:
    """The table of a run."""
    quiet, busy = percentile(times[False], 0.99), percentile(times[True], 0.99)
    last = f"last of {pages} pages among {light} light"
    return [
        Figure(f"press → drawn on the {last}, quiet, p50", percentile(times[False], 0.5), "ms"),
        Figure("  quiet, p99", quiet, "ms"),
        Figure("  busy, p50", percentile(times[True], 0.5), "ms"),
        Figure("  busy, p99", busy, "ms", quiet + MORE_MS),
        Figure("presses, quiet and busy", len(times[False]) + len(times[True]), ""),
        Figure("not drawn, or not cleared", sum(map(math.isinf, times[False] + times[True])), "", 0),
        Figure("volume commands to the whole ward", office.commands, ""),
        Figure("frames of the live view", office.frames, ""),
        Figure("terminals updated by the roll-out", sum(s["updated"] for s in rollout["stages"]), ""),
        Figure(
            "terminals the roll-out counts as failed", sum(len(s["failed"]) for s in rollout["stages"]), "", 0
        ),
        Figure("work of the back office that failed", len(office.failed), "", 0),
    ]


def main() -> int:
    parser = arguments(__doc__)
    options = parser.parse_args()
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    presses = QUICK_PRESSES if options.quick else PRESSES
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), QUICK_PAGES if options.quick else PAGES, rounds, presses)
    return report("Press to drawn while the fleet is busy", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())
