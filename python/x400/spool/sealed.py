"""Files that tell whether they are still what was written: a checksum of each block, behind the octets.

A file is ``octets of its own, from START | checksums of the blocks of these octets | footer``; what stands before START
is not covered. Whoever reads a part reads whole blocks, and passes on nothing of one that does not verify.
"""

from __future__ import annotations

import os
import struct
from array import array
from pathlib import Path
from zlib import crc32

from x400.spool.exceptions import ContentDamaged
from x400.spool.interface import Buffer, Part

BLOCK = 1 << 16

_FOOTER = struct.Struct(">8sQQII")  # MAGIC, START, octets from there, checksum of the checksums, checksum of all before
_MAGIC = b"x400 sum"


class Sums:
    """The checksums of what is written, a block after another."""

    def __init__(self) -> None:
        self._blocks = array("I")
        self._open = 0
        self._filled = 0
        self._length = 0

    def add(self, data: Buffer) -> None:
        self._length += len(data)
        if self._filled + len(data) < BLOCK:
            self._open = crc32(data, self._open)
            self._filled += len(data)
            return
        view = memoryview(data)
        while view:
            piece = view[: BLOCK - self._filled]
            self._open = crc32(piece, self._open)
            self._filled += len(piece)
            if self._filled == BLOCK:
                self._blocks.append(self._open)
                self._open = self._filled = 0
            view = view[len(piece) :]

    def seal(self, start: int) -> bytes:
        """What is to stand behind the octets, of which the first is at ``start`` in the file."""
        blocks = self._blocks + array("I", [self._open] if self._filled else [])
        sums = struct.pack(f">{len(blocks)}I", *blocks)
        front = _FOOTER.pack(_MAGIC, start, self._length, crc32(sums), 0)[:-4]
        return sums + front + struct.pack(">I", crc32(front))


def sums_of(descriptor: int, start: int, length: int) -> Sums:
    """The checksums of octets that are in a file already."""
    sums = Sums()
    while length:
        data = os.pread(descriptor, min(length, 16 * BLOCK), start)
        if not data:
            raise OSError("a file is shorter than it was")
        sums.add(data)
        start += len(data)
        length -= len(data)
    return sums


class SealedFile:
    """A file to be read. Raises ContentDamaged, here and later, with the reason; OSError for what else may go wrong."""

    def __init__(self, path: str | Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ContentDamaged("the content file is not there") from None
        try:
            self._read_footer()
        except BaseException:
            self.close()
            raise
        self._number = -1
        self._block = b""

    def _read_footer(self) -> None:
        size = os.fstat(self._descriptor).st_size
        footer = os.pread(self._descriptor, _FOOTER.size, max(0, size - _FOOTER.size))
        if len(footer) != _FOOTER.size:
            raise ContentDamaged(f"the content file has {size} octets")
        magic, self._start, self._length, of_sums, of_footer = _FOOTER.unpack(footer)
        if magic != _MAGIC or crc32(footer[:-4]) != of_footer:
            raise ContentDamaged(f"the content file, of {size} octets, ends otherwise than it was written")
        blocks = -(-self._length // BLOCK)
        sums = os.pread(self._descriptor, 4 * blocks, self._start + self._length)
        if size != self._start + self._length + 4 * blocks + _FOOTER.size or crc32(sums) != of_sums:
            raise ContentDamaged("the checksums of the content file are damaged")
        self._sums = struct.unpack(f">{blocks}I", sums)

    @property
    def end(self) -> int:
        """Where the octets end in the file."""
        return int(self._start + self._length)

    def read(self, offset: int, size: int) -> Buffer:
        """Octets from there in the file on, one at least and as many as one block has at most, all of them verified."""
        number, skipped = divmod(offset - self._start, BLOCK)
        if not 0 <= offset - self._start < self._length:
            raise ContentDamaged("the content file is shorter than its entry says")
        if number != self._number:
            start = number * BLOCK
            block = os.pread(self._descriptor, min(BLOCK, self._length - start), self._start + start)
            if crc32(block) != self._sums[number]:
                raise ContentDamaged(f"the content file is damaged between the octets {start} and {start + BLOCK}")
            self._number, self._block = number, block
        return memoryview(self._block)[skipped : skipped + size]

    def close(self) -> None:
        os.close(self._descriptor)


class PartReader:
    """A part of a content file, from its beginning to its end. Raises as SealedFile does."""

    def __init__(self, part: Part) -> None:
        self._file = SealedFile(part.path)
        self._offset = part.offset
        self.left = part.length

    def read(self, size: int) -> Buffer:
        """The next octets, at most so many; none at the end."""
        if not self.left:
            return b""
        data = self._file.read(self._offset, min(size, self.left))
        self._offset += len(data)
        self.left -= len(data)
        return data

    def skip(self, octets: int) -> None:
        self._offset += octets
        self.left -= octets

    def close(self) -> None:
        self._file.close()


def seal_file(path: str | Path) -> None:
    """Seal a file that has been written without checksums, as it is now."""
    try:
        SealedFile(path).close()
    except ContentDamaged:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            os.pwrite(descriptor, sums_of(descriptor, 0, size).seal(0), size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
