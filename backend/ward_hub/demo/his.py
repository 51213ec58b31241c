"""The demo's hospital information system: an independent program that speaks HL7 v2 over MLLP.

It fills the ward, then goes on living: updates, transfers, discharges, admissions. It waits for each
acknowledgement, and after a loss connects again and sends again. The same seed lives the same life.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

from ward_hub.demo.his_messages import Lying, Staff, write
from ward_hub.demo.people import DIETS, RISKS, Patient, from_json, make_patient
from ward_hub.directory import fixture
from ward_hub.directory.model import Role
from ward_hub.ingest.hl7.mllp import MllpClient

log = logging.getLogger(__name__)

FIRST_PATIENTS = 42
FEWEST, MOST = 38, 45
KEPT_BED = "1"
"""The bed on the demo wall: who lies there may change places, but the bed is never left empty."""

RETRY_S = 1.0
LONGEST_RETRY_S = 5.0


class Hospital:
    """The ward as the hospital knows it: a pure model that returns the messages it would send.

    `beds`: (room name, bed label) in order. All times are arguments, in ms.
    """

    def __init__(self, seed: int, beds: tuple[tuple[str, str], ...], staff: Staff, name: str = "D") -> None:
        """`name` begins the control ids; two lives on one hub need two names."""
        self._seed = seed
        self._name = name
        self._room_of = {bed: room for room, bed in beds}
        self._staff = staff
        self._lying: dict[str, Patient] = {}
        self._steps = 0
        self._next = 1
        self._serial = 0

    @property
    def patients(self) -> dict[str, Patient]:
        """Bed label → who lies there."""
        return dict(self._lying)

    def fill(self, now: int) -> list[bytes]:
        """Admit the first patients, over the days before `now`."""
        dice = self._dice("fill")
        beds = dice.sample([bed for bed in self._room_of if bed != KEPT_BED], FIRST_PATIENTS - 1)
        order = [bed for bed in self._room_of if bed == KEPT_BED or bed in beds]
        messages = []
        for bed in order:
            admitted_at = now - dice.randint(2, 14 * 24) * 3_600_000
            messages.append(self._admit(bed, admitted_at, now))
        return messages

    def tell_all(self, now: int) -> list[bytes]:
        """Say of every patient where they are: after a start, when messages may have been lost."""
        return [self._message("A08", now, bed) for bed in self._lying]

    def step(self, now: int) -> list[bytes]:
        """Let something happen."""
        self._steps += 1
        dice = self._dice(f"step:{self._steps}")
        free = [bed for bed in self._room_of if bed not in self._lying]
        taken = [bed for bed in self._lying if bed != KEPT_BED]
        kind = dice.choices(("update", "transfer", "discharge", "admit", "swap"), (60, 12, 12, 12, 4))[0]
        if kind == "discharge" and len(self._lying) > FEWEST:
            bed = min(dice.sample(taken, 5), key=lambda one: self._lying[one].admitted_at)
            return [self._leave(bed, now)]
        if kind == "admit" and free and len(self._lying) < MOST:
            return [self._admit(dice.choice(free), now, now)]
        if kind == "transfer" and free:
            return [self._move(dice.choice(taken), dice.choice(free), now)]
        if kind == "swap":
            one, other = dice.sample(list(self._lying), 2)
            return [self._swap(one, other, now)]
        return [self._update(dice.choice(list(self._lying)), now, dice)]

    def save(self) -> dict[str, Any]:
        """Return the model as JSON values."""
        return {
            "seed": self._seed,
            "name": self._name,
            "steps": self._steps,
            "next": self._next,
            "serial": self._serial,
            "lying": {bed: asdict(patient) for bed, patient in self._lying.items()},
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Become what `save` returned. Raises KeyError, TypeError for anything else."""
        lying = {bed: from_json(values) for bed, values in saved["lying"].items()}
        self._steps, self._next, self._serial = saved["steps"], saved["next"], saved["serial"]
        self._seed, self._name, self._lying = saved["seed"], saved["name"], lying

    def _admit(self, bed: str, admitted_at: int, now: int) -> bytes:
        doctors = len(self._staff.doctors)
        self._lying[bed] = make_patient(self._seed, self._next, admitted_at, now, doctors)
        self._next += 1
        return self._message("A01", now, bed)

    def _leave(self, bed: str, now: int) -> bytes:
        message = self._message("A03", now, bed)
        del self._lying[bed]
        return message

    def _move(self, bed: str, to: str, now: int) -> bytes:
        self._lying[to] = self._lying.pop(bed)
        return self._message("A02", now, to, prior=bed)

    def _swap(self, one: str, other: str, now: int) -> bytes:
        self._lying[one], self._lying[other] = self._lying[other], self._lying[one]
        return self._write("A17", now, [self._place(one, other), self._place(other, one)])

    def _update(self, bed: str, now: int, dice: Random) -> bytes:
        patient = self._lying[bed]
        levels = [level for level in "0123" if abs(int(level) - int(patient.care_level)) == 1]
        changes: tuple[dict[str, Any], ...] = (
            {"care_level": dice.choice(levels)},
            {"diet": (dice.choice(DIETS),)},
            {"arrears": not patient.arrears},
            {"risks": tuple(sorted({*patient.risks[:3], dice.choice(RISKS)}))},
            {"risks": patient.risks[1:]},
            {"operation_at": now + dice.randint(4, 40) * 1_800_000},
        )
        weights = (3, 3, 1, 2, 1, 0 if (patient.operation_at or now) < now else 1)
        change = dice.choices(changes, weights)[0]
        level = change.get("care_level")
        if level is not None:
            change["condition"] = "病危" if level == "0" else "病重" if level == "1" else "一般"
        self._lying[bed] = replace(patient, **change)
        return self._message("A08", now, bed)

    def _message(self, event: str, now: int, bed: str, prior: str | None = None) -> bytes:
        return self._write(event, now, [self._place(bed, prior)])

    def _place(self, bed: str, prior: str | None) -> Lying:
        came = (self._room_of[prior], prior) if prior else None
        return Lying(self._lying[bed], self._room_of[bed], bed, came)

    def _write(self, event: str, now: int, lying: list[Lying]) -> bytes:
        self._serial += 1
        serial = f"{self._name}{self._serial:06d}"
        return write(event, now, serial, self._serial, self._staff, lying)

    def _dice(self, throw: str) -> Random:
        return Random(f"{self._seed}:{throw}")  # noqa: S311 - a demo's dice, to be thrown the same way again


class Diary:
    """What the hospital must remember over a restart: its ward, and messages without acknowledgement."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self) -> tuple[dict[str, Any], list[bytes]] | None:
        """Return the ward and the messages, None where nothing (or nothing readable) was kept."""
        try:
            kept = json.loads(self._path.read_text("utf-8")) if self._path else None
            return (kept["ward"], [one.encode("latin-1") for one in kept["unsent"]]) if kept else None
        except (OSError, ValueError, KeyError):
            return None

    def write(self, ward: dict[str, Any], unsent: list[bytes]) -> None:
        """Keep both, or neither. Raises OSError."""
        if self._path is None:
            return
        kept = {"ward": ward, "unsent": [one.decode("latin-1") for one in unsent]}
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(kept), "utf-8")
        draft.replace(self._path)


async def run_his(
    host: str,
    port: int,
    clock: Callable[[], int],
    *,
    interval_s: float = 40.0,
    seed: int = 7,
    staff: Staff | None = None,
    diary: Path | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Live until cancelled: fill the ward, then let something happen every `interval_s`.

    `clock` gives ms. With `diary` (a file) a restart goes on where it was; without, the same first patients
    come again under the same numbers.
    """
    keeper = Diary(diary)
    hospital = Hospital(seed, standard_beds(), staff or standard_staff(), f"D{clock() // 1000}-")
    kept = await asyncio.to_thread(keeper.read)
    unsent: list[bytes] = []
    if kept is not None:
        hospital.restore(kept[0])
        unsent = kept[1] + hospital.tell_all(clock())
    else:
        unsent = hospital.fill(clock())
    client = MllpClient(host, port)
    try:
        while True:
            await asyncio.to_thread(keeper.write, hospital.save(), unsent)
            for message in unsent:
                await _deliver(client, message, sleep)
            await asyncio.to_thread(keeper.write, hospital.save(), [])
            await sleep(interval_s)
            unsent = hospital.step(clock())
    finally:
        await client.close()


NOT_STORED = b"|207^"
"""Table 0357: an error in the receiver, not in the message. It asks for the message again."""


async def _deliver(client: MllpClient, message: bytes, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Send until it is acknowledged; what the hub does not take is logged and not sent again."""
    wait_s = RETRY_S
    while True:
        try:
            answer = await client.send(message)
        except OSError as error:
            log.info("his: no acknowledgement (%s), sending again in %s s", error, wait_s)
            await sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_RETRY_S)
            continue
        if NOT_STORED in answer:
            log.info("his: the hub could not store it, sending again in %s s", wait_s)
            await sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_RETRY_S)
            continue
        if b"\rMSA|AA|" not in answer:
            log.warning("his: not taken: %s", answer.replace(b"\r", b" ").decode("utf-8", "replace"))
        return


def standard_beds() -> tuple[tuple[str, str], ...]:
    """(room name, bed label) of the standard ward."""
    names = {room.id: room.name for room in fixture.rooms()}
    return tuple((names[bed.room], bed.label) for bed in fixture.beds())


def standard_staff() -> Staff:
    """The doctors and nurses of the standard ward."""
    people = fixture.staff()
    doctors = [(one.number, one.name) for one in people if one.role is Role.DOCTOR and one.title is None]
    nurses = [(one.number, one.name) for one in people if one.role is Role.NURSE]
    return Staff(tuple(doctors), tuple(nurses))
