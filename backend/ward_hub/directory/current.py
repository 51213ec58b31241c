"""The directory as the running hub knows it now: one writer (the projector), many readers.

Gate, call service and edge look here without waiting; nobody reads SQL to answer a frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ward_hub.directory.model import EMPTY, DirectoryModel, Priority, Terminal

V = TypeVar("V")


class CurrentDirectory:
    """Model, occupancy and priorities. `version` grows with every change, so that readers may cache by it."""

    def __init__(self, model: DirectoryModel = EMPTY) -> None:
        self.version = 0
        self.occupancy: dict[str, dict[str, str | None]] = {}
        self.priorities: dict[str, dict[str, Priority]] = {}
        self.model = model
        self._terminals: dict[str, Terminal] = {}
        self.replace_model(model)

    def terminal(self, terminal: str) -> Terminal | None:
        """The terminal with this id as it stands in the directory now."""
        return self._terminals.get(terminal)

    @property
    def loaded(self) -> bool:
        """Whether the directory has been read: before that nobody is known, and nobody is revoked."""
        return self.model is not EMPTY

    @property
    def terminals(self) -> Mapping[str, Terminal]:
        return self._terminals

    def staff_name(self, ward: str, staff: str) -> str | None:
        """The name of a person of the ward."""
        known = self.model.wards.get(ward)
        person = known.staff.get(staff) if known else None
        return person.name if person else None

    def replace_model(self, model: DirectoryModel) -> None:
        self.model = model
        self._terminals = {
            terminal.id: terminal for ward in model.wards.values() for terminal in ward.terminals.values()
        }
        self.version += 1

    def touch(self) -> None:
        """Time has passed a turn's end: what readers derived from the version no longer holds."""
        self.version += 1

    def set_occupancy(self, ward: str, stays: Mapping[str, str | None]) -> bool:
        """Fill or empty beds; returns whether anything changed."""
        return self._merge(self.occupancy.setdefault(ward, {}), stays)

    def set_priorities(self, ward: str, priorities: Mapping[str, Priority]) -> bool:
        """Set beds' classes; returns whether anything changed."""
        return self._merge(self.priorities.setdefault(ward, {}), priorities)

    def _merge(self, held: dict[str, V], given: Mapping[str, V]) -> bool:
        changed = {key: value for key, value in given.items() if key not in held or held[key] != value}
        held.update(changed)
        if changed:
            self.version += 1
        return bool(changed)
