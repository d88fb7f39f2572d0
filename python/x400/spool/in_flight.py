"""What a worker is just storing, told to the other workers through memory that they share.

Two workers that look for a repetition in each other's databases at the same instant both find nothing: neither has
committed. So each first writes down here what it is about to store, then looks at what the others have written down,
then at their databases, then commits, and only then wipes it off. Of two that store the same transfer at least one
sees the other, whatever the order; who sees another refuses the transfer for now, and the peer, which repeats it, is
told later that it was taken over. In the worst case both refuse.

A file of a worker's folder: twice how often its spool was opened, and one while it is rescued; a number of digests; the
digests. Writing it down is one copy of memory; no lock is taken and no system call is made. What a worker that was
killed has left is wiped off when its spool is opened again.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

NAME = "in-flight"
MAXIMUM = 4096
"""Transfers of one group that can be told of."""

_HEADER = struct.Struct("=QQ")
_SIZE = _HEADER.size + 8 * MAXIMUM


def digest(identifier: str, duplicate_key: bytes) -> int:
    """64 bits of a transfer's key; that two transfers share them does no more harm than a refusal."""
    return crc32(identifier.encode()) << 32 | crc32(duplicate_key)


class InFlight:
    """The file of one worker's folder, as its owner or as another worker."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            if os.fstat(descriptor).st_size < _SIZE:
                os.ftruncate(descriptor, _SIZE)
            self._memory = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)

    # ---- its owner's

    def opened(self) -> None:
        """The spool has been opened: nothing is in flight, and its database may be another one than before."""
        times, _ = _HEADER.unpack_from(self._memory)
        _HEADER.pack_into(self._memory, 0, (times + 2) & ~1, 0)

    def rescuing(self) -> None:
        """The spool is damaged, and is being rescued until it has been opened."""
        times, number = _HEADER.unpack_from(self._memory)
        _HEADER.pack_into(self._memory, 0, times | 1, number)

    def tell(self, digests: Sequence[int]) -> None:
        """About to store these, at most ``MAXIMUM``. The numbers come first, how many they are last."""
        times, _ = _HEADER.unpack_from(self._memory)
        struct.pack_into(f"={len(digests)}Q", self._memory, _HEADER.size, *digests)
        _HEADER.pack_into(self._memory, 0, times, len(digests))

    def clear(self) -> None:
        """They are stored, or not."""
        times, _ = _HEADER.unpack_from(self._memory)
        _HEADER.pack_into(self._memory, 0, times, 0)

    # ---- the others'

    @property
    def is_rescued(self) -> bool:
        """Whether it is being rescued: what is in its database now is not all that it has accepted."""
        return bool(self.times_opened & 1)

    @property
    def times_opened(self) -> int:
        """Another number each time that its owner has opened the spool."""
        times, _ = _HEADER.unpack_from(self._memory)
        return int(times)

    def told(self) -> Sequence[int]:
        """What its owner is just storing."""
        _, number = _HEADER.unpack_from(self._memory)
        return struct.unpack_from(f"={min(number, MAXIMUM)}Q", self._memory, _HEADER.size) if number else ()

    def close(self) -> None:
        self._memory.close()
