"""What a check says of the updates in a log, whichever store holds them."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc, Text
from ward_hub.log.check import check_document, check_records
from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import Finding, Record, RecordKind, Severity


def update(document: str, payload: bytes) -> Record:
    return Record(document, RecordKind.UPDATE, payload, 1)


def written(count: int) -> list[bytes]:
    """Updates that build on each other."""
    doc: Doc[Any] = Doc(client_id=9)
    text = doc.get("t", type=Text)
    out: list[bytes] = []
    subscription = doc.observe(lambda event: out.append(event.update))
    for number in range(count):
        text += str(number)
    doc.unobserve(subscription)
    return out


async def findings_of(log: MemoryLog) -> list[Finding]:
    return [finding async for finding in check_records(log)]


async def test_sound_documents_have_no_findings() -> None:
    log = MemoryLog()
    await log.append([update("a", payload) for payload in written(5)] + [update("b", b"\x00\x00")])
    assert await findings_of(log) == []


async def test_an_update_that_cannot_be_read_is_damage_and_the_others_are_still_looked_at() -> None:
    log = MemoryLog()
    good = written(3)
    await log.append([update("a", good[0]), update("a", b"\xff"), update("a", good[1][:-3])])
    await log.append([update("b", good[0]), update("b", good[2])])
    found = await findings_of(log)
    assert [(f.severity, f.document, f.place) for f in found] == [
        (Severity.DAMAGE, "a", "update 2 of 3"),
        (Severity.DAMAGE, "a", "update 3 of 3"),
        (Severity.NOTICE, "b", "updates"),
    ]


def test_a_missing_update_shows_by_those_that_build_on_it() -> None:
    """SY4: kept and offered again; of a check it is worth knowing."""
    payloads = written(5)
    assert check_document("a", payloads) == []
    (finding,) = check_document("a", [*payloads[:2], *payloads[3:]])
    assert finding.severity is Severity.NOTICE
    assert "2 of 4 updates" in finding.what
