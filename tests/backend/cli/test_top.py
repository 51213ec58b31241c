"""`ward-hub top` against a server that speaks as a hub does."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ward_hub.cli.main import main
from ward_hub.watching.metrics import read, render
from ward_hub.watching.sources import Sources

WITHIN_S = 10.0


class Hub(ThreadingHTTPServer):
    """Answers /metrics as a hub whose loop has turned once more each time."""

    daemon_threads = True

    def __init__(self) -> None:
        self.status = 200
        self.text = asyncio.run(_text())
        self.asked: list[str | None] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        hub = self.server
        assert isinstance(hub, Hub)
        hub.asked.append(self.headers.get("authorization"))
        body = hub.text if self.path == "/metrics" else b"?"
        self.send_response(hub.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return None


async def _text() -> bytes:
    return render(await read(Sources(version="9.9", hub="0a1b2c3d", terminals=lambda: {"bedside": 46})))


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def top(hub: Hub, data: Path, *more: str) -> int:
    return main(["top", "--once", "--every", "0.1", "--url", hub.url, "--data", str(data), *more])


def test_one_frame_for_scripts(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert top(hub, tmp_path, "--token", "right") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"ward-hub top  {hub.url}\nhub 0a1b2c3d  version 9.9")
    assert "terminals  46  bedside 46" in out
    assert "\x1b" not in out
    assert hub.asked == ["Bearer right"] * 2


def test_the_address_comes_from_the_data_folder(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hub.address").write_text(hub.url + "\n")
    assert main(["top", "--once", "--every", "0.1", "--data", str(tmp_path)]) == 0
    assert hub.url in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (403, b"", "--token"),
        (500, b"", "expected status 200, got 500"),
        (200, b"up 1\n", "expected the metrics of a ward-hub"),
        (200, b"{not metrics", "top: http"),
    ],
)
def test_a_hub_that_does_not_tell_ends_a_script(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int, text: bytes, said: str
) -> None:
    hub.status, hub.text = status, text
    assert top(hub, tmp_path) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--url", "ftp://hub"], ["--url", "http://127.0.0.1:9"], ["--every", "0"]])
def test_what_cannot_be_looked_at_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    assert main(["top", "--once", "--data", str(tmp_path), *wrong]) == 2
    assert capsys.readouterr().err.startswith("ward-hub top: ")


class Window:
    """`ward-hub top` in a terminal of a test's own."""

    def __init__(self, hub: Hub, data: Path) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(80, 24)
        command = [sys.executable, "-m", "ward_hub.cli.main", "top", "--url", hub.url, "--data", str(data)]
        self.process = subprocess.Popen(
            [*command, "--every", "600"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        self._theirs = theirs
        self.before = termios.tcgetattr(theirs)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, text: str) -> str:
        """What was drawn, up to and with that text."""
        drawn, deadline = b"", time.monotonic() + WITHIN_S
        while text.encode() not in drawn:
            ready, _, _ = select.select([self._ours], [], [], deadline - time.monotonic())
            assert ready, f"{text!r} was not drawn, but {drawn!r}"
            drawn += os.read(self._ours, 65536)
        return drawn.decode("utf-8", "replace")

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """The exit status; the terminal is as it was before."""
        status = self.process.wait(WITHIN_S)
        assert termios.tcgetattr(self._theirs) == self.before
        return status

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


def test_the_window_is_redrawn_when_its_size_changes_and_q_ends_it(hub: Hub, tmp_path: Path) -> None:
    with contextlib.closing(Window(hub, tmp_path)) as window:
        first = window.until("\x1b[J")
        assert "bedside 46" in first
        assert "\x1b[?1049h" in first
        window.resize(20, 3)
        window.signal(signal.SIGWINCH)
        assert window.until("\x1b[J").count("\r\n") == 2
        window.type(b"q")
        window.until("\x1b[?1049l")
        assert window.ended() == 0


def test_an_interrupted_window_leaves_the_terminal_as_it_was(hub: Hub, tmp_path: Path) -> None:
    with contextlib.closing(Window(hub, tmp_path)) as window:
        window.until("\x1b[J")
        window.signal(signal.SIGTERM)
        window.until("\x1b[?1049l")
        assert window.ended() == 0
