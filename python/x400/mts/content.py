"""The octets of a content that came as a constructed OCTET STRING (X.690 8.7.3), taken out as they stream by."""

from __future__ import annotations

from x400.mts.exceptions import InvalidAPDU
from x400.mts.stored import Buffer

__all__ = ["Flattener"]

_MAX_DEPTH = 16


class Flattener:
    """Feed it the octets inside a constructed OCTET STRING, in pieces of any size; it gives the string's octets.

    Constructed pieces may nest. With `indefinite`, the outermost form ended with end-of-contents octets, and all after
    these is ignored; otherwise `length` octets are taken. `finished` tells whether the end was met.
    """

    def __init__(self, length: int | None) -> None:
        self._ends: list[int | None] = [length]
        self._place = 0
        self._header = bytearray()
        self._octets_left = 0
        self.finished = length == 0

    def feed(self, data: Buffer) -> list[memoryview]:
        """The string's octets in `data`, as slices of it; raises InvalidAPDU when it is no octet string."""
        view = memoryview(data)
        found: list[memoryview] = []
        start = 0
        while start < len(view) and not self.finished:
            if self._octets_left:
                piece = view[start : start + self._octets_left]
                found.append(piece)
                self._octets_left -= len(piece)
                self._advance(len(piece))
                start += len(piece)
            else:
                self._header.append(view[start])
                start += 1
                self._advance(1, in_header=not self._header_is_whole())
        return found

    def _header_is_whole(self) -> bool:
        header = self._header
        if len(header) < 2:
            return False
        long_form = header[1] & 0x7F if header[1] > 0x80 else 0
        if len(header) < 2 + long_form:
            return False
        length = int.from_bytes(header[2:], "big") if long_form else header[1]
        self._take(header[0], length, indefinite=header[1] == 0x80)
        header.clear()
        return True

    def _take(self, identifier: int, length: int, *, indefinite: bool) -> None:
        place = self._place + 1
        if identifier == 0x04 and not indefinite:
            self._octets_left = length
        elif identifier == 0x24 and len(self._ends) < _MAX_DEPTH:
            self._ends.append(None if indefinite else place + length)
        elif identifier == 0 and length == 0 and self._ends[-1] is None:
            self._ends.pop()
            self.finished = not self._ends
        else:
            raise InvalidAPDU(f"a piece of an OCTET STRING expected, identifier octet {identifier:#04x} met")
        end = self._ends[-1] if self._ends else None
        if end is not None and place + self._octets_left > end:
            raise InvalidAPDU("a piece of an OCTET STRING runs past the string's end")

    def _advance(self, octets: int, *, in_header: bool = False) -> None:
        self._place += octets
        while not in_header and not self._octets_left and self._ends and self._ends[-1] == self._place:
            self._ends.pop()
        self.finished = self.finished or not self._ends
