"""Whether there is room for more: what waits and what is free on the disk, looked at once a second.

Without room transfers are refused in the standard's way (a bind with `busy`, an activity with an exception report), and
peers keep what they have. Nothing that was confirmed is touched, and service returns by itself, a little below the
limit, so that it does not flap.
"""

from __future__ import annotations

import os
from pathlib import Path

import structlog

log = structlog.get_logger("x400.server")

BACK = 0.95
"""The part of the limit below which service returns."""


class Congestion:
    """``cause`` says why nothing more is taken over; empty: there is room."""

    def __init__(self, folder: Path, waiting: int, free_octets: int) -> None:
        self.cause = ""
        self._closed = ""
        self._folder = folder
        self._waiting = waiting
        self._free_octets = free_octets

    def close(self, cause: str) -> None:
        """Take over nothing any more."""
        self._closed = self.cause = cause

    def look(self, waiting: int) -> None:
        """Look again; ``waiting`` is the number of entries on the spool."""
        if self._closed:
            return
        slack = BACK if self.cause else 1.0
        cause = ""
        free = self._free()
        if waiting >= self._waiting * slack:
            cause = f"{waiting} entries wait, [limits] waiting is {self._waiting}"
        elif free * slack < self._free_octets:
            cause = f"{free} octets are free on the disk, [limits] free-octets is {self._free_octets}"
        if bool(cause) != bool(self.cause):
            if cause:
                log.error("no more transfers are taken over", cause=cause)
            else:
                log.warning("transfers are taken over again", waiting=waiting)
        self.cause = cause

    def _free(self) -> int:
        state = os.statvfs(self._folder)
        return state.f_bavail * state.f_frsize
