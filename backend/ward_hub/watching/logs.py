"""The hub's log on standard error: a line an event, as text or as JSON.

The hub's own lines carry ids and kinds. Libraries write too: what looks like a token or a password in an
address is struck out of every line, whoever wrote it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

FORMATS = ("text", "json")
STRUCK = "[…]"
_SECRETS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a signed token (RFC 7519), as terminals and single sign-on have them
    r"|(?<=://)[^/\s:@]*:[^\s@]+(?=@)"  # name and password in the address of a store
    r"|(?i:(?<=bearer )|(?<=basic ))[\w.~+/=-]{8,}"
    r"|(?i:(?<=token=)|(?<=secret=)|(?<=password=)|(?<=enrol=))[^\s&\"']+"
)


def strike_secrets(text: str) -> str:
    """Return the text without tokens and passwords."""
    return _SECRETS.sub(STRUCK, text)


class TextLines(logging.Formatter):
    """Time, level, logger, message; a traceback after it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return strike_secrets(super().format(record))


class JsonLines(logging.Formatter):
    """One object a line: time (UTC, ISO 8601), level, logger, message, hub; `error` where there was one."""

    def __init__(self, hub: str = "") -> None:
        super().__init__()
        self.hub = hub

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": strike_secrets(record.getMessage()),
            "hub": self.hub,
        }
        if record.exc_info:
            line["error"] = strike_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def set_up_logs(format_: str, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all logs to `stream` (standard error); `level` is the hub's own. Raises ValueError for a format
    that is none."""
    if format_ not in FORMATS:
        raise ValueError(f"log_format: expected text or json, got {format_!r}")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if format_ == "json" else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Never the root's: at DEBUG drivers write the values of their statements, and those name people.
    logging.getLogger("ward_hub").setLevel(level)
    # httpx writes each address it asks, and the address of a push is all that a push needs.
    for chatty in ("alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def name_hub(hub: str) -> None:
    """From now on JSON lines say which hub wrote them (identity/hub.py)."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonLines):
            handler.formatter.hub = hub
