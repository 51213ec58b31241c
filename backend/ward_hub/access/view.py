"""What the rules look at besides the name: which places exist, who lies where, who helps another ward out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ward_hub.directory.model import DirectoryModel
from ward_hub.directory.project import Occupancy


@dataclass(frozen=True, slots=True)
class Place:
    """A bed of a ward."""

    ward: str
    bed: str


@dataclass(frozen=True, slots=True)
class WardView:
    """One moment's view of all wards, for `policy.access`.

    `call_wards`: terminal → other wards whose calls it receives, by call group or hosting. `stays`: stay →
    the beds it lies in. `departed`: stay → the ward it left less than 72 h ago.
    """

    rooms: frozenset[tuple[str, str]] = frozenset()
    beds: frozenset[tuple[str, str]] = frozenset()
    wards: frozenset[str] = frozenset()
    call_wards: Mapping[str, frozenset[str]] = field(default_factory=dict)
    stays: Mapping[str, frozenset[Place]] = field(default_factory=dict)
    departed: Mapping[str, str] = field(default_factory=dict)


def view_of(model: DirectoryModel, occupancy: Occupancy, departed: Mapping[str, str], now: int) -> WardView:
    """Return the view at `now` (ms); it holds until a value changes or `model.next_change_at(now)` comes."""
    return WardView(
        rooms=frozenset((ward.id, room) for ward in model.wards.values() for room in ward.rooms),
        beds=frozenset((ward.id, bed) for ward in model.wards.values() for bed in ward.beds),
        wards=frozenset(model.wards),
        call_wards=_call_wards(model, now),
        stays=_stays(occupancy),
        departed=departed,
    )


def _call_wards(model: DirectoryModel, now: int) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for ward in model.wards.values():
        named: Iterable[str] = (
            *(station for group in ward.groups.values() for station in group.stations),
            *(station for group in ward.groups.values() for station in group.escalate_to),
            *(station for plan in ward.hosting.values() if plan.covers(now) for station in plan.to),
        )
        for terminal in named:
            if terminal not in ward.terminals:
                found.setdefault(terminal, set()).add(ward.id)
    return {terminal: frozenset(wards) for terminal, wards in found.items()}


def _stays(occupancy: Occupancy) -> dict[str, frozenset[Place]]:
    found: dict[str, set[Place]] = {}
    for ward, beds in occupancy.items():
        for bed, stay in beds.items():
            if stay is not None:
                found.setdefault(stay, set()).add(Place(ward, bed))
    return {stay: frozenset(places) for stay, places in found.items()}
