"""Captures that Wireshark and tshark open as they are: pcapng, each connection as Ethernet, IP and TCP with its octets.

What is recorded is what crossed the socket, so the frames below are made up to fit: a handshake, sequence and
acknowledgement numbers that add up, checksums, and a FIN at the end. The listening side appears on port 102, the port
of RFC 1006, whatever port it has; so two servers of one host differ in the ports of their clients only.

Every block goes to the file in one write that appends, and a section has one interface only: processes may write to
one file together, and a file is continued, never cut.
"""

from __future__ import annotations

import ipaddress
import os
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["ISO_TSAP_PORT", "Capture", "Tap"]

ISO_TSAP_PORT = 102
_MAX_SEGMENT = 65_495
"""Octets of a TCP segment that an IP packet of 65,535 octets has room for, below two headers of 20."""

_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10
_SYN_OPTIONS = bytes((2, 4)) + _MAX_SEGMENT.to_bytes(2, "big") + bytes((1, 3, 3, 14))
"""Maximum segment size; window scale 14, so that no window is ever full."""
_SECTION_HEADER_BLOCK, _INTERFACE_DESCRIPTION_BLOCK, _ENHANCED_PACKET_BLOCK = 0x0A0D0D0A, 1, 6
_LINKTYPE_ETHERNET = 1
_OPT_SHB_USERAPPL, _OPT_IF_NAME, _OPT_IF_TSRESOL = 4, 2, 9
_NANOSECONDS = b"\x09"

Address = Sequence[Any]
"""(host, port), more may follow: as a socket gives it."""


class Capture:
    """A pcapng file to which connections are recorded; made when it is missing, else continued.

    Raises OSError when the file cannot be opened. When it cannot be written later on (a full disk), recording stops and
    `error` says why: a capture never harms what it looks at.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Callable[[], int] = time.time_ns) -> None:
        self.path = Path(path)
        self.error: OSError | None = None
        self._clock = clock
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._write(_section())

    def connection(self, local_addr: Address, peer_addr: Address, initiator: bool) -> Tap:
        """Record a connection that has just been made; the addresses are those of its socket."""
        return Tap(self, local_addr, peer_addr, initiator)

    def close(self) -> None:
        """Close the file; taps that are still held record no more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def packet(self, *parts: bytes | bytearray | memoryview) -> None:
        """Append one frame, made of these parts."""
        data = b"".join(parts)
        time_stamp = self._clock()
        head = struct.pack("<IIIII", 0, time_stamp >> 32, time_stamp & 0xFFFFFFFF, len(data), len(data))
        self._write(_block(_ENHANCED_PACKET_BLOCK, head + data))

    def _write(self, block: bytes) -> None:
        if self._file < 0 or self.error is not None:
            return
        try:
            os.write(self._file, block)
        except OSError as error:
            self.error = error


class Tap:
    """One connection of a capture. Tell it what was received and sent, and that the connection is closed."""

    def __init__(self, capture: Capture, local_addr: Address, peer_addr: Address, initiator: bool) -> None:
        self._capture = capture
        local_port = local_addr[1] if initiator else ISO_TSAP_PORT
        peer_port = ISO_TSAP_PORT if initiator else peer_addr[1]
        local, peer = _same_version(str(local_addr[0]), str(peer_addr[0]))
        self._local = _Side(1, local, local_port)
        self._peer = _Side(2, peer, peer_port)
        self._closed = False
        first, second = (self._local, self._peer) if initiator else (self._peer, self._local)
        self._initiator, self._responder = first, second
        self._segment(first, second, _SYN)
        self._segment(second, first, _SYN | _ACK)
        self._segment(first, second, _ACK)

    def received(self, data: bytes | bytearray | memoryview) -> None:
        """Octets that came from the peer."""
        self._data(self._peer, self._local, data)

    def sent(self, data: bytes | bytearray | memoryview) -> None:
        """Octets that went to the peer."""
        self._data(self._local, self._peer, data)

    def closed(self) -> None:
        """The connection is over; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._segment(self._initiator, self._responder, _FIN | _ACK)
            self._segment(self._responder, self._initiator, _FIN | _ACK)
            self._segment(self._initiator, self._responder, _ACK)

    def _data(self, sender: _Side, receiver: _Side, data: bytes | bytearray | memoryview) -> None:
        if self._closed:
            return
        for piece in _pieces(memoryview(data)):
            self._segment(sender, receiver, _PSH | _ACK, piece)

    def _segment(self, sender: _Side, receiver: _Side, flags: int, data: bytes | memoryview = b"") -> None:
        acknowledged = receiver.next_sequence if flags & _ACK else 0
        options = _SYN_OPTIONS if flags & _SYN else b""
        offset = (20 + len(options)) // 4 << 4
        sequence = sender.next_sequence
        window = 0xFFFF
        header = struct.pack(
            "!HHIIBBHHH", sender.port, receiver.port, sequence, acknowledged, offset, flags, window, 0, 0
        )
        length = len(header) + len(options) + len(data)
        pseudo_header = sender.address + receiver.address + struct.pack("!II", length, 6)
        checksum = _checksum(pseudo_header, header, options, data)
        header = header[:16] + checksum.to_bytes(2, "big") + header[18:]
        sender.next_sequence = (sequence + len(data) + bool(flags & (_SYN | _FIN))) & 0xFFFFFFFF
        self._capture.packet(sender.link_and_internet_header(receiver, length), header, options, data)


class _Side:
    """One end of a connection."""

    def __init__(self, number: int, address: bytes, port: int) -> None:
        self.address = address
        self.port = port
        self.next_sequence = 0
        self._hardware_address = bytes((2, 0, 0, 0, 0, number))
        self._identification = 0

    def link_and_internet_header(self, receiver: _Side, length: int) -> bytes:
        """The Ethernet and IP headers of a packet with `length` octets of TCP."""
        ethernet = receiver._hardware_address + self._hardware_address
        addresses = self.address + receiver.address
        if len(self.address) == 16:
            return ethernet + struct.pack("!HIHBB", 0x86DD, 6 << 28, length, 6, 64) + addresses
        self._identification = (self._identification + 1) & 0xFFFF
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, self._identification, 0x4000, 64, 6, 0)
        checksum = _checksum(header, addresses)
        return ethernet + b"\x08\x00" + header[:10] + checksum.to_bytes(2, "big") + addresses


def _same_version(local: str, peer: str) -> tuple[bytes, bytes]:
    """Both addresses as octets: as IPv6 when one is."""
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in (local, peer)]
    if all(address.version == 4 for address in addresses):
        return addresses[0].packed, addresses[1].packed
    first, second = (
        address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed for address in addresses
    )
    return first, second


def _pieces(data: memoryview) -> Iterator[memoryview]:
    data = data.cast("B") if data.format != "B" or data.ndim != 1 else data
    for start in range(0, len(data), _MAX_SEGMENT):
        yield data[start : start + _MAX_SEGMENT]


def _checksum(*parts: bytes | memoryview) -> int:
    """The Internet checksum (RFC 1071): adding 16-bit words with end-around carry is reckoning modulo 65,535."""
    octets = b"".join(parts)
    if len(octets) % 2:
        octets += b"\x00"
    return 0xFFFF - ((int.from_bytes(octets, "big") % 0xFFFF) or 0xFFFF)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _section() -> bytes:
    """A section header of unknown length, and the one interface that all packets are of."""
    end = bytes(4)
    header = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _option(_OPT_SHB_USERAPPL, b"x400") + end
    interface = struct.pack("<HHI", _LINKTYPE_ETHERNET, 0, 0)
    interface += _option(_OPT_IF_NAME, b"x400") + _option(_OPT_IF_TSRESOL, _NANOSECONDS) + end
    return _block(_SECTION_HEADER_BLOCK, header) + _block(_INTERFACE_DESCRIPTION_BLOCK, interface)
