"""How old a patient is, in the words of the bed card."""

from __future__ import annotations

from datetime import date


def age_text(birth_date: str, today: date) -> str:
    """Return the age: 45岁; under three years with months, 2岁3个月; under one 5个月; under one month 12天.

    `birth_date` YYYY, YYYYMM or YYYYMMDD. "" where it is none, or lies ahead.
    """
    try:
        born = date(int(birth_date[:4]), int(birth_date[4:6] or 1), int(birth_date[6:8] or 1))
    except ValueError:
        return ""
    if born > today:
        return ""
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    years, rest = divmod(months, 12)
    if years >= 3:
        return f"{years}岁"
    if years >= 1:
        return f"{years}岁{rest}个月" if rest else f"{years}岁"
    if months >= 1:
        return f"{months}个月"
    return f"{(today - born).days}天"
