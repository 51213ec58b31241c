"""Device profiles: what one model of terminal has, read from `device_profiles/*.toml` into frozen values.

The files' full rule is `device_profiles/schema.json`; here every key must be known and of its type, so that a
misspelt one is told and not ignored.
"""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from ward_hub.directory.model import TerminalKind

Key = Literal["call", "cancel", "dressing", "light", "attend", "answer"]
Colour = Literal["red", "green", "white"]
Input = Literal["bathroom"]


class ProfileError(ValueError):
    """A profile that cannot be used; the message names file, key, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Screen:
    """`width_px` and `height_px` as the app sees them, in the position in which the screen hangs."""

    width_px: int
    height_px: int
    touch: Literal["none", "capacitive", "infrared_or_capacitive"]
    diagonal_in: float | None = None
    refresh_hz: int | None = None
    min_brightness_cd_m2: int | None = None
    sides: int = 1
    touch_points: int | None = None
    gloves: tuple[Literal["nitrile", "latex"], ...] = ()
    timed_off_on: bool = False


@dataclass(frozen=True, slots=True)
class Platform:
    os: Literal["android", "browser"]
    min_version: str | None = None
    min_cores: int | None = None
    min_memory_mib: int | None = None


@dataclass(frozen=True, slots=True)
class Power:
    source: Literal["poe", "mains", "battery"]
    unattended_h: int | None = None
    watchdog: bool = False


@dataclass(frozen=True, slots=True)
class Audio:
    inputs: tuple[Literal["built_in", "handset", "external"], ...] = ()
    outputs: tuple[Literal["speaker", "receiver"], ...] = ()
    echo_suppression: bool = False


@dataclass(frozen=True, slots=True)
class Video:
    """Views of other terminals' cameras side by side."""

    split_views: int
    height_px: int
    min_frames_per_s: int


@dataclass(frozen=True, slots=True)
class Handle:
    min_cable_m: float
    magnetic: bool


@dataclass(frozen=True, slots=True)
class Pen:
    max_latency_ms: int
    tip_mm: float


@dataclass(frozen=True, slots=True)
class Cast:
    width_px: int
    height_px: int
    frames_per_s: int


@dataclass(frozen=True, slots=True)
class Cord:
    length_m: float


@dataclass(frozen=True, slots=True)
class WiredTo:
    """A device without a network: whose input it closes."""

    kind: TerminalKind
    input: Input


@dataclass(frozen=True, slots=True)
class Supervision:
    """After how long without a sign it counts as missing (A13)."""

    missing_after_s: int = 15
    only_on_duty: bool = False


@dataclass(frozen=True, slots=True)
class MechanicalKey:
    key: Key
    on: Literal["handle", "case", "cord"]


@dataclass(frozen=True, slots=True)
class IndicatorLight:
    id: str
    colours: tuple[Colour, ...]


@dataclass(frozen=True, slots=True)
class AlarmInput:
    """`supervised`: a broken line is told from an open contact."""

    id: Input
    latching: bool
    supervised: bool


@dataclass(frozen=True, slots=True)
class Camera:
    spectrum: Literal["visible", "infrared"]
    min_megapixels: float
    wide_dynamic_range: bool = False


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """One model. Parts a device has not are None or empty."""

    id: str
    kind: TerminalKind
    name: str
    name_en: str
    call_type: str | None = None
    """What a call point places when it does not say."""
    screen: Screen | None = None
    platform: Platform | None = None
    power: Power | None = None
    audio: Audio = Audio()
    video: Video | None = None
    handle: Handle | None = None
    pen: Pen | None = None
    cast: Cast | None = None
    cord: Cord | None = None
    wired_to: WiredTo | None = None
    supervision: Supervision = Supervision()
    keys: tuple[MechanicalKey, ...] = ()
    lights: tuple[IndicatorLight, ...] = ()
    inputs: tuple[AlarmInput, ...] = ()
    cameras: tuple[Camera, ...] = ()


def profile_folder() -> Path:
    """Where the profiles are: inside the installed package, or beside the sources of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "device_profiles"
    return installed if installed.is_dir() else package.parent.parent / "device_profiles"


@cache
def load_profiles() -> Mapping[str, DeviceProfile]:
    """Return every shipped profile by id. Raises ProfileError."""
    found = (read_profile(path) for path in sorted(profile_folder().glob("*.toml")))
    return types.MappingProxyType({profile.id: profile for profile in found})


def read_profile(path: Path) -> DeviceProfile:
    """Return the profile in the file, which bears its id. Raises ProfileError."""
    try:
        value = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path.name}: {error}") from error
    try:
        profile = parse_profile(value)
    except ProfileError as error:
        raise ProfileError(f"{path.name}: {error}") from error
    if profile.id != path.stem:
        raise ProfileError(f"{path.name}: expected id {path.stem!r}, got {profile.id!r}")
    return profile


def parse_profile(value: Mapping[str, Any]) -> DeviceProfile:
    """Return the profile a TOML document holds. Raises ProfileError."""
    return _record(DeviceProfile, value, "")


R = TypeVar("R")


def _record(kind: type[R], value: Mapping[str, Any], where: str) -> R:
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # only given dataclasses
    unknown = sorted(value.keys() - known.keys())
    if unknown:
        raise ProfileError(f"{where}{unknown[0]}: no such key")
    hints = typing.get_type_hints(kind)
    made = {}
    for name, field in known.items():
        if name in value:
            made[name] = _typed(hints[name], value[name], f"{where}{name}")
        elif field.default is MISSING:
            raise ProfileError(f"{where}{name}: is missing")
    return kind(**made)


def _typed(hint: Any, value: Any, where: str) -> Any:
    """The value as its type hint wants it: a table, a list, one of some words, or a plain value."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return _typed(arguments[0], value, where)
    if origin is Literal:
        return _one_of(arguments, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ProfileError(f"{where}: expected a list, got {value!r}")
        return tuple(_typed(arguments[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if hint is TerminalKind:
        return TerminalKind(_one_of(tuple(TerminalKind), value, where))
    if is_dataclass(hint):
        if not isinstance(value, dict):
            raise ProfileError(f"{where}: expected a table, got {value!r}")
        return _record(typing.cast("type[Any]", hint), value, f"{where}.")
    if type(value) is int and hint is float:
        return float(value)
    if type(value) is not hint:
        raise ProfileError(f"{where}: expected {hint.__name__}, got {value!r}")
    if hint in (int, float) and value <= 0:
        raise ProfileError(f"{where}: expected more than 0, got {value!r}")
    return value


def _one_of(words: tuple[str, ...], value: Any, where: str) -> str:
    if value not in words:
        raise ProfileError(f"{where}: expected one of {', '.join(words)}, got {value!r}")
    return str(value)
