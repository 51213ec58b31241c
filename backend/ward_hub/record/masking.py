"""Names as other people's screens may show them (domain rule: the hub masks, a screen never hides)."""

from __future__ import annotations

import unicodedata

COMPOUND_SURNAMES = frozenset((
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯",
    "司徒", "司空", "端木", "南宫", "长孙", "宇文", "轩辕", "闻人", "独孤", "申屠", "西门",
))  # fmt: skip
"""Surnames of two characters, for names that come unsplit."""


def full_name(family: str, given: str) -> str:
    """Return the name as written: 张伟, Elizabeth Smith."""
    if not given or not family:
        return family or given
    return family + given if _chinese(family + given) else f"{given} {family}"


def door_name(family: str, given: str) -> str:
    """Return the name for the door: first and last character, 张*三; of two characters 张*."""
    name = family + given
    if len(name) <= 2:
        return name[:1] + "*" if name else ""
    return f"{name[0]}*{name[-1]}"


def board_name(family: str, given: str) -> str:
    """Return the name for the whiteboard: the surname and a star per following character, 张**."""
    if not given and len(family) > 1:
        split = 2 if family[:2] in COMPOUND_SURNAMES and len(family) > 2 else 1
        family, given = family[:split], family[split:]
    if not family:
        return given[:1] + "*" if given else ""
    return family + "*" * (len(given) if _chinese(given) else 1)


def _chinese(text: str) -> bool:
    return any(unicodedata.name(mark, "").startswith("CJK") for mark in text)
