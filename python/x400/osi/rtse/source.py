"""Where an APDU to be sent comes from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from x400.osi.tlv import Buffer

__all__ = ["BytesSource", "Source"]


class Source(Protocol):
    """An APDU of known length, read once from its beginning to its end."""

    @property
    def length(self) -> int:
        """Octets in all."""
        ...

    def read(self, size: int) -> Buffer:
        """The next octets: at least one, at most `size`, which is never more than what is left."""
        ...


class BytesSource:
    """An APDU that lies in memory, in one or several buffers, none of which is copied."""

    __slots__ = ("_buffers", "length")

    def __init__(self, buffers: Iterable[Buffer] | Buffer) -> None:
        if isinstance(buffers, bytes | bytearray | memoryview):
            self.length = len(buffers)
            self._buffers = deque((buffers,) if self.length else ())
            return
        self._buffers = deque([buffer for buffer in buffers if len(buffer)])
        self.length = sum(map(len, self._buffers))

    def read(self, size: int) -> Buffer:
        if not self._buffers:
            return b""
        buffer = self._buffers.popleft()
        if len(buffer) > size:
            view = memoryview(buffer)
            self._buffers.appendleft(view[size:])
            return view[:size]
        return buffer
