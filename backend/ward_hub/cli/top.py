"""`ward-hub top`: what a hub is doing, in the terminal, again every second. `q` ends it."""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ward_hub.settings import SettingError, Settings
from ward_hub.tls.folder import CertificateFolder
from ward_hub.tls.from_settings import load_address

if TYPE_CHECKING:
    from ward_hub.watching.scrape import Scrape

DEFAULT_URL = "http://127.0.0.1:8080"
TIME_OUT_S = 5.0
WINDOW_S = 60.0
"""Quantiles are of the last minute: long enough for a p99, short enough to see a change."""
_PAPER = (200, 60)
"""Columns and rows where there is no window."""
_SHOW, _HIDE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


class Unreached(Exception):
    """The hub's metrics cannot be had; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", help=f"the hub (default: the one of --data, else {DEFAULT_URL})")
    parser.add_argument("--data", type=Path, help="the hub's data folder")
    parser.add_argument("--token", help="the hub's metrics_token; needed from another machine")
    parser.add_argument("--ca", type=Path, help="certificate of the hub's authority (default: of --data)")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two looks (default 1)")
    parser.add_argument("--once", action="store_true", help="look twice, print one frame, and end")


def run(args: argparse.Namespace) -> int:
    try:
        settings = Settings.read(data=args.data, metrics_token=args.token)
    except SettingError as error:
        return _fail(str(error))
    if args.every < 0.1:
        return _fail(f"--every: expected 0.1 or more seconds, got {args.every}")
    url = (args.url or load_address(settings.data) or DEFAULT_URL).rstrip("/")
    try:
        hub = Hub(url, settings.metrics_token, args.ca or CertificateFolder(settings.data).authority)
    except (OSError, ValueError) as error:
        return _fail(f"{url}: {error}")
    with contextlib.closing(hub):
        if args.once:
            return _once(hub, args.every)
        with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
            _watch(hub, args.every)
        return 0


class Hub:
    """The hub that is looked at, and what it said within the window."""

    def __init__(self, url: str, token: str, authority: Path) -> None:
        """Raises OSError for a certificate that cannot be read, ValueError for an address that is none."""
        import httpx

        if httpx.URL(url).scheme not in ("http", "https"):
            raise ValueError("expected an address http://… or https://…")
        context = ssl.create_default_context()
        if authority.exists():
            context.load_verify_locations(authority)
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(timeout=TIME_OUT_S, verify=context, headers=headers, trust_env=False)
        self._seen: deque[Scrape] = deque()

    def look(self) -> Scrape:
        """Ask once and remember it. Raises Unreached."""
        import httpx

        from ward_hub.watching.scrape import parse_scrape

        try:
            answer = self._http.get(f"{self.url}/metrics")
        except httpx.HTTPError as error:
            raise Unreached(f"no answer: {error or type(error).__name__}") from None
        if answer.status_code == 403:
            raise Unreached(
                "metrics are for the hub's own machine (--url http://127.0.0.1:…), or with --token"
            )
        if answer.status_code != 200:
            raise Unreached(f"expected status 200, got {answer.status_code}")
        try:
            scrape = parse_scrape(answer.text, time.monotonic())
        except ValueError as error:
            raise Unreached(str(error)) from None
        if self._seen and scrape.info() | _start(scrape) != self._seen[-1].info() | _start(self._seen[-1]):
            self._seen.clear()  # another hub, or the same one started anew: its counters began at nothing
        while self._seen and scrape.at - self._seen[0].at > WINDOW_S:
            self._seen.popleft()
        self._seen.append(scrape)
        return scrape

    def frame(self, size: tuple[int, int], colour: bool) -> list[str]:
        """Look, and return the lines of a frame."""
        from ward_hub.watching import screen

        try:
            now = self.look()
        except Unreached as error:
            return [screen.paint(line, colour) for line in screen.unreached(self.url, str(error), size)]
        before = self._seen[-2] if len(self._seen) > 1 else None
        base = self._seen[0] if len(self._seen) > 1 else None
        lines = screen.frame(now, before, base, self.url, time.time(), size)
        return [screen.paint(line, colour) for line in lines]

    def close(self) -> None:
        self._http.close()


def _start(scrape: Scrape) -> dict[str, str]:
    return {"started": str(scrape.value("hub_start_time_seconds"))}


def _once(hub: Hub, every: float) -> int:
    try:
        hub.look()
    except Unreached as error:
        return _fail(f"{hub.url}: {error}")
    time.sleep(every)
    here = sys.stdout.isatty()
    print("\n".join(hub.frame(_window() if here else _PAPER, here)))
    return 0


def _window() -> tuple[int, int]:
    """Columns and rows of the window now. Not from COLUMNS and LINES, which do not follow it."""
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    return (columns, rows) if columns and rows else (80, 24)


def _watch(hub: Hub, every: float) -> None:
    """Draw frames until `q`; one below the other where there is no terminal."""
    if not sys.stdout.isatty():
        while True:
            print("\n".join([*hub.frame(_PAPER, False), ""]), flush=True)
            time.sleep(every)
    with _screen() as wake:
        while True:
            lines = hub.frame(_window(), True)
            # Each line is cleared behind its end, then all below: nothing flickers, nothing is left over.
            sys.stdout.write("\x1b[H" + "\r\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")
            sys.stdout.flush()
            if _asked_to_end(wake, every):
                return


def _asked_to_end(wake: socket.socket, seconds: float) -> bool:
    """Wait so long, or until the window changes its size; True for `q`, Ctrl-D and an end of the input."""
    keys = [sys.stdin] if sys.stdin.isatty() else []
    ready, _, _ = select.select([*keys, wake], [], [], seconds)
    if wake in ready:
        wake.recv(4096)
    if sys.stdin not in ready:
        return False
    typed = os.read(sys.stdin.fileno(), 64)
    return not typed or typed[:1] in (b"q", b"Q", b"\x04")


@contextlib.contextmanager
def _screen() -> Iterator[socket.socket]:
    """A screen of its own and keys as they are typed; yields what becomes readable when the size changes."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
    wake, waker = socket.socketpair()
    wake.setblocking(False)
    waker.setblocking(False)
    old_fd = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    handlers = {
        signal.SIGWINCH: signal.signal(signal.SIGWINCH, lambda _number, _frame: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, signal.default_int_handler),
    }
    try:
        if before is not None:
            tty.setcbreak(sys.stdin)
        sys.stdout.write(_SHOW)
        yield wake
    finally:
        sys.stdout.write(_HIDE)
        sys.stdout.flush()
        if before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(old_fd)
        wake.close()
        waker.close()


def _fail(message: str) -> int:
    print(f"ward-hub top: {message}", file=sys.stderr)
    return 2
