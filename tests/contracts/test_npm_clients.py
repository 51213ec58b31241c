"""The lab hub against the published clients, unmodified: @hocuspocus/provider, y-websocket, ws.

The cases stand in the scripts; here each must be there and pass. AU1, AU3, AU4, AU5, AU7, AU8, CL1, CL2, CL3, CL8, FR1, FR8, SY1, SY4, SY9, ST1.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.lab_process import CONTRACTS, NODE, lab, run_cases

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="node is not installed beside python")


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite:log.db", "memory:"])
@pytest.mark.parametrize("script", ["hocuspocus.mjs", "y_websocket.mjs"])
def test_the_published_clients_get_what_they_expect(script: str, store: str, tmp_path: Path) -> None:
    with lab(tmp_path, store) as hub:
        results = run_cases(script, hub.port)
        assert hub.stop() == 0
    expected = re.findall(r'^  "(.+)": async', (CONTRACTS / script).read_text(encoding="utf-8"), re.MULTILINE)
    assert list(results) == expected
    assert {name: why for name, why in results.items() if why} == {}
