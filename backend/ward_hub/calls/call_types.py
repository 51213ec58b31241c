"""The call types a new ward starts with, as they stand in the settings document (`call_types`, id → type).

A ward may have some of them otherwise, and more of its own: `Ward.call_types`.
"""

import tomllib
from collections.abc import Mapping
from importlib import resources

from ward_sync.facts import Json


def load_call_types() -> dict[str, Json]:
    """Return the shipped call types by id, each with its id inside, as the fold reads them."""
    text = resources.files("ward_hub.calls").joinpath("call_types.toml").read_text("utf-8")
    return {name: {"id": name, **call_type} for name, call_type in tomllib.loads(text).items()}


def call_types_of(shipped: Mapping[str, Json], own: Mapping[str, Json]) -> dict[str, Json]:
    """The types of a ward: the shipped ones in their order, each as the ward has it, then the ward's own."""
    return {**shipped, **own}
