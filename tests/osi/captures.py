"""TCP streams out of pcap and pcapng files: as much of the formats as our captures use."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

Endpoint = tuple[str, int]


def frames(path: Path) -> Iterator[bytes]:
    """Ethernet frames in order."""
    data = path.read_bytes()
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        yield from _pcapng(data)
        return
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    offset = 24
    while offset + 16 <= len(data):
        (length,) = struct.unpack_from(order + "I", data, offset + 8)
        yield data[offset + 16 : offset + 16 + length]
        offset += 16 + length


def _pcapng(data: bytes) -> Iterator[bytes]:
    offset = 0
    order = "<"
    while offset + 12 <= len(data):
        if data[offset : offset + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[offset + 8 : offset + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        kind, length = struct.unpack_from(order + "II", data, offset)
        if kind == 6:  # enhanced packet
            (size,) = struct.unpack_from(order + "I", data, offset + 20)
            yield data[offset + 28 : offset + 28 + size]
        offset += length


def segments(path: Path) -> Iterator[tuple[Endpoint, Endpoint, bytes]]:
    """The octets of each TCP segment that brings new ones, in the order of the capture."""
    following: dict[tuple[Endpoint, Endpoint], int] = {}
    for frame in frames(path):
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        ip = frame[14 : 14 + int.from_bytes(frame[16:18], "big")]
        tcp = ip[(ip[0] & 15) * 4 :]
        source = (".".join(map(str, ip[12:16])), int.from_bytes(tcp[0:2], "big"))
        target = (".".join(map(str, ip[16:20])), int.from_bytes(tcp[2:4], "big"))
        sequence = int.from_bytes(tcp[4:8], "big")
        payload = tcp[(tcp[12] >> 4) * 4 :]
        if tcp[13] & 2:
            following[source, target] = sequence + 1
            continue
        expected = following.setdefault((source, target), sequence)
        payload = payload[(expected - sequence) & 0xFFFFFFFF if expected != sequence else 0 :]
        if payload:
            following[source, target] = expected + len(payload) & 0xFFFFFFFF
            yield source, target, payload


def conversation(path: Path, port: int) -> tuple[bytes, bytes]:
    """All that was said to `port`, and all that was answered."""
    said = answered = b""
    for source, target, payload in segments(path):
        if target[1] == port:
            said += payload
        elif source[1] == port:
            answered += payload
    return said, answered
