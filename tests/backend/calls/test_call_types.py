"""The shipped call types are whole, and strict where presence matters (domain: the clearing rule)."""

from ward_hub.calls.call_types import load_call_types
from ward_sync.directory import parse_directory
from ward_sync.entitlement import MAY_ACT
from ward_sync.tones import LIGHTS, TONES


def test_shipped_types_are_complete() -> None:
    loaded = load_call_types()
    types = parse_directory({"call_types": loaded}).call_types
    assert set(types) == set(loaded) == {
        "patient", "dressing", "emergency", "bathroom", "staff_assist", "code", "station",
        "drip_end", "bed_exit", "monitor",
    }  # fmt: skip
    kinds = frozenset[str]().union(*MAY_ACT.values())
    for name, call_type in types.items():
        assert call_type.tone in TONES
        assert call_type.light in LIGHTS
        assert call_type.placed_by
        assert set(call_type.placed_by) <= kinds
        value = loaded[name]
        assert isinstance(value, dict)
        assert value["id"] == name
        assert value["zh"]
        assert value["en"]


def test_who_calls_for_help_is_talked_to_and_a_pulled_cord_is_not() -> None:
    types = parse_directory({"call_types": load_call_types()}).call_types
    assert {name for name, call_type in types.items() if not call_type.may_talk} == {
        "bathroom", "code", "drip_end", "bed_exit", "monitor",
    }  # fmt: skip


def test_only_presence_or_talk_clears_what_is_urgent() -> None:
    types = parse_directory({"call_types": load_call_types()}).call_types
    strict = {name for name, call_type in types.items() if call_type.clear == "strict"}
    assert strict == {"emergency", "bathroom", "staff_assist", "code", "bed_exit", "monitor"}
