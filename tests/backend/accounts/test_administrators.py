"""The installation's administrators are on no terminal: no ward's documents name them (USR-01)."""

from __future__ import annotations

import json
from pathlib import Path

from ward_hub.directory.fixture import WARD, administrators
from ward_hub.directory.project import project_hospital, project_ward

from tests.backend.ward import NOW, read_model, standard_ward


async def test_no_document_of_a_ward_names_an_administrator(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database:
        model = await read_model(database)
    documents = {**project_hospital(model), **project_ward(model, WARD, {}, {}, {}, NOW)}
    text = json.dumps(
        {name: dict(roots) for name, roots in documents.items()}, ensure_ascii=False, default=dict
    )
    assert "顾云溪" in text
    for person in administrators():
        assert person.name not in text
        assert f'"{person.id}"' not in text
