"""The call types a new ward starts with, as they stand in the settings document (`call_types`, id → type)."""

import tomllib
from importlib import resources

from ward_sync.facts import Json


def load_call_types() -> dict[str, Json]:
    """Return the shipped call types by id, each with its id inside, as the fold reads them."""
    text = resources.files("ward_hub.calls").joinpath("call_types.toml").read_text("utf-8")
    return {name: {"id": name, **call_type} for name, call_type in tomllib.loads(text).items()}
