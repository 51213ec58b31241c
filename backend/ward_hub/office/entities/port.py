"""How one kind of thing is read and written: what `changes.py` knows of it beside its value's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.office.port import Value


class Adapter(Protocol):
    """Reads and writes whole values, in the caller's transaction."""

    async def read(self, session: AsyncSession, ward: str | None, entity_id: str, /) -> Value | None:
        """Return what is there now, None when there is nothing of that id."""
        ...

    async def write(
        self, session: AsyncSession, ward: str | None, entity_id: str, value: Value | None, /
    ) -> None:
        """Make it so; None removes it. The value was found to be right (`values.py`, `references.py`).

        May raise EditsRefused with problems of index 0.
        """
        ...


class Field:
    """The fields of a value that was found to be right, with their types."""

    def __init__(self, value: Value) -> None:
        self._value = value

    def text(self, name: str) -> str:
        return cast(str, self._value[name])

    def text_or_none(self, name: str) -> str | None:
        return cast("str | None", self._value[name])

    def whole(self, name: str) -> int:
        return cast(int, self._value[name])

    def whole_or_none(self, name: str) -> int | None:
        return cast("int | None", self._value[name])

    def yes(self, name: str) -> bool:
        return cast(bool, self._value[name])

    def texts(self, name: str) -> list[str]:
        return list(cast("list[str]", self._value[name]))

    def wholes(self, name: str) -> list[int]:
        return list(cast("list[int]", self._value[name]))

    def object(self, name: str) -> dict[str, object]:
        return dict(cast("Mapping[str, object]", self._value[name]))


def of_ward(ward: str | None) -> str:
    """The ward of an entity that belongs to one. `values.edit_faults` has refused edits without."""
    if ward is None:
        raise ValueError("expected a ward")
    return ward
