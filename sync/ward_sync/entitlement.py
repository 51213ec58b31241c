"""Who may make which fact: one table, judged once when the hub takes a fact (CF10 to CF13).

The signature is verified elsewhere; what a call's facts amount to is the fold's.
"""

from collections.abc import Mapping
from typing import Final

from ward_sync.directory import Directory, TerminalEntry
from ward_sync.facts import Act, FactBody, Reason, source_of

# `placed` is not here: its call type says who places it.
MAY_ACT: Final[Mapping[Act, frozenset[str]]] = {
    Act.RECEIVED: frozenset({"station"}),
    Act.ACKNOWLEDGED: frozenset({"station", "pda", "whiteboard"}),
    Act.DECLINED: frozenset({"pda"}),
    Act.ANSWERED: frozenset({"station", "pda", "door"}),
    Act.ENDED: frozenset({"station", "pda", "door", "bedside", "whiteboard"}),
    Act.ATTENDED: frozenset({"door", "pda"}),
    Act.CLEARED: frozenset({"station", "pda", "door", "whiteboard"}),
    Act.CANCELLED: frozenset({"bedside", "door", "station", "pda", "call_point"}),
}
# Terminals of one room act on that room's calls only.
ROOM_KINDS: Final = frozenset({"bedside", "door", "call_point"})


def judge(body: FactBody, directory: Directory, types: Mapping[str, str] | None = None) -> Reason | None:
    """Return why the fact is refused, or None when its terminal may make it.

    `types`: call id → call type of the calls known so far; the policy of calls that are not known yet is
    applied by the fold (CF13). All but the signature is covered; the body's shape is `parse_body`'s.
    """
    if body.ward != directory.ward.id:
        return Reason.WRONG_WARD
    terminal = directory.terminals.get(body.terminal)
    if terminal is None or terminal.state not in ("active", "revoked"):
        return Reason.UNKNOWN_TERMINAL
    if terminal.state == "revoked":
        return Reason.REVOKED
    reason = (
        _judge_placed(body, terminal, directory) if body.act is Act.PLACED else _judge_act(body, terminal)
    )
    if reason is None and terminal.kind in ROOM_KINDS and body.room != terminal.room:
        return Reason.WRONG_ROOM
    if reason is None and body.policy == "tender":
        known = [name for call in body.calls if (name := (types or {}).get(call)) is not None]
        if any(directory.policy(name) == "strict" for name in known):
            return Reason.POLICY
    return reason


def _judge_act(body: FactBody, terminal: TerminalEntry) -> Reason | None:
    if terminal.kind in MAY_ACT[body.act]:
        return None
    # The placing terminal may clear; that it is the one, the fold sees (CF24).
    if body.act is Act.CLEARED and body.way == "source" and terminal.kind in ("bedside", "call_point"):
        return None
    return Reason.NOT_ENTITLED


def _judge_placed(body: FactBody, terminal: TerminalEntry, directory: Directory) -> Reason | None:
    # A type that is not listed is no reason to lose an alarm (CF14): whoever has the source may place it.
    call_type = directory.call_types.get(body.type or "")
    if call_type is not None and terminal.kind not in call_type.placed_by:
        return Reason.NOT_ENTITLED
    if terminal.kind == "bedside" and body.staff is not None:
        return Reason.NOT_ENTITLED
    kind, name = source_of(body.source or "")
    if kind in ("bathroom", "room") and name != body.room:
        return Reason.WRONG_ROOM
    if kind == "bed":
        bed = directory.beds.get(name)
        if bed is not None and bed.room is not None and bed.room != body.room:
            return Reason.WRONG_ROOM
    return None if _own_source(terminal, kind, name) else Reason.NOT_ENTITLED


def _own_source(terminal: TerminalEntry, kind: str, name: str) -> bool:
    """Whether calls of the source may come from the terminal."""
    match terminal.kind:
        case "bedside":
            return kind == "bed" and name == terminal.bed
        case "door":
            return kind in ("bathroom", "room")
        case "call_point":
            # At a bed it speaks for that bed (drip, bed exit, monitor): a room alone would not say whose.
            return kind in ("bathroom", "room") or (kind == "bed" and name == terminal.bed)
        case "station":
            return kind == "terminal" and name == terminal.id
        case "pda":
            return kind in ("room", "bed") or (kind == "terminal" and name == terminal.id)
        case _:
            return False
