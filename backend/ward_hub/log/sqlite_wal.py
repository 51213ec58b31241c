"""The end of a SQLite write-ahead file, read before SQLite opens it.

SQLite passes over everything after the last transaction that is whole, and says nothing. Here it is told how
much that was: after a loss of power the write it interrupted, or a file that was damaged where transactions
are that had been finished. Source: "WAL-mode file format" of sqlite.org, fileformat2.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from operator import mul
from pathlib import Path
from typing import IO

from ward_hub.log.port import Finding, Severity

_HEADER, _FRAME_HEADER = 32, 24
_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF
PLACE = "write-ahead file"

Sums = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tail:
    """What comes after the last whole transaction. `whole`: how many transactions there are before it.

    `bytes`: how much was written there and is passed over, without what is left of an earlier round of the
    file. `finished`: one of it had been finished: something was written after it, which SQLite does only
    when it is on the disk.
    """

    whole: int
    bytes: int
    finished: bool

    @property
    def finding(self) -> Finding | None:
        """What to tell of it; None where nothing was cut."""
        if self.finished:
            what = (
                f"damaged: {self.bytes} bytes are passed over, finished transactions among them; what of "
                "those had not been moved into the main file is lost"
            )
            return Finding(Severity.DAMAGE, PLACE, what)
        if self.bytes:
            what = (
                f"{self.bytes} bytes after the last whole transaction are passed over: a write that was "
                "interrupted, before anybody was told that it is stored"
            )
            return Finding(Severity.NOTICE, PLACE, what)
        return None


@dataclass(frozen=True, slots=True)
class _Frame:
    number: int
    commit: bool
    salts: Sums
    stored: Sums
    head: bytes
    page: bytes


def wal_path(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def read_tail(path: Path) -> Tail | None:
    """Read the write-ahead file of the database `path`; None where there is none. Changes nothing.

    Raises OSError.
    """
    wal = wal_path(path)
    if not wal.exists() or wal.stat().st_size == 0:
        return None
    with wal.open("rb") as file:
        return _read(file, wal.stat().st_size)


def _read(file: IO[bytes], size: int) -> Tail:
    header = file.read(_HEADER)
    if len(header) < _HEADER:
        return Tail(0, size, finished=False)
    magic, _, page_size, rounds, salt1, salt2, sum1, sum2 = struct.unpack(">8I", header)
    order = ">" if magic & 1 else "<"
    checksums = _Checksums(order)
    sums: Sums | None = checksums.add((0, 0), header[:24])
    if magic & ~1 != _MAGIC or sums != (sum1, sum2) or not _is_page_size(page_size):
        # SQLite writes no frame before the header is on the disk.
        return Tail(0, size, finished=size > _HEADER)
    whole = 0
    end_of_whole = end_of_written = _HEADER
    finished = ended = False
    chained = True
    before: Sums = (sum1, sum2)
    for frame in _frames(file, page_size):
        end = _HEADER + (frame.number + 1) * (_FRAME_HEADER + page_size)
        age = (salt1 - frame.salts[0]) & _MASK
        if frame.salts != (salt1, salt2):
            chained = ended = False
            if not 1 <= age <= rounds:
                end_of_written = end
            before = frame.stored
            continue
        linked = checksums.add(before, frame.head + frame.page) == frame.stored
        chained = chained and linked
        before = frame.stored
        end_of_written = end
        if chained and frame.commit:
            whole += 1
            end_of_whole = end
        elif not chained:
            # What follows a transaction's end in the chain was written when that end was on the disk.
            finished = finished or (ended and linked)
            ended = frame.commit
    rest = (size - _HEADER) % (_FRAME_HEADER + page_size)
    if rest and (rounds == 0 or end_of_written == size - rest):
        end_of_written = size
    return Tail(whole, max(0, end_of_written - end_of_whole), finished)


def _frames(file: IO[bytes], page_size: int) -> Iterator[_Frame]:
    number = 0
    while len(data := file.read(_FRAME_HEADER + page_size)) == _FRAME_HEADER + page_size:
        _, in_pages, salt1, salt2, sum1, sum2 = struct.unpack_from(">6I", data)
        yield _Frame(number, in_pages != 0, (salt1, salt2), (sum1, sum2), data[:8], data[_FRAME_HEADER:])
        number += 1


def _is_page_size(size: int) -> bool:
    return 512 <= size <= 65536 and size & (size - 1) == 0


class _Checksums:
    """SQLite's running sums over pairs of words: s0 += a + s1; s1 += b + s0, modulo 2³².

    That is linear, so a page is two sums of products with numbers that stand beforehand: ten times as fast in
    Python as step by step.
    """

    def __init__(self, order: str) -> None:
        self._order = order
        self._factors: dict[int, tuple[list[int], list[int], tuple[Sums, Sums]]] = {}

    def add(self, sums: Sums, data: bytes) -> Sums:
        """Return the sums after the data, whose length is a multiple of 8."""
        words = struct.unpack(f"{self._order}{len(data) // 4}I", data)
        first, second, ((a, b), (c, d)) = self._factors_for(len(words))
        one = sum(map(mul, first, words)) + a * sums[0] + b * sums[1]
        two = sum(map(mul, second, words)) + c * sums[0] + d * sums[1]
        return one & _MASK, two & _MASK

    def _factors_for(self, count: int) -> tuple[list[int], list[int], tuple[Sums, Sums]]:
        found = self._factors.get(count)
        if found is None:
            first, second = [0] * count, [0] * count
            # (s0, s1) after a pair is [[1,1],[1,2]] (s0, s1) + (a, a + b); the last pair's matrix is one.
            (a, b), (c, d) = (1, 0), (0, 1)
            for at in range(count - 2, -1, -2):
                first[at], first[at + 1] = (a + b) & _MASK, b
                second[at], second[at + 1] = (c + d) & _MASK, d
                (a, b), (c, d) = (
                    ((a + b) & _MASK, (a + 2 * b) & _MASK),
                    ((c + d) & _MASK, (c + 2 * d) & _MASK),
                )
            found = self._factors[count] = (first, second, ((a, b), (c, d)))
        return found
