"""Writes the cases authored beside it to sync/vectors/; a test holds the committed files to them.

`python -m tests.helpers.call_vectors` writes; the expectations are in call_cases.py and judge_cases.py.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ward_sync import tones
from ward_sync.calls import fold
from ward_sync.directory import parse_directory

from tests.helpers.call_cases import CASES, Case
from tests.helpers.calls import board_json, fact_json, presence_json, ward_roots
from tests.helpers.fact_cases import facts_vectors
from tests.helpers.judge_cases import judge_vectors

FOLDER = Path(__file__).parents[2] / "sync" / "vectors"


def fold_case(case: Case, base: dict[str, Any]) -> dict[str, Any]:
    """Return a case as JSON: only the roots that differ from the file's `roots`, and the whole board."""
    roots = ward_roots(**case.changes)
    board = fold(case.facts, parse_directory(roots), case.presence, case.now)
    return {
        "name": case.name,
        "rules": case.rules,
        "now": case.now,
        "roots": {name: root for name, root in roots.items() if root != base[name]},
        "presence": presence_json(case.presence),
        "facts": [fact_json(fact) for fact in case.facts],
        "expect": {"rows": case.rows, "closed": case.closed, "troubles": case.troubles},
        "board": board_json(board),
    }


def tone_vectors() -> dict[str, Any]:
    """Return tones and light rhythms as JSON; starts, lengths and repetitions in ms."""
    return {
        "tones": {name: asdict(tone) for name, tone in tones.TONES.items()},
        "lights": dict(tones.LIGHTS),
        "base_hz": [tones.MIN_BASE_HZ, tones.MAX_BASE_HZ],
        "min_harmonics": tones.MIN_HARMONICS,
        "rise": [tones.MIN_RISE, tones.MAX_RISE],
    }


def vectors() -> dict[str, str]:
    """Return the files' text by name."""
    base = ward_roots()
    folds = {"roots": base, "cases": [fold_case(case, base) for case in CASES]}
    files = {
        "facts.json": facts_vectors(),
        "folds.json": folds,
        "judge.json": judge_vectors(),
        "tones.json": tone_vectors(),
    }
    return {name: one_case_a_line(value) for name, value in files.items()}


def one_case_a_line(value: dict[str, Any]) -> str:
    """Return JSON with one case a line: readable in a diff, without a line for every key."""
    lines = []
    for key, item in value.items():
        if isinstance(item, list):
            inner = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in item)
            lines.append(f' "{key}": [\n{inner}\n ]')
        else:
            lines.append(f' "{key}": {json.dumps(item, ensure_ascii=False)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    for name, text in vectors().items():
        (FOLDER / name).write_text(text, "utf-8")
