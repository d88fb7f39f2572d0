"""One APDU on its way: cut into segments and paced by the window when it goes, put together when it comes (X.228
7.3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container

import x400_framer
from x400.osi.rtse import external
from x400.osi.rtse.exceptions import TransferError
from x400.osi.rtse.recovery import ActivityReference, Resumption
from x400.osi.rtse.source import Source
from x400.osi.tlv import INDEFINITE, Buffer, FramingError, element_end, read_header
from x400_framer.values import segment_prefix, whole_apdu

__all__ = ["Incoming", "IncomingX410", "Outgoing", "Repeated", "SourceError", "segment_contents"]

_RTTR = 0x04
_RTTR_CONSTRUCTED = 0x24

MAXIMUM_PIECES = 4096
"""Pieces of one constructed OCTET STRING, and so of the list that they make."""


class SourceError(Exception):
    """The source of an APDU gave fewer octets than its length."""


def _segment_prefix(context: int, size: int) -> bytes:
    """All that stands before a segment of `size` octets: presentation's framing, the RTTR's identifier and length;
    nothing where there is no presentation context.
    """
    if not context:  # X.410-1984 mode
        return b""
    return segment_prefix(context, size)


class Outgoing:
    """Sends an APDU, or what follows the checkpoint that it is resumed from.

    Each segment but the last is followed by a checkpoint (S-SYNC-MINOR); no more than `window` checkpoints are
    unconfirmed at a time. `segment` is the checkpoint size in octets, 0 for a single segment. `reference` is what the
    activity was called when it was started.
    """

    __slots__ = (
        "_buffers",
        "_checkpoint_due",
        "_checkpoints",
        "_confirmed",
        "_context",
        "_held",
        "_last",
        "_offset",
        "_remaining",
        "_segment",
        "_session",
        "_source",
        "_window",
        "reference",
    )

    def __init__(
        self,
        source: Source,
        session: x400_framer.Connection,
        head: bytes,
        rtse_context: int,
        segment: int,
        window: int,
        reference: ActivityReference,
        resumed: Resumption | None = None,
    ) -> None:
        self.reference = reference if resumed is None else resumed.reference
        self._source = source
        self._session = session
        self._context = rtse_context
        self._buffers: list[Buffer] = [head] if head else []
        self._remaining = len(head) + source.length
        self._segment = segment or self._remaining
        self._window = window
        self._checkpoint_due = False
        self._offset = -len(head)  # octets of the APDU that were sent; what stands before it does not count
        self._held = self._last = self._confirmed = 0  # serial numbers; an activity starts at 1
        if resumed is not None:
            self._offset = self._held = resumed.offset
            self._last = self._confirmed = resumed.serial
        self._checkpoints: deque[int] = deque()
        """Octets before each checkpoint that is not confirmed."""

    def confirm(self, serial: int) -> None:
        """A checkpoint, and with it all before, was confirmed (X.225 5.8.1)."""
        if serial > self._last or serial <= self._confirmed:
            raise TransferError(f"confirm of checkpoint {serial}, {self._confirmed + 1} to {self._last} are due")
        while self._confirmed < serial:
            self._held = self._checkpoints.popleft()
            self._confirmed += 1

    @property
    def resumption(self) -> Resumption | None:
        """Where the transfer can be resumed; None before any checkpoint is confirmed."""
        if not self._confirmed or self._held <= 0:
            return None
        return Resumption(self.reference, self._confirmed, self._held)

    def pump(self) -> bool:
        """Send what the window allows; True once all is sent, and S-ACTIVITY-END requested. Raises SourceError."""
        session = self._session
        while True:
            if self._checkpoint_due:
                if self._last - self._confirmed >= self._window:
                    return False
                self._last = session.s_sync_minor_request(True)
                self._checkpoints.append(self._offset)
            size = min(self._segment, self._remaining)
            session.s_data_request(_segment_prefix(self._context, size), *self._read(size))
            self._remaining -= size
            self._offset += size
            if not self._remaining:
                session.s_activity_end_request()
                return True
            self._checkpoint_due = True

    def _read(self, size: int) -> list[Buffer]:
        buffers = self._buffers
        self._buffers = []
        needed = size - sum(map(len, buffers))
        read = self._source.read
        while needed > 0:
            buffer = read(needed)
            length = len(buffer)
            if not 0 < length <= needed:
                raise SourceError(f"{length} octets where 1 to {needed} are due")
            buffers.append(buffer)
            needed -= length
        return buffers


def segment_contents(rttr: Buffer) -> list[Buffer]:
    """The octets of an RTTR, a list because an OCTET STRING may come in pieces; raises TransferError."""
    end = len(rttr)
    try:
        tag, start, length = read_header(rttr, 0, end)
        if tag == _RTTR and start + length == end:
            return [rttr[start:]]
        if tag == _RTTR_CONSTRUCTED:
            return _pieces(rttr, start, end if length == INDEFINITE else start + length)
    except FramingError as error:
        raise TransferError(f"RTTR: {error.detail}", error.offset) from None
    raise TransferError(f"an APDU with identifier {tag:#04x} of {end} octets where an RTTR is expected", 0)


def _pieces(data: Buffer, offset: int, end: int) -> list[Buffer]:
    """The primitive pieces of a constructed OCTET STRING (X.690 8.7.3), however nested."""
    if element_end(data, 0, len(data)) != len(data):
        raise FramingError("octets after the RTTR", 0)
    pieces: list[Buffer] = []
    while offset < end:
        tag, start, length = read_header(data, offset, end)
        if tag == _RTTR:
            if len(pieces) == MAXIMUM_PIECES:
                raise FramingError("an OCTET STRING in too many pieces", offset)
            pieces.append(data[start : start + length])
            offset = start + length
        elif tag == _RTTR_CONSTRUCTED or (tag == 0 and length == 0):  # nesting says nothing: its pieces follow
            offset = start
        else:
            raise FramingError(f"identifier {tag:#04x} in an OCTET STRING", offset)
    return pieces


class Incoming:
    """Receives an APDU: segments in, octets of the APDU without its EXTERNAL out.

    `number` tells the transfers of one association apart; `confirmed` is the checkpoint that was confirmed last.
    """

    __slots__ = ("_reader", "confirmed", "number", "size_limit_passed")

    def __init__(self, number: int, user_contexts: Container[int], maximum_size: int) -> None:
        self._reader = external.ExternalReader(user_contexts, maximum_size)
        self.size_limit_passed = False
        self.number = number
        self.confirmed = 0

    def resume(self, serial: int, state: bytes) -> None:
        """Go on from a checkpoint; raises ValueError for what is no state of one."""
        self.confirmed = serial
        self._reader.resume(state)

    @property
    def offset(self) -> int:
        """Octets of the APDU that have been given out."""
        return self._reader.size

    def state(self) -> bytes:
        return self._reader.state()

    def segment(self, rttr: Buffer) -> list[Buffer]:
        """The octets of the APDU in this segment; raises TransferError. None once the APDU has passed its limit."""
        reader = self._reader
        octets: list[Buffer] = []
        whole = None if reader.started else whole_apdu(rttr)
        if whole is not None and reader.take_whole(*whole):
            octets = [whole[1]]
        else:
            for piece in segment_contents(rttr):
                octets += reader.feed(piece)
        if reader.too_large:
            self.size_limit_passed = True
            return []
        return octets

    def end(self) -> list[Buffer]:
        """The octets that were still held back; raises TransferError if the APDU is not complete."""
        return self._reader.finish()


class IncomingX410(Incoming):
    """Receives an APDU in X.410-1984 mode: segments are the octets of the APDU, and their end is its end."""

    __slots__ = ("_maximum_size", "_size")

    def __init__(self, number: int, user_contexts: Container[int], maximum_size: int) -> None:
        super().__init__(number, user_contexts, maximum_size)
        self._maximum_size = maximum_size
        self._size = 0

    def resume(self, serial: int, state: bytes) -> None:
        self.confirmed = serial
        self._size = int.from_bytes(state, "big")

    @property
    def offset(self) -> int:
        return self._size

    def state(self) -> bytes:
        return self._size.to_bytes(8, "big")

    def segment(self, rttr: Buffer) -> list[Buffer]:
        self._size += len(rttr)
        if self._size > self._maximum_size:
            self.size_limit_passed = True
            return []
        return [rttr]

    def end(self) -> list[Buffer]:
        return []


class Repeated(Incoming):
    """Receives the rest of an APDU that was secured before: whatever comes of it is dropped."""

    __slots__ = ()

    def __init__(self, number: int, serial: int) -> None:
        super().__init__(number, (), 0)
        self.confirmed = serial

    def segment(self, rttr: Buffer) -> list[Buffer]:
        return []

    def end(self) -> list[Buffer]:
        return []
