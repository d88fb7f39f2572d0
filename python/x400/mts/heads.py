"""How much of an APDU has to be in memory for the procedures to work on it; the rest may stay in a file."""

from __future__ import annotations

from collections.abc import Callable

from x400.mts.exceptions import InvalidAPDU
from x400.mts.stored import Buffer
from x400.osi.tlv import INDEFINITE, FramingError, element_end, read_header

__all__ = ["EnvelopeTooLong", "octets_needed", "with_envelope"]

_MESSAGE, _REPORT, _PROBE = 0xA0, 0xA1, 0xA2
_LONGEST_HEADER = 11
"""Octets of an element's identifier and length, at most."""


class EnvelopeTooLong(InvalidAPDU):
    """There is more of it than may be held in memory of one message."""


def octets_needed(head: Buffer, length: int) -> int:
    """How many of the first octets are needed of an APDU of ``length`` octets that begins with ``head``.

    Of a message all up to its content and the content's own header, of a probe or a report as much as there is, of what
    is neither none. When the head is too short to tell, twice its length.
    """
    if not head or head[0] not in (_MESSAGE, _REPORT, _PROBE):
        return 0
    if head[0] != _MESSAGE:
        return length
    somewhere = 1 << 62
    try:
        _, envelope, _ = read_header(head, 0, somewhere)
        _, contents, size = read_header(head, envelope, somewhere)
        end = contents + size if size != INDEFINITE else element_end(head, envelope, len(head))
    except (FramingError, IndexError):
        return min(length, 2 * len(head))
    return min(length, end + _LONGEST_HEADER)


def with_envelope(head: bytes, length: int, limit: int, read: Callable[[int], bytes]) -> bytes:
    """The first octets of an APDU of ``length``, as many as are needed but at most ``limit``; ``head`` is there
    already, ``read`` gives so many of the first ones. Of a message that is not all there no more: each octet of the
    head goes through the database, and those behind it are in a file anyhow.

    Of a report that is longer what is there: it is passed on without a look at what it brings back. Raises
    EnvelopeTooLong.
    """
    while (needed := octets_needed(head, length)) > len(head):
        if needed > limit:
            if head[0] == _REPORT:
                return head
            raise EnvelopeTooLong(f"an envelope of more than {limit} octets, [limits] envelope-octets")
        head = read(needed)
    return head[:needed] if needed > 0 and len(head) < length else head
