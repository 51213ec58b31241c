"""A hub started again with 1,500 beds on disk: `python -m loadtests.restart` (design 9: first terminal ≤ 2
s).

33 wards of 46 beds (the standard ward's rooms, beds and screens, without its people), every bed with a
patient admitted over MLLP, and every ward's documents published: the folder a hospital's hub would have.
The hub is killed and started again; from the start of its process to the moment when a bedside that keeps
trying has been answered for every document it opens. The files are in the page cache, as after a crash of
the program.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
from ward_hub.cli.feed import read_answer
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.demo.hub_account import HubAccount, HubAway, HubRefused
from ward_hub.demo.light_terminals import NOTHING, Place, documents_of
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture, store
from ward_hub.directory.model import Hospital, Ward
from ward_hub.identity.enrolment import enrol, make_code
from ward_hub.ingest.hl7.mllp import MllpClient
from ward_sync.codec import decode, encode
from ward_sync.messages import AuthToken, SyncStep1, SyncStep2
from ward_sync.update import EMPTY_STATE_VECTOR
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from loadtests.enrolled import now_ms
from loadtests.report import Figure, arguments, percentile, report
from tests.helpers.free_ports import free_ports
from tests.helpers.hub_process import DATABASE

BUDGET_S = 2.0
WARDS, QUICK_WARDS = 33, 2
ROUNDS, QUICK_ROUNDS = 7, 2
CONNECTIONS = 8
TRY_AGAIN_S = 0.02
PATIENCE_S = 120.0
FIRST = "w01-bed-b01"


def ward_id(number: int) -> str:
    return f"w{number:02d}"


async def build(data: Path, wards: int) -> TerminalKey:
    """Make the directory of a hospital; returns the key of its first bedside."""
    database = open_database(sqlite_url(data / DATABASE))
    await database.upgrade()
    async with database.session.begin() as session:
        await store.store_hospital(session, Hospital("示范医院", "Demonstration Hospital"))
    for ward in map(ward_id, range(1, wards + 1)):
        screens = [replace(screen, id=f"{ward}-{screen.id}", ward=ward) for screen in fixture.terminals()]
        async with database.session.begin() as session:
            await store.store_ward(session, Ward(ward, f"病区{ward}", f"Ward {ward}"))
            await store.store_rooms(session, ward, fixture.rooms())
            await store.store_beds(session, ward, fixture.beds())
            await store.store_terminals(session, screens)
    key = TerminalKey.generate()
    async with database.session.begin() as session:
        code = await make_code(session, FIRST, now_ms())
    await enrol(database, code, key.point, now_ms())
    await database.close()
    return key


def admission(ward: str, room: str, bed: str, number: int) -> bytes:
    """An HL7 v2 admission with what a card usually shows."""
    return "\r".join(
        (
            f"MSH|^~\\&|HIS|LOAD|WARDLINE|WARD|20260301080000||ADT^A01|{number}|P|2.5.1||||||UNICODE UTF-8",
            "EVN|A01|20260301080000",
            f"PID|1||{10_000 + number}^^^LOAD^MR||病^人{number}||19600101|M",
            f"PV1|1|I|{ward}^{room}^{bed}^LOAD||||d001^陆^景明|||胸外科|||||||||{500_000 + number}"
            + "|" * 25
            + "20260301080000",
            "AL1|1|DA|PEN^青霉素|SV",
            "DG1|1||C34.1^肺上叶恶性肿瘤^ICD10|||A",
            "OBX|1|CWE|CARE_LEVEL||1^一级护理",
            "OBX|2|CWE|DIET||^低盐饮食",
            "",
        )
    ).encode()


async def admit(port: int, wards: int) -> int:
    """Give every bed a patient, over a few connections at once; returns how many beds.

    Raises RuntimeError when an admission is not taken.
    """
    rooms = {room.id: room.name for room in fixture.rooms()}
    beds = fixture.beds()
    waiting = [(ward, bed) for ward in range(wards) for bed in range(len(beds))]
    count = len(waiting)

    async def one_connection() -> None:
        client = MllpClient("127.0.0.1", port, PATIENCE_S)
        while waiting:
            ward, place = waiting.pop()
            bed = beds[place]
            number = ward * len(beds) + place
            answer = await client.send(admission(ward_id(ward + 1), rooms[bed.room], bed.label, number))
            if (said := read_answer(answer))[0] != "AA":
                raise RuntimeError(f"an admission was not taken: {said}")
        await client.close()

    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    return count


class RestartedHub:
    """`ward-hub serve` on a folder, with nothing around it that would cost time."""

    def __init__(self, data: Path, log: Path) -> None:
        self._data, self._log = data, log
        self.port, self.mllp_port = free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "ward_hub.cli.main", "serve", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--mllp-port", str(self.mllp_port), "--data", str(self._data)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(PATIENCE_S)


async def answering(port: int) -> None:
    """Return when the hub answers at all."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as http, asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(httpx.HTTPError):
                await http.get(f"http://127.0.0.1:{port}/health/live")
                return
            await asyncio.sleep(TRY_AGAIN_S)


async def in_sync(port: int, key: TerminalKey) -> int:
    """Try until a bedside has been answered for every document it opens; returns how many bytes it got."""
    place = Place(FIRST, "bedside", ward_id(1), "", "r01", "b01")
    # Presence holds no text: whoever may only announce is told nothing there.
    documents = [name for name in documents_of(place, ()) if not name.endswith("/presence")]
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(HubAway, HubRefused, OSError, WebSocketException):
                return await _join(port, key, documents)
            await asyncio.sleep(TRY_AGAIN_S)


async def _join(port: int, key: TerminalKey, documents: list[str]) -> int:
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE_S) as http:
        token = await HubAccount(http, FIRST, key).token()
    async with connect(f"ws://127.0.0.1:{port}/sync", compression=None, max_size=None) as socket:
        for document in documents:
            await socket.send(encode(document, AuthToken(token.token)))
            await socket.send(encode(document, SyncStep1(EMPTY_STATE_VECTOR)))
        missing, received = set(documents), 0
        while missing:
            data = await socket.recv()
            assert isinstance(data, bytes)
            frame = decode(data)
            if isinstance(frame.message, SyncStep2):
                missing.discard(frame.address)
                received += len(frame.message.update)
                if frame.address.endswith("/directory") and frame.message.update == NOTHING:
                    raise RuntimeError("the bed's directory came empty")
    return received


async def documents_published(port: int, key: TerminalKey, data: Path) -> None:
    """Return when the log has stopped growing: what the hub publishes by itself is on disk."""
    await in_sync(port, key)
    log = data / "log.sqlite-wal"
    last, since = -1, time.monotonic()
    async with asyncio.timeout(10 * PATIENCE_S):
        while time.monotonic() - since < 3:
            size = log.stat().st_size if log.exists() else 0
            if size != last:
                last, since = size, time.monotonic()
            await asyncio.sleep(0.2)


async def measure(folder: Path, wards: int, rounds: int) -> list[Figure]:
    data = folder / "data"
    data.mkdir(mode=0o700)
    key = await build(data, wards)
    hub = RestartedHub(data, folder / "hub.log")
    answered, synced, received = [], [], 0
    try:
        hub.start()
        await answering(hub.port)
        patients = await admit(hub.mllp_port, wards)
        await documents_published(hub.port, key, data)
        for _ in range(rounds):
            hub.end()
            started = time.perf_counter()
            hub.start()
            await answering(hub.port)
            answered.append(time.perf_counter() - started)
            received = await in_sync(hub.port, key)
            synced.append(time.perf_counter() - started)
    finally:
        hub.end()
    return [
        Figure(f"start → first bedside in sync, p50 of {rounds}", percentile(synced, 0.5), "s", BUDGET_S),
        Figure(f"start → first bedside in sync, slowest of {rounds}", max(synced), "s", BUDGET_S),
        Figure("  of which until the port answers, p50", percentile(answered, 0.5), "s"),
        Figure("beds with a patient", patients, ""),
        Figure("bytes the bedside got", received, "B"),
        Figure("log on disk", (data / "log.sqlite").stat().st_size / 2**20, "MiB"),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--wards", type=int, help=f"of 46 beds, default {WARDS}, quick {QUICK_WARDS}")
    parser.add_argument("--rounds", type=int, help=f"default {ROUNDS}, quick {QUICK_ROUNDS}")
    options = parser.parse_args()
    wards = options.wards or (QUICK_WARDS if options.quick else WARDS)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), wards, rounds))
    return report("Restart of a hub", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())
