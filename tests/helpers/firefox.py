"""Firefox with a push service of our own, driven by its WebDriver BiDi interface (W3C): no driver beside it.

Playwright speaks only to a Firefox of its own making; the one of the system is what a PDA would run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.helpers.free_ports import free_ports

START_S = 60.0
ANSWER_S = 60.0
STOP_S = 10.0
LOOK_EVERY_S = 0.1
MAX_ANSWER = 16 * 2**20

PREFS: dict[str, str | bool | int] = {
    "alerts.useSystemBackend": False,  # without it no notification can be shown in headless
    "permissions.default.desktop-notification": 1,
    "dom.push.connection.enabled": True,
    "dom.push.retryBaseInterval": 500,
    "remote.active-protocols": 1,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.autoplay.default": 0,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.update.disabledForTesting": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}


def has_firefox() -> bool:
    return shutil.which("firefox-esr") is not None


class Firefox:
    """A headless Firefox on a profile of its own."""

    def __init__(self, profile: Path, push_server: str) -> None:
        """`push_server`: `ws://…/push/ws`, the service that subscriptions are made with."""
        self._profile = profile
        self._prefs = {
            **PREFS,
            "dom.push.serverURL": push_server,
            "dom.push.testing.allowInsecureServerURL": True,
        }
        self._ids = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: ClientConnection | None = None
        self._open = ExitStack()

    def start(self) -> None:
        """Start the browser and open a session."""
        self._profile.mkdir(parents=True, exist_ok=True)
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in self._prefs.items()
        ]
        (self._profile / "user.js").write_text("\n".join(lines), "utf-8")
        (port,) = free_ports(1)
        command = ["firefox-esr", "--headless", "--profile", str(self._profile), "--no-remote"]
        command += ["--remote-debugging-port", str(port), "about:blank"]
        environment = {**os.environ, "HOME": str(self._profile), "LANG": "zh_CN.UTF-8"}
        with (self._profile / "firefox.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            self._socket = self._connect(f"ws://127.0.0.1:{port}/session")
            self.do("session.new", {"capabilities": {}})
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the browser."""
        self._socket = None
        self._open.close()
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def do(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Carry out a BiDi command and return its result. Fails when it does not succeed."""
        assert self._socket is not None, "the browser does not run"
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=ANSWER_S))
            if answer.get("id") == number:
                assert answer["type"] == "success", f"{method}: {answer.get('error')} {answer.get('message')}"
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str) -> Tab:
        """Open a page in a tab of its own and wait until it is loaded."""
        context = self.do("browsingContext.create", {"type": "tab"})["context"]
        tab = Tab(self, context)
        tab.go(url)
        return tab

    def _connect(self, address: str) -> ClientConnection:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while True:
            try:
                return self._open.enter_context(
                    connect(address, max_size=MAX_ANSWER, compression=None, proxy=None)
                )
            except (OSError, WebSocketException):
                assert self._process.poll() is None, "Firefox ended"
                assert time.monotonic() < deadline, "Firefox does not answer"
                time.sleep(LOOK_EVERY_S)


class Tab:
    """A page."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    def go(self, url: str) -> None:
        """Go to another page and wait until it is loaded."""
        self._firefox.do(
            "browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"}
        )

    def close(self) -> None:
        self._firefox.do("browsingContext.close", {"context": self._context})

    def read(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, awaited when it is a promise, by way of JSON."""
        given = {
            "expression": f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))",
            "target": {"context": self._context},
            "awaitPromise": True,
        }
        answer = self._firefox.do("script.evaluate", given)
        assert answer["type"] == "success", answer.get("exceptionDetails", {}).get("text")
        return json.loads(answer["result"]["value"])

    def wait(self, expression: str, wanted: Any, within_s: float = 30.0) -> None:
        """Wait until the expression has the value."""
        deadline = time.monotonic() + within_s
        while (found := self.read(expression)) != wanted:
            assert time.monotonic() < deadline, f"{expression}: expected {wanted!r}, found {found!r}"
            time.sleep(LOOK_EVERY_S)
