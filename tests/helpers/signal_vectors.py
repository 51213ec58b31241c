"""Writes the cases authored beside it to signalling/vectors/; a test holds the committed files to them.

`python -m tests.helpers.signal_vectors` writes; expectations are in signal_cases.py, meeting_cases.py.
"""

from pathlib import Path
from typing import Any

from ward_signalling.leg import INVITING_MOST_MS, LOOK_MS, SILENT_MS, TABLE, TIMEOUTS_MS, LegEvent, LegState

from tests.helpers.call_vectors import one_case_a_line
from tests.helpers.meeting_cases import allowed_vectors, inbox_vectors, relay_vectors
from tests.helpers.signal_cases import signal_vectors

FOLDER = Path(__file__).parents[2] / "signalling" / "vectors"


def leg_vectors() -> dict[str, Any]:
    """Return the table of legs with what does not fit; it is held to SPEC.md by a test of its own."""
    return {
        "states": list(LegState),
        "events": list(LegEvent),
        "begin": {
            "inviting": "who invites",
            "ringing": "who is invited and accepts by hand",
            "connecting": "who is invited and accepts by itself",
        },
        "timeouts": dict(TIMEOUTS_MS),
        "inviting_most_ms": INVITING_MOST_MS,
        "silent_ms": SILENT_MS,
        "look_ms": LOOK_MS,
        "table": [
            {"name": f"{state}: {event}", "state": state, "event": event, "next": TABLE[state].get(event)}
            for state in LegState
            for event in LegEvent
        ],
    }


def vectors() -> dict[str, str]:
    """Return the files' text by name."""
    files = {
        "signals.json": signal_vectors(),
        "legs.json": leg_vectors(),
        "allowed.json": allowed_vectors(),
        "inbox.json": inbox_vectors(),
        "relay.json": relay_vectors(),
    }
    return {name: one_case_a_line(value) for name, value in files.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in vectors().items():
        (FOLDER / name).write_text(text, "utf-8")
