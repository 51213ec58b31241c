"""The directory of each ward as the call rules read it, from the one the hub holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ward_sync.directory import Directory, parse_directory

from ward_hub.calls.call_types import call_types_of
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.project import ward_directory
from ward_hub.documents.port import Json


class WardDirectories:
    """Parsed once a change of the directory. `call_types`: the shipped ones; `clock` gives ms; `relay_key`:
    public key of the media relay."""

    def __init__(
        self,
        current: CurrentDirectory,
        call_types: Mapping[str, Json],
        clock: Callable[[], int],
        relay_key: str | None = None,
    ) -> None:
        self._current = current
        self._call_types = call_types
        self._clock = clock
        self._relay_key = relay_key
        self._version = -1
        self._parsed: dict[str, Directory] = {}

    def of(self, ward: str) -> Directory | None:
        """Return the ward's directory now, or None when there is no such ward."""
        if self._version != self._current.version:
            self._version = self._current.version
            self._parsed = {}
        if ward not in self._parsed and ward in self._current.model.wards:
            priorities = self._current.priorities.get(ward, {})
            roots = ward_directory(self._current.model, ward, priorities, self._clock(), self._relay_key)
            values: dict[str, Json] = {name: dict(root) for name, root in roots.items()}
            call_types = call_types_of(self._call_types, self._current.model.wards[ward].call_types)
            self._parsed[ward] = parse_directory({**values, "call_types": call_types})
        return self._parsed.get(ward)
