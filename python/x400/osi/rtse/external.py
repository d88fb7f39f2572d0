"""The EXTERNAL around each transferred APDU (X.228 8.2, X.690 8.18), as it comes and goes in segments.

    [UNIVERSAL 8] { direct-reference OPTIONAL, indirect-reference INTEGER, single-ASN1-type [0] { the APDU } }

The APDU is not decoded here: what stands before and after it is taken off as the segments pass.
"""

from __future__ import annotations

import struct
from collections.abc import Container

from x400.osi.rtse.exceptions import TransferError
from x400.osi.tlv import INDEFINITE, Buffer
from x400_framer.values import apdu_prefix

__all__ = ["ExternalReader", "prefix"]

_EXTERNAL = 0x28
_OBJECT_IDENTIFIER = 0x06
_INTEGER = 0x02
_SINGLE_ASN1_TYPE = 0xA0
_OCTET_ALIGNED = 0x81

_STATE = struct.Struct(">?Bqq")

_HEAD = 64
"""More octets than the head of an EXTERNAL can have: identifiers and lengths of up to 10 octets, two references."""


def prefix(context: int, length: int) -> bytes:
    """What stands before an APDU of `length` octets; nothing stands after it."""
    return apdu_prefix(context, length)


class ExternalReader:
    """Takes segments, gives the octets of the APDU within.

    `contexts` are the presentation contexts that an APDU may be in, `maximum_size` bounds it.
    """

    __slots__ = ("_contexts", "_head", "_held", "_maximum_size", "_remaining", "_started", "_tail", "size")

    def __init__(self, contexts: Container[int], maximum_size: int) -> None:
        self._contexts = contexts
        self._maximum_size = maximum_size
        self._head = b""
        self._started = False
        self._remaining: int | None = None  # octets of the APDU still to come, None if not known
        self._held = b""  # the last octets so far, which may be the end-of-contents
        self._tail = 0  # how many end-of-contents octets there must be
        self.size = 0  # octets of the APDU so far

    def state(self) -> bytes:
        """What is known after the octets so far: another reader goes on from it."""
        held = self._held if self._started else self._head
        remaining = -1 if self._remaining is None else self._remaining
        return _STATE.pack(self._started, self._tail, remaining, self.size) + held

    def resume(self, state: bytes) -> None:
        """Go on after the octets that another reader has taken; raises ValueError for what is no state."""
        try:
            self._started, self._tail, remaining, self.size = _STATE.unpack_from(state)
        except struct.error as error:
            raise ValueError(f"no state of an ExternalReader: {error}") from None
        self._remaining = None if remaining < 0 else remaining
        self._held, self._head = (state[_STATE.size :], b"") if self._started else (b"", state[_STATE.size :])

    @property
    def too_large(self) -> bool:
        """The APDU is, or announces itself, larger than it may be."""
        return self.size + (self._remaining or 0) > self._maximum_size

    @property
    def started(self) -> bool:
        """Some octets have been fed."""
        return self._started or bool(self._head)

    def take_whole(self, context: int, octets: Buffer) -> bool:
        """All of the APDU at once, which is in presentation context `context`; False, and nothing is taken, where it
        may not be in that, or has no octets."""
        if context not in self._contexts or not len(octets):
            return False
        self._started = True
        self._remaining = 0
        self.size = len(octets)
        return True

    def feed(self, segment: Buffer) -> list[Buffer]:
        """Octets of the APDU in this segment; raises TransferError for what is no EXTERNAL."""
        if not self._started:
            if self._head:
                segment = self._head + bytes(segment)
            if len(segment) < _HEAD:
                self._head = bytes(segment)
                return []
            segment = self._start(segment)
        return self._take(segment)

    def finish(self) -> list[Buffer]:
        """No more segments: the rest of the octets; raises TransferError if the EXTERNAL is not complete."""
        rest: list[Buffer] = []
        if not self._started:
            rest = self._take(self._start(self._head))
        if self._remaining or len(self._held) != self._tail or any(self._held):
            raise TransferError("the transferred value ends early", self.size)
        return rest

    def _take(self, segment: Buffer) -> list[Buffer]:
        remaining = self._remaining
        length = len(segment)
        if remaining is None:
            return self._take_indefinite(segment)
        if length <= remaining:
            self._remaining = remaining - length
            self.size += length
            return [segment] if length else []
        self._held += bytes(segment[remaining : remaining + 5])
        if len(self._held) > self._tail:
            raise TransferError("octets after the transferred value", self.size + remaining)
        self.size += remaining
        self._remaining = 0
        return [segment[:remaining]] if remaining else []

    def _take_indefinite(self, segment: Buffer) -> list[Buffer]:
        tail = self._tail
        if len(segment) < tail:
            held = self._held + bytes(segment)
            cut = max(0, len(held) - tail)
            self._held = held[cut:]
            self.size += cut
            return [held[:cut]] if cut else []
        parts: list[Buffer] = [self._held, segment[: len(segment) - tail]]
        self._held = bytes(segment[len(segment) - tail :])
        parts = [part for part in parts if len(part)]
        self.size += sum(map(len, parts))
        return parts

    def _start(self, segment: Buffer) -> Buffer:
        """Read the head; the segment without it."""
        self._started = True
        self._head = b""
        data = memoryview(segment)
        outer_start, outer = _open(data, 0, _EXTERNAL, "an EXTERNAL")
        offset = outer_start
        if _tag(data, offset) == _OBJECT_IDENTIFIER:
            start, length = _open(data, offset, _OBJECT_IDENTIFIER, "a direct-reference")
            offset = start + length
        start, length = _open(data, offset, _INTEGER, "an indirect-reference")
        if not 0 < length <= 4:
            raise TransferError("an indirect-reference of that length", offset)
        context = int.from_bytes(data[start : start + length], "big", signed=True)
        if context not in self._contexts:
            raise TransferError(f"an APDU in presentation context {context}", offset)
        offset = start + length
        octet_aligned = _tag(data, offset) == _OCTET_ALIGNED
        start, inner = _open(data, offset, _OCTET_ALIGNED if octet_aligned else _SINGLE_ASN1_TYPE, "a single-ASN1-type")
        self._tail = (2 if inner == INDEFINITE else 0) + (2 if outer == INDEFINITE else 0)
        if inner != INDEFINITE:
            self._remaining = inner
            if outer != INDEFINITE and start + inner != outer_start + outer:
                raise TransferError("the lengths of an EXTERNAL do not agree", offset)
        elif outer != INDEFINITE:
            self._remaining = outer_start + outer - start - 2
            if self._remaining < 0:
                raise TransferError("the lengths of an EXTERNAL do not agree", offset)
        return data[start:]


def _tag(data: memoryview, offset: int) -> int | None:
    return data[offset] if offset < len(data) else None


def _open(data: memoryview, offset: int, expected: int, what: str) -> tuple[int, int]:
    """Where the contents of an element start and their length, which may run past `data`."""
    if len(data) - offset < 2 or data[offset] != expected:
        raise TransferError(f"no {what.split(' ', 1)[1]} where {what} is expected", offset)
    length = data[offset + 1]
    start = offset + 2
    if length & 0x80:
        count = length & 0x7F
        if not count:
            if not expected & 0x20:
                raise TransferError(f"{what} of indefinite length", offset)
            return start, INDEFINITE
        if count > 8 or len(data) - start < count:
            raise TransferError(f"{what} whose length is too long or cut short", offset)
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    return start, length
