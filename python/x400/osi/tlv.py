"""Identifier and length octets by hand (X.690 8.1), for what is framed once per segment rather than once per
association.

Only the tags of the upper layers' own framing are made or met here, so identifiers are single octets, but for
`element_end`, which steps over anything. Everything that is nested goes through the codec.
"""

from __future__ import annotations

__all__ = ["Buffer", "FramingError", "element_end", "header", "integer", "read_header"]

Buffer = bytes | bytearray | memoryview

INDEFINITE = -1


class FramingError(ValueError):
    """Octets that are no BER here; `offset` says where."""

    def __init__(self, detail: str, offset: int) -> None:
        super().__init__(f"{detail} at offset {offset}")
        self.detail = detail
        self.offset = offset


def header(tag: int, length: int) -> bytes:
    """Identifier octet and shortest definite length."""
    if length < 0x80:
        return bytes((tag, length))
    if length < 0x100:
        return bytes((tag, 0x81, length))
    if length < 0x10000:
        return bytes((tag, 0x82, length >> 8, length & 0xFF))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def integer(value: int) -> bytes:
    """A whole INTEGER."""
    octets = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    return header(2, len(octets)) + octets


def read_header(data: Buffer, offset: int, end: int) -> tuple[int, int, int]:
    """The identifier octet, where the contents start, and their length (-1 when indefinite); contents end within
    `end`.
    """
    if end - offset < 2:
        raise FramingError("an element is cut short", offset)
    tag = data[offset]
    length = data[offset + 1]
    start = offset + 2
    if length & 0x80:
        count = length & 0x7F
        if not count:
            if not tag & 0x20:
                raise FramingError("indefinite length of a primitive", offset)
            return tag, start, INDEFINITE
        if count > 8 or end - start < count:
            raise FramingError("a length is too long or cut short", offset)
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if length > end - start:
        raise FramingError("an element is longer than what holds it", offset)
    return tag, start, length


def element_end(data: Buffer, offset: int, end: int) -> int:
    """Where the element at `offset` ends, its end-of-contents octets included."""
    depth = 0
    while True:
        if end - offset < 2:
            raise FramingError("an element is cut short", offset)
        if depth and data[offset] == 0:
            if data[offset + 1]:
                raise FramingError("end-of-contents octets are not zero", offset)
            offset += 2
            depth -= 1
            if not depth:
                return offset
            continue
        last = offset
        if data[offset] & 0x1F == 0x1F:
            last += 1
            while last < end and data[last] & 0x80:
                last += 1
            if end - last < 2:
                raise FramingError("an identifier is cut short", offset)
        if last == offset:
            _, start, length = read_header(data, offset, end)
        else:  # the form is told by the first octet, the length follows the last
            lengths = bytes((data[offset],)) + bytes(data[last + 1 : min(last + 10, end)])
            _, start, length = read_header(lengths, 0, len(lengths) + (1 << 62))
            start += last
            if length > end - start:
                raise FramingError("an element is longer than what holds it", offset)
        if length == INDEFINITE:
            depth += 1
            offset = start
            continue
        offset = start + length
        if not depth:
            return offset
