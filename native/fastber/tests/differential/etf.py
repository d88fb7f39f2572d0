"""Erlang's external term format, as much of it as ASN.1 values need."""

from __future__ import annotations

import struct
from typing import Any


class Atom(str):
    """An atom; a plain str is not one."""

    __slots__ = ()


class Bits(tuple[bytes, int]):
    """A bitstring: its octets, the last padded with zeros, and its number of bits."""

    __slots__ = ()


def dump(term: Any) -> bytes:
    return b"\x83" + _dump(term)


def _dump(term: Any) -> bytes:
    if isinstance(term, Atom):
        octets = term.encode()
        return b"w" + bytes([len(octets)]) + octets
    if isinstance(term, bool):
        return _dump(Atom(str(term).lower()))
    if isinstance(term, int):
        if -(2**31) <= term < 2**31:
            return b"b" + struct.pack(">i", term)
        size = (abs(term).bit_length() + 7) // 8
        return b"o" + struct.pack(">IB", size, term < 0) + abs(term).to_bytes(size, "little")
    if isinstance(term, Bits):
        octets, count = term
        if count % 8 == 0:
            return _dump(octets)
        return b"M" + struct.pack(">IB", len(octets), count % 8) + octets
    if isinstance(term, bytes):
        return b"m" + struct.pack(">I", len(term)) + term
    if isinstance(term, tuple):
        return b"h" + bytes([len(term)]) + b"".join(map(_dump, term))
    if isinstance(term, list):
        return b"l" + struct.pack(">I", len(term)) + b"".join(map(_dump, term)) + b"j" if term else b"j"
    if isinstance(term, dict):
        return b"t" + struct.pack(">I", len(term)) + b"".join(_dump(k) + _dump(v) for k, v in term.items())
    raise TypeError(f"no Erlang term for {type(term).__name__}")


def load(octets: bytes) -> Any:
    if octets[:1] != b"\x83":
        raise ValueError("not in external term format")
    term, at = _load(octets, 1)
    if at != len(octets):
        raise ValueError("octets behind the term")
    return term


def _load(octets: bytes, at: int) -> tuple[Any, int]:
    tag, at = octets[at : at + 1], at + 1
    if tag == b"a":
        return octets[at], at + 1
    if tag == b"b":
        return struct.unpack_from(">i", octets, at)[0], at + 4
    if tag in (b"n", b"o"):
        size, negative = struct.unpack_from(">BB" if tag == b"n" else ">IB", octets, at)
        at += 2 if tag == b"n" else 5
        number = int.from_bytes(octets[at : at + size], "little")
        return -number if negative else number, at + size
    if tag == b"F":
        return struct.unpack_from(">d", octets, at)[0], at + 8
    if tag in (b"d", b"v", b"s", b"w"):
        wide = tag in (b"d", b"v")
        size = struct.unpack_from(">H" if wide else ">B", octets, at)[0]
        at += 2 if wide else 1
        return Atom(octets[at : at + size].decode()), at + size
    if tag == b"m":
        size = struct.unpack_from(">I", octets, at)[0]
        return octets[at + 4 : at + 4 + size], at + 4 + size
    if tag == b"M":
        size, last = struct.unpack_from(">IB", octets, at)
        return Bits((octets[at + 5 : at + 5 + size], size * 8 - 8 + last)), at + 5 + size
    if tag == b"k":
        size = struct.unpack_from(">H", octets, at)[0]
        return list(octets[at + 2 : at + 2 + size]), at + 2 + size
    if tag == b"j":
        return [], at
    if tag in (b"h", b"i", b"l"):
        size = octets[at] if tag == b"h" else struct.unpack_from(">I", octets, at)[0]
        terms, at = _many(octets, at + (1 if tag == b"h" else 4), size)
        if tag != b"l":
            return tuple(terms), at
        if octets[at : at + 1] != b"j":
            raise ValueError("an improper list")
        return terms, at + 1
    if tag == b"t":
        size = struct.unpack_from(">I", octets, at)[0]
        terms, at = _many(octets, at + 4, 2 * size)
        return dict(zip(terms[::2], terms[1::2], strict=True)), at
    raise ValueError(f"term tag {tag!r}")


def _many(octets: bytes, at: int, count: int) -> tuple[list[Any], int]:
    terms = []
    for _ in range(count):
        term, at = _load(octets, at)
        terms.append(term)
    return terms, at
