"""SQLite's write-ahead log, read by ourselves: a damaged place in it, and the pages that stand behind one.

SQLite takes the first frame of the log that does not verify for its end. After a crash that is what it is, as a rule: a
group was being written, and had not been confirmed. If whole groups stand behind it, what was confirmed has been
damaged, and SQLite leaves it out without a word. A frame's checksum goes on from the one before it, as it stands in
that one's header, so that each can be verified beside a neighbour that cannot.

The format: https://www.sqlite.org/fileformat2.html, 4 "The Write-Ahead Log".
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEADER = struct.Struct(">8I")  # magic, version, page size, sequence, salt (2), checksum (2)
_FRAME = struct.Struct(">6I")  # page, pages after commit (0: no commit), salt (2), checksum (2)
_MAGIC = 0x377F0682
"""The last bit is set when the checksums are of big-endian words."""
_LENGTH_IN_INDEX = struct.Struct("=I")
_LENGTH_AT = 16
"""Where the index (the file -shm) has the number of the last frame that is committed (4 "WAL-Index Format")."""

Sum = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Frame:
    number: int
    page: int
    commit: bool
    verified: bool
    octets: bytes


def _sum(octets: bytes, start: Sum, order: str) -> Sum:
    first, second = start
    words = struct.unpack(f"{order}{len(octets) // 4}I", octets)
    for one, two in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second


class Log:
    """The log beside a database; without one it has no frames."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + "-wal")
        self._index = database.with_name(database.name + "-shm")
        try:
            with open(self._path, "rb") as file:
                header = file.read(_HEADER.size)
                size = os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            header, size = b"", 0
        self.damaged_header = False
        self.page_size = 4096
        self._salt: Sum = (0, 0)
        self._seed: Sum = (0, 0)
        self._order = "<"
        if len(header) == _HEADER.size:
            magic, _, page_size, _, *rest = _HEADER.unpack(header)
            self._order = ">" if magic & 1 else "<"
            self._salt, self._seed = (rest[0], rest[1]), (rest[2], rest[3])
            self.damaged_header = magic | 1 != _MAGIC | 1 or _sum(header[:24], (0, 0), self._order) != self._seed
            if not self.damaged_header:
                self.page_size = page_size
        self._number = max(0, size - _HEADER.size) // (_FRAME.size + self.page_size)

    def __bool__(self) -> bool:
        return self._number > 0

    def committed(self) -> int:
        """How many frames SQLite reads, as its index has it: the database must be open."""
        try:
            with open(self._index, "rb") as file:
                octets = file.read(_LENGTH_AT + _LENGTH_IN_INDEX.size)
        except FileNotFoundError:
            return 0
        return int(_LENGTH_IN_INDEX.unpack_from(octets, _LENGTH_AT)[0]) if len(octets) > _LENGTH_AT else 0

    def damage(self) -> str:
        """What is wrong, while the database is open; empty: all that was committed is read."""
        if self.damaged_header and self._number:
            return "the head of the write-ahead log is damaged"
        committed = self.committed()
        broken = False
        for frame in self._frames(committed):
            broken = broken or not frame.verified
            if broken and frame.verified and frame.commit:
                return f"the write-ahead log is damaged behind frame {committed} of {self._number}"
        return ""

    def apply(self, database: Path) -> int:
        """Write the pages of all frames that verify, up to the last commit, to a copy of the database; how many frames
        do not verify, so that their pages are as they were before."""
        frames = [(frame.number, frame.verified, frame.commit) for frame in self._frames(0)]
        last = max((number for number, verified, commit in frames if verified and commit), default=0)
        with open(database, "r+b") as file:
            for frame in self._frames(0):
                if frame.verified and frame.number <= last:
                    file.seek((frame.page - 1) * self.page_size)
                    file.write(frame.octets)
        return sum(not verified for number, verified, _ in frames if number <= last)

    def _frames(self, after: int) -> Iterator[_Frame]:
        """The frames of this log (not of an older one in the same file) behind a number of them."""
        if not self._number:
            return
        place = _FRAME.size + self.page_size
        with open(self._path, "rb") as file:
            seed = self._seed
            if after:
                file.seek(_HEADER.size + (after - 1) * place)
                *_, first, second = _FRAME.unpack(file.read(_FRAME.size))
                seed = first, second
            file.seek(_HEADER.size + after * place)
            for number in range(after + 1, self._number + 1):
                header = file.read(_FRAME.size)
                page, pages, *rest = _FRAME.unpack(header)
                salt, stored = (rest[0], rest[1]), (rest[2], rest[3])
                if self.damaged_header and number == 1:
                    self._salt = salt  # for want of a better one; the first frame has nothing to be verified with
                if salt == self._salt:
                    octets = file.read(self.page_size)
                    verified = _sum(header[:8] + octets, seed, self._order) == stored
                    yield _Frame(number, page, bool(pages), verified, octets)
                else:
                    file.seek(self.page_size, os.SEEK_CUR)
                seed = stored
