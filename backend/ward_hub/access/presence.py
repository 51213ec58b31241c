"""What a terminal may announce of itself; the host asks before it spreads an awareness state."""

from __future__ import annotations

import re
from typing import Any

from ward_hub.access import hubs
from ward_hub.access.port import Principal
from ward_hub.directory.model import TerminalKind
from ward_hub.documents.names import DocumentKind, parse_document

_REQUIRED = {"terminal", "kind", "layer", "version", "sound"}
_ALLOWED = _REQUIRED | {"inputs", "profile", "session"}
MAX_INPUTS = 8
MAX_WORD = 64
_SESSION = re.compile(r"[0-9a-f]{16}")


def check_presence(principal: Principal, document: str, state: dict[str, Any]) -> bool:
    """Whether the state is well formed, the sender's own, and at its ward's presence document."""
    name = parse_document(document)
    inputs = state.get("inputs", {})
    return (
        name is not None
        and name.kind is DocumentKind.PRESENCE
        and set(state) >= _REQUIRED
        and set(state) <= _ALLOWED
        and _speaks_for(principal, name.ward, state)
        and type(state["layer"]) is int
        and state["layer"] in (1, 2, 3, 4)
        and state["sound"] in ("ok", "blocked", "muted")
        and _is_word(state["version"])
        and _is_word(state.get("profile", ""))
        and _is_session(state.get("session", "0" * 16))
        and isinstance(inputs, dict)
        and len(inputs) <= MAX_INPUTS
        and all(_is_word(key) and value in ("ok", "open") for key, value in inputs.items())
    )


def _speaks_for(principal: Principal, ward: str | None, state: dict[str, Any]) -> bool:
    """A terminal announces itself; a hub the terminals behind it (UP6)."""
    if principal.kind in hubs.KINDS:
        kinds = {kind.value for kind in TerminalKind}
        return ward in principal.wards and _is_word(state["terminal"]) and state["kind"] in kinds
    place = (principal.ward, principal.terminal, principal.kind)
    return place == (ward, state["terminal"], state["kind"])


def _is_session(value: object) -> bool:
    """Of the page that is open there: what its signals name (SG2)."""
    return isinstance(value, str) and _SESSION.fullmatch(value) is not None


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_WORD
