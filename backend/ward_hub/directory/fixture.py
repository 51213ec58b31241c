"""The standard ward: 26 rooms, 46 beds, 78 screens, 20 PDAs, people and today's turns; for demo and tests.

Twenty double rooms and six single ones make the ward of the requirement. All names are invented.
"""

from __future__ import annotations

from ward_hub.db.engine import Database
from ward_hub.directory import store
from ward_hub.directory.model import (
    Bed,
    CallGroup,
    Duty,
    Hospital,
    Role,
    Room,
    Staff,
    Terminal,
    TerminalKind,
    Ward,
)
from ward_hub.identity.passwords import Passwords
from ward_hub.identity.staff import store_password

WARD = "thoracic"
DOUBLE_ROOMS = 20
SINGLE_ROOMS = 6
PDAS = 20
NURSES_ON_DUTY = 8
SHIFT_MS = 8 * 3_600_000

_DOCTORS = ("陆景明", "沈知远", "韩慕白", "苏砚秋", "程以宁", "方敬之", "孟书恒")
_HEAD_NURSE = "顾云溪"
_NURSES = (
    "林晓月", "王思雨", "陈雨桐", "赵梦洁", "周静怡", "吴佳宁", "郑雅文", "冯若兰",
    "许诗涵", "何欣然", "吕婉清", "施念慈", "张语嫣", "孔令仪", "曹安琪", "严秋水",
    "华子衿", "金雪莹", "魏芷若", "陶乐怡", "姜采薇", "戚沐晴", "谢南乔", "邹语桐",
)  # fmt: skip
_STATIONS = ("station-main", "station-vice")


def rooms() -> list[Room]:
    """r01 to r26, called 701 to 726."""
    return [Room(f"r{n:02d}", str(700 + n), n) for n in range(1, DOUBLE_ROOMS + SINGLE_ROOMS + 1)]


def beds() -> list[Bed]:
    """b01 to b46: two in each of the first twenty rooms, one in each of the others."""
    numbers = [n for n in range(1, DOUBLE_ROOMS + 1) for _ in range(2)]
    numbers += range(DOUBLE_ROOMS + 1, DOUBLE_ROOMS + SINGLE_ROOMS + 1)
    return [
        Bed(f"b{order:02d}", str(order), f"{order}床", f"r{room:02d}", order)
        for order, room in enumerate(numbers, start=1)
    ]


def terminals() -> list[Terminal]:
    """All slots of the ward: 46 bedsides, 26 doors, 3 corridor screens, 2 stations, 1 whiteboard, 20 PDAs."""

    def slot(
        terminal: str,
        kind: TerminalKind,
        profile: str,
        name: str,
        name_en: str,
        room: str | None = None,
        bed: str | None = None,
    ) -> Terminal:
        supervised = kind is not TerminalKind.PDA
        return Terminal(terminal, WARD, kind, profile, name, name_en, room, bed, supervised=supervised)

    return [
        *(
            slot(
                f"bed-{bed.id}",
                TerminalKind.BEDSIDE,
                "bedside-7",
                f"{bed.label}床床头屏",
                f"Bed {bed.label}",
                bed.room,
                bed.id,
            )
            for bed in beds()
        ),
        *(
            slot(
                f"door-{room.id}",
                TerminalKind.DOOR,
                "door-15",
                f"{room.name}门口屏",
                f"Door {room.name}",
                room.id,
            )
            for room in rooms()
        ),
        *(
            slot(f"corridor-{n}", TerminalKind.CORRIDOR, "corridor-29", f"走廊屏{n}", f"Corridor {n}")
            for n in (1, 2, 3)
        ),
        slot("station-main", TerminalKind.STATION, "station-main-10", "护士站主机", "Main station"),
        slot("station-vice", TerminalKind.STATION, "station-vice-10", "护士站副机", "Vice station"),
        slot("whiteboard", TerminalKind.WHITEBOARD, "whiteboard-65", "白板屏", "Whiteboard"),
        *(
            slot(f"pda-{n:02d}", TerminalKind.PDA, "pda-phone", f"PDA {n}", f"PDA {n}")
            for n in range(1, PDAS + 1)
        ),
    ]


def staff() -> list[Staff]:
    """One director and six doctors (d001…), a head nurse (h001), 24 nurses (n001…), an engineer (e001)."""
    people = [
        Staff(f"d{n:03d}", WARD, f"d{n:03d}", name, Role.DOCTOR, "director" if n == 1 else None)
        for n, name in enumerate(_DOCTORS, start=1)
    ]
    people.append(Staff("h001", WARD, "h001", _HEAD_NURSE, Role.HEAD_NURSE))
    people += [
        Staff(f"n{n:03d}", WARD, f"n{n:03d}", name, Role.NURSE) for n, name in enumerate(_NURSES, start=1)
    ]
    people.append(Staff("e001", WARD, "e001", "石工", Role.ENGINEER))
    return people


def administrators() -> list[Staff]:
    """The three of the installation, who belong to no ward: a001 system, a002 security, a003 audit."""
    return [
        Staff("a001", None, "a001", "系统管理员", Role.SYSTEM_ADMIN),
        Staff("a002", None, "a002", "安全管理员", Role.SECURITY_ADMIN),
        Staff("a003", None, "a003", "审计管理员", Role.AUDIT_ADMIN),
    ]


def groups() -> list[CallGroup]:
    """东区 with beds 1 to 23 and 西区 with 24 to 46; both are heard at both stations."""
    halves = (("east", "东区", beds()[:23], 0), ("west", "西区", beds()[23:], 1))
    return [
        CallGroup(
            id=group,
            name=name,
            order=order,
            stations=_STATIONS if order == 0 else tuple(reversed(_STATIONS)),
            beds=tuple(bed.id for bed in half),
            rooms=tuple(dict.fromkeys(bed.room for bed in half)),
            staff=tuple(f"n{n:03d}" for n in range(1 + 12 * order, 13 + 12 * order)),
        )
        for group, name, half, order in halves
    ]


def duty(now: int) -> list[Duty]:
    """The turn of `now` (ms): four nurses of each half share its beds; they and the head nurse have PDAs."""
    turns: list[Duty] = []
    for group in groups():
        nurses = group.staff[: NURSES_ON_DUTY // 2]
        for place, nurse in enumerate(nurses):
            turns.append(
                Duty(
                    nurse,
                    group.beds[
                        place * len(group.beds) // len(nurses) : (place + 1) * len(group.beds) // len(nurses)
                    ],
                    since=now,
                    pda=f"pda-{len(turns) + 1:02d}",
                )
            )
    turns.append(Duty("h001", (), since=now, pda=f"pda-{PDAS:02d}"))
    return turns


async def build_standard_ward(
    database: Database, *, now: int, password: str, passwords: Passwords | None = None
) -> None:
    """Fill an empty directory with the standard ward; everybody signs in with `password`.

    Turns begin at `now` and are open, so that a demo left running keeps somebody on duty. Building it twice
    leaves keys and states of terminals as they are.
    """
    passwords = passwords or Passwords()
    async with database.session.begin() as session:
        await store.store_hospital(session, Hospital("示范医院", "Demonstration Hospital"))
        await store.store_ward(session, Ward(WARD, "胸壁外科病区", "Chest wall surgery"))
        await store.store_rooms(session, WARD, rooms())
        await store.store_beds(session, WARD, beds())
        await store.store_terminals(session, terminals())
        await store.store_staff(session, [*staff(), *administrators()])
        for group in groups():
            await store.store_group(session, WARD, group)
        await store.store_duty(session, WARD, duty(now))
    hashed = {person.id: await passwords.hash(password) for person in (*staff(), *administrators())}
    async with database.session.begin() as session:
        for person, password_hash in hashed.items():
            await store_password(session, person, password_hash, now)
