"""What one terminal may do with a board: place, act, sound (CF38 to CF41)."""

from typing import Final

from ward_sync.calls import SERVICE_CLASS, Board, CallRow
from ward_sync.directory import Directory
from ward_sync.entitlement import MAY_ACT, ROOM_KINDS
from ward_sync.facts import Act

CONFIRM_MS: Final = 2_000
MAX_OPEN: Final = 20


def may_place(board: Board, source: str, call_type: str, now: int) -> bool:
    """Return whether a press at `now` (ms) makes a new call (CF38).

    Within 2 s of the row's newest press, and with 20 open, it only confirms the row again.
    """
    return not any(
        row.source == source
        and row.type == call_type
        and (abs(now - row.newest_at) < CONFIRM_MS or row.count >= MAX_OPEN)
        for row in board.rows
    )


def may(act: Act, row: CallRow, terminal: str, directory: Directory) -> bool:
    """Return whether the terminal could do the act on the whole row now (CF39): for buttons, no verdict."""
    entry = directory.terminals.get(terminal)
    if entry is None or entry.state != "active" or act is Act.PLACED:
        return False
    if entry.kind in ROOM_KINDS and entry.room != row.room:
        return False
    own = all(placer == terminal for placer in row.terminals)
    if act is Act.CANCELLED:
        # It takes back what the terminal placed, and leaves the rest.
        return entry.kind in MAY_ACT[act] and terminal in row.terminals
    if act is Act.CLEARED and own:
        return entry.kind in MAY_ACT[act] or entry.kind in ("bedside", "call_point")
    if entry.kind not in MAY_ACT[act]:
        return False
    if act is Act.ANSWERED:
        return directory.call_type(row.type).may_talk
    if act is Act.ENDED:
        return row.policy == "tender" or row.state == "talking"
    if act is Act.CLEARED:
        return row.policy == "tender" or row.supported
    return True


def sounds_on(row: CallRow, terminal: str, directory: Directory) -> bool:
    """Return whether the row sounds on the terminal (CF40).

    A terminal that the directory does not know yet sounds: a list without a directory must not be silent.
    """
    entry = directory.terminals.get(terminal)
    if not row.ringing or entry is None:
        return row.ringing
    match entry.kind:
        case "station" | "pda":
            return terminal in row.asked
        case "door":
            return entry.room is not None and entry.room == row.room
        case "corridor" | "whiteboard":
            # A call between stations is not the corridor's.
            return row.class_ != SERVICE_CLASS
        case _:
            return False
