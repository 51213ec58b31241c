"""What a play is told: which terminals there are, where the hub is, how much to do. Written as JSON.

The hospital is made in one process and played in another, because gevent changes the sockets and threads of
the process it is in.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOM_KINDS = frozenset({"bedside", "door"})


@dataclass(frozen=True, slots=True)
class Seat:
    """One terminal: its place, its key (private number in hex) and the documents it always holds."""

    terminal: str
    kind: str
    ward: str
    profile: str
    room: str | None
    bed: str | None
    key: str
    token: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much a scenario does.

    `speed_up`: how many times faster than 7 calls/h a ward. `ask_tokens`: over HTTP, as a terminal that has
    just started; else with the token minted for the run. `budget_scale`: every budget times this.
    """

    scenario: str
    wards: int = 1
    seats: int = 0
    """Of the ward, 0 for all."""
    patients: bool = True
    ask_tokens: bool = False
    power_cut: bool = False
    join_s: float = 1.0
    seconds: float = 10.0
    speed_up: float = 2000.0
    messages: int = 0
    budget_scale: float = 1.0
    patience_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Stage:
    """All that the playing process needs. `stays`: ward → stays lying there; `password`: everybody's."""

    plan: Plan
    port: int
    mllp_port: int
    hub: int
    """Process id."""
    password: str
    seats: tuple[Seat, ...] = ()
    stays: dict[str, tuple[str, ...]] = field(default_factory=dict)


def write_stage(stage: Stage, path: Path) -> None:
    """Write what `read_stage` reads. It holds keys and tokens: the file is for its owner alone."""
    path.touch(0o600)
    path.write_text(json.dumps(asdict(stage)), "utf-8")


def read_stage(path: Path) -> Stage:
    """Read what `write_stage` wrote."""
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    seats = tuple(Seat(**{**seat, "documents": tuple(seat["documents"])}) for seat in told.pop("seats"))
    stays = {ward: tuple(held) for ward, held in told.pop("stays").items()}
    return Stage(plan=Plan(**told.pop("plan")), seats=seats, stays=stays, **told)
