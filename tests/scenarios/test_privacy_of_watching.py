"""What a hub tells of itself names nobody: its log at DEBUG as JSON, its metrics, its health, what top draws.

Patients are admitted, moved and discharged, one of them in messages that cannot be taken; a call, a memo and
handover text go through; requests are refused. Then everything that was told is looked through.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Text
from ward_hub.demo.his_messages import Lying, write
from ward_hub.demo.his_messages import Staff as Named
from ward_hub.documents import names
from ward_hub.ingest.hl7.mllp import MllpClient
from ward_hub.watching import screen
from ward_hub.watching.logs import name_hub, set_up_logs
from ward_hub.watching.scrape import parse_scrape
from ward_sync.facts import Act
from ward_sync.messages import AuthToken, Update

from tests.helpers.filled_ward import HANDOVER, MEMO, PATIENTS, WARD
from tests.helpers.hub_process import PASSWORD
from tests.helpers.raw_socket import RawSocket, raw_socket, tells
from tests.helpers.ward_hub_here import HubHere, hub_here, now_ms

DAY_MS = 86_400_000
NURSE, DOCTOR = "林晓月", "陆景明"
STAFF = Named((("d001", DOCTOR),), (("n001", NURSE),))
HERE = [bed for bed, lies in PATIENTS.items() if lies.ward == WARD]


def people_and_words() -> list[str]:
    """Everything of patients that the hub has been told here, and who wrote what."""
    found = [MEMO, HANDOVER, NURSE, DOCTOR, PASSWORD]
    for bed in HERE:
        lies = PATIENTS[bed]
        patient = lies.patient
        found += [lies.name, patient.given, patient.visit, patient.record_number]
        found += [patient.diagnosis, patient.operation, f"{patient.given}过敏原"]
    # A careless line shows bytes as Python writes them.
    return found + [repr(word.encode())[2:-1] for word in found] + [ascii(word)[1:-1] for word in found]


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    """The log of everything at DEBUG, as `serve` writes it with log_format json."""
    root = logging.getLogger()
    handlers, level, own = root.handlers[:], root.level, logging.getLogger("ward_hub").level
    stream = io.StringIO()
    set_up_logs("json", logging.DEBUG, stream)
    name_hub("0a1b2c3d")
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.getLogger("ward_hub").setLevel(own)


def lines_of(told: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.getvalue().splitlines()]


def mllp_port(told: io.StringIO) -> int:
    ports = (re.search(r"MLLP on port (\d+)", line["message"]) for line in lines_of(told))
    return next(int(found[1]) for found in ports if found)


async def feed(port: int) -> None:
    """Admit everybody, discharge one, and send messages about the others that cannot be taken."""
    client = MllpClient("127.0.0.1", port)
    try:
        events = [*(("A01", bed) for bed in HERE), ("A03", "gone"), ("A01", "b02")]
        for number, (event, bed) in enumerate(events):
            lies = PATIENTS[bed]
            lying = Lying(
                replace(lies.patient, admitted_at=now_ms() - DAY_MS, operation_at=now_ms() + DAY_MS),
                lies.room,
                lies.bed,
            )
            message = write(event, now_ms(), f"watch{number}", 1, STAFF, [lying])
            assert b"MSA|AA" in await client.send(message)
            if bed == "b03":
                anew = message.replace(b"watch", b"again")
                for wrong in (anew.replace(b"|19610203|", b"|1961\xff|"), anew.replace(b"PID|", b"XXX|")):
                    assert b"MSA|AA" not in await client.send(wrong)
    finally:
        await client.close()


@asynccontextmanager
async def station(hub: HubHere) -> AsyncIterator[tuple[RawSocket, str]]:
    """The station's socket with a nurse signed in, and her token."""
    token = (await (await hub.account("station-main")).token()).token
    signed = {"number": "n001", "password": PASSWORD}
    answer = await hub.http.post(
        "/api/staff/sign-in", json=signed, headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, answer.text
    async with raw_socket(hub.url) as raw:
        yield raw, str(answer.json()["token"])


async def put(raw: RawSocket, document: str, root: str, text: str, token: str) -> None:
    await raw.open(document, token)
    await raw.until(lambda: raw.synced(document))
    replica = raw.replica(document)
    before = replica.get_state()
    replica.get(root, type=Text).insert(0, text)
    await raw.send(document, Update(replica.get_update(before)))
    await raw.until(lambda: bool(raw.statuses(document)))


async def refused(hub: HubHere, raw: RawSocket, token: str) -> None:
    """Ask for what is not there in the name of a patient, and send what cannot be read."""
    name = PATIENTS["b02"].name
    bearer = {"authorization": f"Bearer {token}"}
    await hub.http.get("/api/wards/thoracic/calls", params={"from": name}, headers=bearer)
    await hub.http.post("/api/staff/sign-in", json={"number": "n001", "password": name}, headers=bearer)
    await hub.http.post("/api/office/sign-in", json={"number": name, "password": name})
    await raw.send(names.handover(WARD, datetime.now(UTC).strftime("%Y-%m-%d"), "day"), Update(name.encode()))
    await raw.send(names.beds(WARD), AuthToken(f"{token}x"), Update(name.encode()))
    await raw.fence()


async def test_log_metrics_health_and_top_name_nobody(
    tmp_path: Path, standard_ward: Path, told: io.StringIO
) -> None:
    """CALL-08 and the rules of privacy hold for what engineers see too."""
    async with hub_here(tmp_path, standard_ward, mllp=True) as hub:
        await feed(mllp_port(told))
        bed = await hub.terminal("bed-b01")
        async with station(hub) as (raw, token):
            today = names.handover(WARD, datetime.now(UTC).strftime("%Y-%m-%d"), "day")
            await put(raw, names.memos(WARD, datetime.now(UTC).strftime("%Y-%m")), "text:m1", MEMO, token)
            await put(raw, today, "advice:watch", HANDOVER, token)
            call, _ = await bed.press("patient", "bed:b01")
            metrics = await hub.http.get("/metrics")
            assert re.search(r'wardline_calls_open\{state="\w+"\} 1\.0', metrics.text)
            await refused(hub, raw, token)
            await bed.act(Act.CANCELLED, [call])
            metrics = await hub.http.get("/metrics")
            health = await hub.http.get("/health/ready")
    assert metrics.status_code == health.status_code == 200
    scrape = parse_scrape(metrics.text, 0.0)
    assert scrape.by("feed_messages_total", "outcome") == {"taken": len(HERE) + 2, "refused": 2}
    assert scrape.value("facts_taken_total") == 2
    assert scrape.by("updates_refused_total", "reason")
    assert scrape.by("terminals_connected", "kind") == {"bedside": 1, "station": 1}
    frame = screen.frame(scrape, None, None, hub.url, 1.0, (400, 90))
    drawn = "\n".join(screen.paint(line, True) for line in frame)
    lines = lines_of(told)
    spoke = {line["logger"] for line in lines}
    assert {"ward_hub.edge", "ward_hub.edge.errors", "ward_hub.doc_rooms", "ward_hub.ingest.intake"} <= spoke
    assert {line["hub"] for line in lines} == {"0a1b2c3d"}
    log = "\n".join(line["logger"] + line["message"] + line.get("error", "") for line in lines)
    for what in (log, metrics.text, health.text, drawn):
        assert tells(what.encode(), people_and_words()) == []
        assert token not in what
    for terminal in ("bed-b01", "station-main"):
        assert terminal not in metrics.text
