"""docs/back-office-accounts.md says what the code does: settings, bounds, roles, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ward_hub.accounts.office_sessions import IDLE_MINUTES, LEAST_IDLE, MOST_IDLE, WHOLE_MS
from ward_hub.accounts.oidc import CALLBACK
from ward_hub.accounts.password_rules import PasswordRules
from ward_hub.audit.book import LEAST_DAYS, MOST_DAYS
from ward_hub.directory.model import Role
from ward_hub.edge.office_session import POLL_HEADER
from ward_hub.settings import Settings

TEXT = (Path(__file__).parents[3] / "docs" / "back-office-accounts.md").read_text()


@pytest.mark.parametrize("setting", ["min_chars", "max_age_days", "last"])
def test_password_settings_have_the_bounds_that_are_written(setting: str) -> None:
    row = re.search(rf"\| `{setting}` \| (\d+) \| (\d+) to (\d+) \|", TEXT)
    assert row
    default, least, most = map(int, row.groups())
    assert getattr(PasswordRules(), setting) == default
    for value, read in ((-1, least), (10**6, most), (least, least), (most, most)):
        assert getattr(PasswordRules.read({"password": {setting: value}}), setting) == read


def test_numbers_names_and_addresses_are_those_of_the_code() -> None:
    text = " ".join(TEXT.split())
    assert f"after {IDLE_MINUTES} minutes without a request ({LEAST_IDLE} to {MOST_IDLE}" in text
    assert f"after {WHOLE_MS // 3_600_000} hours" in text
    assert f"kept {LEAST_DAYS} days" in text
    assert f"(to {MOST_DAYS})" in text
    assert CALLBACK in text
    assert POLL_HEADER in text.lower()
    for role in Role:
        assert role.value in text
    for name in re.findall(r"WARDLINE_(\w+)", text):
        assert name.lower() in Settings.__dataclass_fields__
