"""What a spool can refuse.

SpoolError
    SpoolFull        the disk or a limit is full: nothing of the batch is stored; try again later
    SpoolClosed      the spool is closing or closed; nothing of the batch is stored
    SpoolInUse       another process holds this spool open for writing
    SpoolCorrupt     the database cannot be read
ContentDamaged       (an OSError) a content file is not what was written
"""

from __future__ import annotations


class SpoolError(Exception):
    """A batch was not stored; nothing of it is on disk."""


class SpoolFull(SpoolError):
    """No room: a peer is told that we are busy, and may try again."""


class SpoolClosed(SpoolError):
    """The spool is closed, or closing."""


class SpoolInUse(SpoolError):
    """Another process has this spool open for writing."""


class SpoolCorrupt(SpoolError):
    """The database cannot be read or fails its integrity check."""


class ContentDamaged(OSError):
    """A content file is gone, cut off, or has other octets than were written."""
