"""Room kept back for the moment when the disk is full.

What leaves the spool needs room, too: SQLite writes the deletion to its log, and can only cut the log after it has
grown the database by what the log holds. So a file that is worth the log lies beside it, thrown out when nothing else
fits. Until it is back nothing new is stored: that would eat the room which what leaves needs.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PAGE = 4096
LOG_PAGES = 8192
"""Pages of the log after which SQLite brings it into the database, on a disk of a usual size."""
GROUP_OCTETS = 16 << 20
"""What one group may add to a log that is just short of that."""


def log_pages(folder: Path) -> int:
    """``LOG_PAGES``, or fewer on a small disk."""
    return max(64, min(LOG_PAGES, _size(folder) // 8 // PAGE))


def _size(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_blocks * state.f_frsize


class Ballast:
    """The file ``ballast`` of a spool's folder; ``aboard`` tells whether it is there."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"
        self.aboard = False
        self._octets = min(log_pages(folder) * PAGE + GROUP_OCTETS, _size(folder) // 4)

    def take_on(self) -> bool:
        """Lay it in, unless it is there, or there would be little room left beside it; whether it is there."""
        if self.aboard:
            return True
        state = os.statvfs(self._path.parent)
        with contextlib.suppress(FileNotFoundError):  # not there, or just being thrown out by the writer
            self.aboard = os.path.getsize(self._path) >= self._octets
        if self.aboard or state.f_bavail * state.f_frsize < 2 * self._octets:
            return self.aboard
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                os.posix_fallocate(descriptor, 0, self._octets)
                self.aboard = True
            finally:
                os.close(descriptor)
        return self.aboard

    def throw_out(self) -> None:
        """Give its room to what needs it now."""
        self._path.unlink(missing_ok=True)
        self.aboard = False
