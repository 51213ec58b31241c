"""Public sample messages of another hospital, sent through whole: every one is answered, none crashes."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from ward_hub.cli.feed import split_messages
from ward_hub.ingest.hl7.acknowledge import read_header
from ward_hub.ingest.hl7.mllp import Frame
from ward_hub.ingest.left_over import rejected

from tests.backend.ingest.conftest import Feed

BESIDE = Path(__file__).parents[4] / "shared" / "data"
SAMPLES = Path(os.environ.get("WARDLINE_SAMPLES", str(BESIDE))) / "hl7v2" / "simhospital-messages.out"


@pytest.mark.slow
@pytest.mark.skipif(not SAMPLES.exists(), reason="no simhospital-messages.out (set WARDLINE_SAMPLES)")
async def test_every_public_sample_is_answered(feed: Feed) -> None:
    """IF-01: no ward of theirs is ours, so admissions are refused by name and other kinds rejected."""
    messages = split_messages(SAMPLES.read_bytes())
    assert len(messages) == 1013
    answers: Counter[tuple[str, str]] = Counter()
    for message in messages:
        answer = await feed.service.take(Frame(message))
        found = re.search(rb"\rMSA\|(A[AER])\|([^|\r]*)", answer)
        assert found is not None
        assert found[2].decode() == read_header(message).control_id
        answers[found[1].decode(), read_header(message).kind] += 1
    assert answers == {("AR", "ORU"): 610, ("AE", "ADT"): 400, ("AA", "ADT"): 1, ("AR", "MDM"): 2}
    # All but the one merge (A34), which is taken: it is of nobody here.
    assert len(await rejected(feed.database, 2000)) == 1012
