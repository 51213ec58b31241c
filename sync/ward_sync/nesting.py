"""How deep shared types lie in each other: a Map in a Map in a Map, told from updates alone.

Replicas walk nested types by calling themselves: Yjs gives up at some 4,000 levels, yrs ends the process at
some 50,000, which is an update of 400 KB and a deletion of 6 bytes. So depth is limited before an update is
applied. Only what lies in a nested type is remembered; a document without any costs nothing. Rule SY6.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from ward_sync.update import read_structs

MAX_DEPTH = 64
"""Shared types around a value; text editors reach some 20."""

_UNKNOWN, _UNDER_WAY = -1, -2
_Placed = tuple[int, int, int, int]
"""(client, first clock, clock after the last, shared types around it)."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the structs of one update lie. `deepest`: shared types around what its innermost type may hold;
    `loose`: whether something hangs on what is not known, and may so lie deeper than it seems."""

    ranges: tuple[_Placed, ...]
    deepest: int
    loose: bool


@dataclass(slots=True)
class Nesting:
    """Which structs of one document lie in nested types, and how deep."""

    _starts: dict[int, list[int]] = field(default_factory=dict)
    _ranges: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Client → (clock after the last, depth), in the order of `_starts`."""

    def __bool__(self) -> bool:
        return bool(self._starts)

    def place(self, update: bytes, state: Mapping[int, int]) -> Placed:
        """Find the depth of everything in an update to a document of this state. Linear in its bytes.

        The update has been read by `parse_update`. Structs that the document has already are left out.
        """
        structs = read_structs(update)
        starts = {client: [each.start for each in own] for client, own in structs.items()}
        depths = {client: [_UNKNOWN] * len(own) for client, own in structs.items()}
        loose = False

        def base(client: int, clock: int) -> int:
            """Depth of a struct of the document."""
            nonlocal loose
            loose = loose or clock >= state.get(client, 0)
            return self._depth(client, clock)

        for client, own in structs.items():
            for place in range(len(own)):
                if depths[client][place] != _UNKNOWN:
                    continue
                # Structs hang on each other in long chains: a stack of our own instead of calls.
                stack = [(client, place)]
                while stack:
                    who, at = stack[-1]
                    struct = structs[who][at]
                    if struct.hangs_on is None:
                        depth = 0
                    else:
                        on, clock = struct.hangs_on
                        known = starts.get(on)
                        found = bisect_right(known, clock) - 1 if known else -1
                        if found >= 0 and clock < structs[on][found].end:
                            depth = depths[on][found]
                            if depth == _UNKNOWN:
                                depths[who][at] = _UNDER_WAY
                                stack.append((on, found))
                                continue
                            depth = max(depth, 0)  # under way: a ring, which no replica takes in
                        else:
                            depth = base(on, clock)
                        depth += struct.inside
                    depths[who][at] = depth
                    stack.pop()
        deepest = 0
        ranges: list[_Placed] = []
        for client, own in structs.items():
            have = state.get(client, 0)
            loose = loose or (bool(own) and own[0].start > have)
            for struct, depth in zip(own, depths[client], strict=True):
                if struct.end <= have:
                    continue
                if struct.is_type:
                    deepest = max(deepest, depth + 1)
                if not depth:
                    continue
                start = max(struct.start, have)
                if ranges and ranges[-1][0] == client and ranges[-1][2:] == (start, depth):
                    start = ranges.pop()[1]
                ranges.append((client, start, struct.end, depth))
        return Placed(tuple(ranges), deepest, loose)

    def take(self, placed: Placed) -> None:
        """Remember where the structs of an accepted update lie."""
        for client, start, end, depth in placed.ranges:
            starts = self._starts.setdefault(client, [])
            ranges = self._ranges.setdefault(client, [])
            at = bisect_right(starts, start)
            if at and ranges[at - 1] == (start, depth):
                ranges[at - 1] = (end, depth)
            else:
                starts.insert(at, start)
                ranges.insert(at, (end, depth))

    def _depth(self, client: int, clock: int) -> int:
        starts = self._starts.get(client)
        if starts is None:
            return 0
        at = bisect_right(starts, clock) - 1
        if at < 0:
            return 0
        end, depth = self._ranges[client][at]
        return depth if clock < end else 0
