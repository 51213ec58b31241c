"""A real hub with two wards, patients from the feed, and tokens of every kind: for trials of who gets what.

Names, numbers and diagnoses are such that none of them stands anywhere by chance.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from ward_hub.call_points.custody import load_custody
from ward_hub.call_points.store import make_keys
from ward_hub.db.engine import Database, open_database, sqlite_url
from ward_hub.demo.his_messages import WARD as FEED_WARD
from ward_hub.demo.his_messages import Lying, write
from ward_hub.demo.his_messages import Staff as Named
from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.people import Patient
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import store
from ward_hub.directory.model import Bed, Role, Room, Staff, Terminal, TerminalKind, Ward
from ward_hub.directory.store import terminal_value
from ward_hub.directory.tables import TerminalRow
from ward_hub.identity.enrolment import make_code
from ward_hub.identity.installation import load_installation
from ward_hub.identity.tokens import Tokens, load_secret
from ward_hub.ingest.hl7.mllp import MllpClient
from ward_hub.record.tables import EncounterRow

from tests.helpers.hub_process import DATABASE, PASSWORD, HubProcess, run_async
from tests.helpers.ward_hub_here import empty_app, now_ms

WARD, OTHER = "thoracic", "cardiac"
DAY_MS = 86_400_000
_FED_BY = Named((("d001", "陆景明"),), (("n001", "林晓月"),))


def _patient(number: int, family: str, given: str, code: str, diagnosis: str, operation: str) -> Patient:
    return Patient(
        number=number,
        family=family,
        given=given,
        sex="F",
        birth="19610203",
        code=code,
        diagnosis=diagnosis,
        operation=operation,
        admitted_at=0,
        operation_at=None,
        doctor=0,
        care_level="1",
        condition="病重",
        diet=("禁食",),
        risks=("跌倒", "出血"),
        isolation="接触隔离",
        allergies=((f"AL{number}", f"{given}过敏原", "SV"),),
        payment="自费",
        arrears=True,
    )


@dataclass(frozen=True, slots=True)
class Lies:
    """A patient of the filled ward. `private`: the diagnosis is one that no screen may show."""

    patient: Patient
    ward: str
    room: str
    bed: str
    private: bool = False

    @property
    def name(self) -> str:
        return self.patient.family + self.patient.given


PATIENTS = {
    "b01": Lies(_patient(91001, "甄", "隐瑄", "B18.1", "慢性乙型肝炎", "肝脏活检术"), WARD, "701", "1", True),
    "b02": Lies(_patient(91002, "贺", "琼枝", "Q67.6", "漏斗胸畸形", "胸骨翻转术"), WARD, "701", "2"),
    "b03": Lies(_patient(91003, "卓", "穆青", "S22.4", "肋骨骨折群", "肋骨环抱器术"), WARD, "702", "3"),
    "k01": Lies(_patient(91004, "褚", "遥岑", "I34.0", "二尖瓣闭锁", "瓣环成形术"), OTHER, "K1", "K1"),
    "gone": Lies(_patient(91005, "戴", "晚舟", "J93.1", "张力性气胸", "胸腔闭式引流"), WARD, "703", "5"),
}
"""By bed; `gone` lay in bed 5 and was discharged."""

NOTE, MEMO, HANDOVER = "护理记录密语一二三", "备忘密语四五六", "交班密语七八九"
"""What nurses wrote: on the stay of b01, on the ward's memos, into today's handover of b01."""

_OTHER_TERMINALS = (
    Terminal("k-station", OTHER, TerminalKind.STATION, "station-main-10", "心内护士站", "Station"),
    Terminal("k-bed", OTHER, TerminalKind.BEDSIDE, "bedside-7", "K1床头屏", "Bed K1", "k1", "k01"),
    Terminal("k-door", OTHER, TerminalKind.DOOR, "door-15", "K1门口屏", "Door K1", "k1"),
)
POINT = Terminal(
    "bath-r01", WARD, TerminalKind.CALL_POINT, "bathroom-caller-network", "卫生间", "Bath", "r01"
)


@dataclass
class FilledWard:
    """The running hub. `device_key` is the call point's; `stays`: bed (or `gone`) → stay."""

    hub: HubProcess
    device_key: bytes
    stays: dict[str, str] = field(default_factory=dict)
    keys: dict[str, TerminalKey] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.hub.url

    def database(self) -> Database:
        return open_database(sqlite_url(self.hub.data / DATABASE))

    async def account(self, http: httpx.AsyncClient, terminal: str) -> HubAccount:
        """The terminal's account, enrolled at the first call."""
        if terminal in self.keys:
            return HubAccount(http, terminal, self.keys[terminal])
        key = self.keys[terminal] = TerminalKey.generate()
        account = HubAccount(http, terminal, key)
        database = self.database()
        try:
            async with database.session.begin() as session:
                code = await make_code(session, terminal, now_ms())
        finally:
            await database.close()
        await account.enrol(code)
        return account

    async def token(self, terminal: str, number: str | None = None) -> str:
        """A terminal's token; with `number` of a person who signs in there with a password."""
        if terminal == POINT.id:
            return await self.minted(terminal)
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            token = (await (await self.account(http, terminal)).token()).token
            if number is None:
                return token
            answer = await http.post(
                "/api/staff/sign-in",
                json={"number": number, "password": PASSWORD},
                headers={"authorization": f"Bearer {token}"},
            )
            assert answer.status_code == 200, answer.text
            return str(answer.json()["token"])

    async def minted(self, terminal: str) -> str:
        """A token as the hub would make it. No call point can get one: its key never leaves the hub."""
        database = self.database()
        try:
            async with database.session() as session:
                value = terminal_value(await session.get_one(TerminalRow, terminal))
            installation = await load_installation(database)
        finally:
            await database.close()
        return Tokens(load_secret(self.hub.data), installation.id).issue(value, now_ms()).token

    def office(self, number: str | None) -> httpx.Client:
        """A browser at the back office, signed in as the person with that number."""
        http = httpx.Client(base_url=self.url, headers={"x-wardline-office": "1"}, trust_env=False)
        if number is not None:
            answer = http.post("/api/office/sign-in", json={"number": number, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
        return http

    async def feed(self, event: str, bed: str) -> None:
        """Send one message about the patient of that bed over MLLP."""
        lies = PATIENTS[bed]
        now = now_ms()
        lying = Lying(
            replace(lies.patient, admitted_at=now - DAY_MS, operation_at=now + DAY_MS), lies.room, lies.bed
        )
        message = write(event, now, f"{event}{bed}{time.monotonic_ns()}", 1, _FED_BY, [lying])
        if lies.ward != WARD:
            message = message.replace(FEED_WARD.encode(), lies.ward.encode())
        client = MllpClient("127.0.0.1", self.hub.mllp_port)
        try:
            answer = await client.send(message)
        finally:
            await client.close()
        assert b"MSA|AA" in answer, answer

    async def find_stays(self) -> None:
        """Wait until the feed's patients lie in their beds, and remember their stays."""
        database = self.database()
        try:
            async with asyncio.timeout(10):
                while len(found := await _stays(database)) < len(PATIENTS):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)  # another process fills the table
        finally:
            await database.close()
        self.stays = {bed: found[lies.patient.visit] for bed, lies in PATIENTS.items()}


async def _stays(database: Database) -> dict[str, str]:
    """Visit → stay, of all that the feed has taken."""
    async with database.session() as session:
        rows = (await session.scalars(select(EncounterRow))).all()
    return {row.visit: row.stay for row in rows}


async def _prepare(data: Path) -> bytes:
    """Add the other ward and a call point; returns the device's key."""
    database = open_database(sqlite_url(data / DATABASE))
    try:
        async with database.session.begin() as session:
            await store.store_ward(session, Ward(OTHER, "心内科病区", "Cardiology"))
            await store.store_rooms(session, OTHER, [Room("k1", "K1", 1)])
            await store.store_beds(session, OTHER, [Bed("k01", "K1", "K1床", "k1", 1)])
            await store.store_terminals(session, [*_OTHER_TERMINALS, POINT])
            await store.store_staff(session, [Staff("m001", OTHER, "m001", "尤知夏", Role.NURSE)])
            return (await make_keys(session, POINT.id, "e001", now_ms(), load_custody(data))).device_key
    finally:
        await database.close()


@contextmanager
def filled_ward(folder: Path, standard_ward: Path) -> Iterator[FilledWard]:
    """Run the hub, its patients in their beds, for as long as the context lasts."""
    template = folder / "template"
    shutil.copytree(standard_ward, template)
    device_key = run_async(_prepare(template))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARDLINE_APP", str(empty_app(folder / "app")))
        hub = HubProcess(folder / "hub", template)
        hub.start()
    ward = FilledWard(hub, device_key)

    async def fill() -> None:
        for bed in PATIENTS:
            await ward.feed("A01", bed)
        await ward.find_stays()
        await ward.feed("A03", "gone")

    try:
        run_async(fill())
        yield ward
    finally:
        hub.stop()
