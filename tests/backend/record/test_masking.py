"""Names as others' screens show them, and ages as cards say them."""

from __future__ import annotations

from datetime import date

import pytest
from ward_hub.record.age import age_text
from ward_hub.record.masking import board_name, door_name, full_name


@pytest.mark.parametrize(
    ("family", "given", "full", "door", "board"),
    [
        ("张", "伟", "张伟", "张*", "张*"),
        ("张", "小三", "张小三", "张*三", "张**"),
        ("欧阳", "春晓", "欧阳春晓", "欧*晓", "欧阳**"),
        ("欧阳春晓", "", "欧阳春晓", "欧*晓", "欧阳**"),
        ("张小三", "", "张小三", "张*三", "张**"),
        ("张", "", "张", "张*", "张*"),
        ("Smith", "Elizabeth", "Elizabeth Smith", "S*h", "Smith*"),
        ("", "", "", "", ""),
    ],
)
def test_names_are_masked_by_screen(family: str, given: str, full: str, door: str, board: str) -> None:
    """CARD-08."""
    assert (full_name(family, given), door_name(family, given), board_name(family, given)) == (
        full,
        door,
        board,
    )


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("19800315", "45岁"),
        ("19800102", "45岁"),
        ("19800101", "46岁"),
        ("20231001", "2岁3个月"),
        ("20240101", "2岁"),
        ("20250815", "4个月"),
        ("20251220", "12天"),
        ("1980", "46岁"),
        ("20270101", ""),
        ("", ""),
        ("19801399", ""),
    ],
)
def test_age_is_in_years_and_for_children_finer(born: str, age: str) -> None:
    assert age_text(born, date(2026, 1, 1)) == age
