"""What a transfer, or an association, that was cut off is known by afterwards (X.218, X.228 7.8).

Both sides count checkpoints; a confirmed one is held by the receiver, whatever happens. The sender then resumes what
was interrupted with S-ACTIVITY-RESUME, on the same session connection or on another: it names the activity as it was
started, the session connection of that time, and the last checkpoint whose confirmation it has seen. The receiver may
hold more than that: a confirmation may have been lost. It goes on from the checkpoint that the sender names.

Nothing is kept here: the receiver's user keeps what it holds, with the `state` of each checkpoint, and answers through
`Connection.recall`; the sender's user keeps `Connection.resumption`, and gives it to `rt_transfer_request`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from x400.osi.tlv import INDEFINITE, Buffer, FramingError, read_header

__all__ = [
    "NO_CONNECTION",
    "ActivityReference",
    "Completed",
    "Recall",
    "Resumption",
    "SessionConnectionIdentifier",
    "decode_identifier",
    "encode_identifier",
]

_T61_STRING = 0x14
_OCTET_STRING = 0x04
_UTC_TIME = 0x17
_ADDITIONAL = 0x80


@dataclass(frozen=True, slots=True)
class SessionConnectionIdentifier:
    """The name of a session connection, given by its initiator (X.228 8.1): each reference is an element, as session
    carries it; all are empty when the initiator gave none.
    """

    calling: bytes = b""
    common: bytes = b""
    additional: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.calling or self.common)


NO_CONNECTION = SessionConnectionIdentifier()


@dataclass(frozen=True, slots=True)
class ActivityReference:
    """An activity, and the session connection that it was started or last resumed on."""

    connection: SessionConnectionIdentifier
    activity: bytes


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a transfer of ours can be resumed: the activity as it was started, the last checkpoint that the receiver
    confirmed, and the octets of the APDU before it.
    """

    reference: ActivityReference
    serial: int
    offset: int


Completed = Literal["completed"]

Recall = Callable[[ActivityReference, int], bytes | Completed | None]
"""Asked by a connection when its peer resumes: of this activity, what was the state of the checkpoint with this
serial number? "completed": the whole APDU is secured, its confirmation was lost. None: nothing is held of it.
"""


def encode_identifier(identifier: SessionConnectionIdentifier) -> bytes:
    """The contents of the SessionConnectionIdentifier of an RTORQ or RTOAC that recovers (X.228 9)."""
    additional = identifier.additional
    if additional:
        additional = bytes((_ADDITIONAL,)) + additional[1:]  # [0] IMPLICIT T61String
    return identifier.calling + identifier.common + additional


def decode_identifier(element: Buffer) -> SessionConnectionIdentifier:
    """The references as session carries them, of the element of a SessionConnectionIdentifier; raises FramingError."""
    _, offset, length = read_header(element, 0, len(element))
    end = len(element) - 2 if length == INDEFINITE else offset + length
    parts: list[bytes] = []
    while offset < end and len(parts) < 3:
        tag, start, length = read_header(element, offset, end)
        if tag not in ((_T61_STRING, _OCTET_STRING), (_UTC_TIME,), (_ADDITIONAL,))[len(parts)]:
            raise FramingError(f"identifier {tag:#04x} in a SessionConnectionIdentifier", offset)
        octets = bytes(element[offset : start + length])
        parts.append(octets if tag != _ADDITIONAL else bytes((_T61_STRING,)) + octets[1:])
        offset = start + length
    if offset != end or len(parts) < 2:
        raise FramingError("no SessionConnectionIdentifier", offset)
    return SessionConnectionIdentifier(*parts)
