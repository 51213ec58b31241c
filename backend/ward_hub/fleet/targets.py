"""Whom a command is for: terminals of a ward, of a kind, or named ones, all within the sight of who asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ward_hub.access.port import AccessRefused
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import Terminal, TerminalKind, TerminalState
from ward_hub.documents.names import ID
from ward_hub.office.port import OfficePrincipal, Permission

MAX_TARGETS = 5_000


class BadTargets(ValueError):
    """Targets that cannot be taken; the message says what was expected."""


class UnknownTargets(LookupError):
    """Some terminals are not in the directory; the message names them."""


@dataclass(frozen=True, slots=True)
class Targets:
    ward: str | None
    kind: TerminalKind | None
    terminals: tuple[str, ...] | None


def parse_targets(value: object) -> Targets:
    """Return the Targets of the API. Raises BadTargets."""
    if not isinstance(value, Mapping) or value.keys() != {"ward", "kind", "terminals"}:
        raise BadTargets("targets: expected exactly ward, kind, terminals")
    ward, kind, terminals = value["ward"], value["kind"], value["terminals"]
    if ward is not None and not _is_id(ward):
        raise BadTargets("targets.ward: expected an id or null")
    if kind is not None and (not isinstance(kind, str) or kind not in list(TerminalKind)):
        raise BadTargets("targets.kind: expected a kind of terminal or null")
    return Targets(
        ward,
        None if kind is None else TerminalKind(kind),
        None if terminals is None else parse_terminals(terminals),
    )


def parse_terminals(value: object) -> tuple[str, ...]:
    """Return terminal ids, each once. Raises BadTargets."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_TARGETS:
        raise BadTargets(f"terminals: expected 1 to {MAX_TARGETS} ids")
    if not all(_is_id(one) for one in value):
        raise BadTargets("terminals: expected ids")
    return tuple(dict.fromkeys(value))


def expand(
    current: CurrentDirectory, who: OfficePrincipal, permission: Permission, targets: Targets
) -> list[Terminal]:
    """Return the terminals that are meant, in the directory's order.

    A ward or kind means its enrolled screens and PDAs; named ones are taken whatever their state. Raises
    AccessRefused for what is not theirs, UnknownTargets, BadTargets when there are more than MAX_TARGETS.
    """
    who.require(permission, targets.ward)
    if targets.terminals is not None:
        found = named(current, who, permission, targets.terminals)
        return [
            terminal
            for terminal in found
            if targets.ward in (None, terminal.ward) and targets.kind in (None, terminal.kind)
        ]
    if targets.ward is None and who.ward is not None:
        raise AccessRefused("permission-denied")
    if targets.ward is not None and targets.ward not in current.model.wards:
        raise UnknownTargets(targets.ward)
    meant = [
        terminal
        for terminal in current.terminals.values()
        if terminal.state is TerminalState.ACTIVE
        and terminal.kind is not TerminalKind.CALL_POINT
        and targets.ward in (None, terminal.ward)
        and targets.kind in (None, terminal.kind)
    ]
    if len(meant) > MAX_TARGETS:
        raise BadTargets(f"expected at most {MAX_TARGETS} terminals, these are {len(meant)}")
    return meant


def named(
    current: CurrentDirectory, who: OfficePrincipal, permission: Permission, ids: tuple[str, ...]
) -> list[Terminal]:
    """Return the named terminals. Raises AccessRefused and UnknownTargets.

    One of another ward is refused in the same words as one that is not there, to whom sees one ward only.
    """
    who.require(permission)
    unknown = [one for one in ids if current.terminal(one) is None]
    found = [terminal for one in ids if (terminal := current.terminal(one)) is not None]
    if (unknown and who.ward is not None) or not all(who.sees(terminal.ward) for terminal in found):
        raise AccessRefused("permission-denied")
    if unknown:
        raise UnknownTargets(", ".join(unknown[:5]))
    return found


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(ID, value) is not None
