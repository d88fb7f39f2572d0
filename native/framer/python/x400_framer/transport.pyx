# cython: language_level=3, auto_pickle=False, embedsignature=True, boundscheck=True, wraparound=False
"""TPKT (RFC 1006) and COTP class 0 (X.224, negotiation as in RFC 2126) of one TCP connection.

The event loop reads into the buffer that `room` gives; `take` yields whole TSDUs, and what happens to the connection.
"""

from x400_framer.events import TConnectIndication, TDisconnectIndication
from x400_framer.exceptions import LocalProtocolError, RemoteProtocolError

__all__ = ["Transport"]

cdef enum:
    TPKT = 4
    CR = 0xE0
    CC = 0xD0
    DR = 0x80
    DT = 0xF0
    ER = 0x70
    LARGEST = 65531  # what a TPKT can hold
    ROOM = 65536

CONFIRMED = object()
"""Among what `take` yields: the peer has accepted the transport connection."""


cdef class Transport:
    """One end of one transport connection."""

    def __init__(self, bint initiator, bytes calling_selector, bytes called_selector, Py_ssize_t tpdu_size,
                 Py_ssize_t maximum_tsdu):
        self.initiator = initiator
        self.connected = False
        self.calling_selector = calling_selector if initiator else b""
        self.called_selector = called_selector if initiator else b""
        self.accepted_selector = called_selector
        self.tpdu_size = min(max(tpdu_size, 128), LARGEST)
        self.maximum_tsdu = maximum_tsdu
        self.buffer = bytearray(2 * ROOM)
        self.partial = bytearray()
        self.start = self.end = self.offset = 0
        self.outgoing = []
        self.peer_reference = 0

    # Octets in

    cpdef object room(self, Py_ssize_t wanted):
        """A memoryview to read into, never empty."""
        cdef Py_ssize_t size = len(self.buffer)
        if self.start == self.end:
            self.start = self.end = 0
        elif size - self.end < ROOM // 4:
            # what is left of a packet moves to the front; a packet always fits
            self.buffer[: self.end - self.start] = self.buffer[self.start : self.end]
            self.end -= self.start
            self.start = 0
        return memoryview(self.buffer)[self.end :]

    cpdef list filled(self, Py_ssize_t count):
        """`count` octets are in the room: what they complete."""
        if count < 0 or self.end + count > len(self.buffer):
            raise LocalProtocolError("more octets than there was room for")
        self.end += count
        return self.take()

    cdef list take(self):
        cdef list found = []
        cdef const unsigned char[::1] octets = self.buffer
        cdef Py_ssize_t length
        while self.end - self.start >= TPKT:
            length = octets[self.start + 2] << 8 | octets[self.start + 3]
            if octets[self.start] != 3:
                self.refuse(f"expected version 3 of TPKT, found {octets[self.start]}", 0, found)
                return found
            if length < TPKT + 3:
                self.refuse(f"expected a TPKT of 7 octets or more, found {length}", 2, found)
                return found
            if self.end - self.start < length:
                return found
            try:
                self.tpdu(octets, self.start + TPKT, self.start + length, found)
            except RemoteProtocolError as error:
                found.append(error)
                return found
            self.start += length
            self.offset += length
        return found

    cdef int refuse(self, str detail, Py_ssize_t at, list found) except -1:
        found.append(RemoteProtocolError(detail, self.offset + at))
        return 0

    cdef object fault(self, str detail, Py_ssize_t at):
        return RemoteProtocolError(detail, self.offset + at - self.start)

    cdef int tpdu(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t end, list found) except -1:
        cdef Py_ssize_t head = begin + 1 + octets[begin]
        cdef int code
        if head > end or octets[begin] < 2 or octets[begin] == 255:
            raise self.fault(f"expected the length indicator of a TPDU, found {octets[begin]}", begin)
        code = octets[begin + 1]
        if code == DT:
            if not self.connected:
                raise self.fault("expected CR or CC, found DT", begin + 1)
            if octets[begin] != 2:
                raise self.fault(f"expected a DT header of 2 octets, found {octets[begin]}", begin)
            return self.data(octets, head, end, octets[begin + 2] & 0x80, found)
        if head - begin < 7 and code & 0xF0 != ER or head - begin < 5:
            raise self.fault("expected a longer TPDU header", begin)
        if code & 0xF0 == CR and not self.initiator and not self.connected:
            return self.connect_request(octets, begin, head, found)
        if code & 0xF0 == CC and self.initiator and not self.connected:
            return self.connect_confirm(octets, begin, head, found)
        if code == DR:
            found.append(TDisconnectIndication(octets[begin + 6]))
            return 0
        if code & 0xF0 == ER:
            found.append(TDisconnectIndication(octets[begin + 4]))
            return 0
        raise self.fault(f"expected another TPDU in this state, found code {code:#04x}", begin + 1)

    cdef int data(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t end, bint last, list found) except -1:
        cdef bytearray partial = self.partial
        if last and not partial:
            found.append(bytes(memoryview(self.buffer)[begin:end]))
            return 0
        if len(partial) + end - begin > self.maximum_tsdu:
            raise RemoteProtocolError(
                f"expected a TSDU of at most {self.maximum_tsdu} octets", self.offset + begin - self.start, 4
            )
        partial += memoryview(self.buffer)[begin:end]
        if last:
            found.append(bytes(partial))
            self.partial = bytearray()
        return 0

    cdef dict parameters(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t end):
        cdef dict found = {}
        cdef Py_ssize_t at = begin, length
        while at < end:
            if end - at < 2 or at + 2 + octets[at + 1] > end:
                raise self.fault("expected a TPDU parameter within the header", at)
            length = octets[at + 1]
            found[octets[at]] = bytes(memoryview(self.buffer)[at + 2 : at + 2 + length])
            at += 2 + length
        return found

    # Connecting (X.224 13.3, 13.4; RFC 2126 3.3)

    cdef int connect_request(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t head, list found) except -1:
        cdef dict given = self.parameters(octets, begin + 7, head)
        if octets[begin + 6] >> 4 != 0 and not self.offers_class_0(given, octets[begin + 6] >> 4):
            raise self.fault(f"expected class 0, found {octets[begin + 6] >> 4}", begin + 6)
        self.peer_reference = octets[begin + 4] << 8 | octets[begin + 5]
        self.calling_selector = given.get(0xC1, b"")
        self.called_selector = given.get(0xC2, b"")
        if self.accepted_selector and self.called_selector != self.accepted_selector:
            # 2: address unknown (X.224 13.5.3)
            self.packet(bytes([6, DR]) + self.peer_reference.to_bytes(2, "big") + bytes([0, 0, 2]))
            found.append(TDisconnectIndication(2))
            return 0
        answer = self.negotiated(given, True)
        self.packet(bytes([6 + len(answer), CC]) + self.peer_reference.to_bytes(2, "big") + b"\x00\x01\x00" + answer)
        self.connected = True
        found.append(TConnectIndication(self.calling_selector, self.called_selector))
        return 0

    cdef bint offers_class_0(self, dict given, int preferred):
        return any(alternative >> 4 == 0 for alternative in given.get(0xC7, b""))

    cdef int connect_confirm(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t head, list found) except -1:
        if octets[begin + 6] >> 4 != 0:
            raise self.fault(f"expected class 0, found {octets[begin + 6] >> 4}", begin + 6)
        self.peer_reference = octets[begin + 4] << 8 | octets[begin + 5]
        self.negotiated(self.parameters(octets, begin + 7, head), False)
        self.connected = True
        found.append(CONFIRMED)
        return 0

    cdef bytes negotiated(self, dict given, bint answering):
        """Settle on a TPDU size; the parameter that answers the peer's, in the form that it knows."""
        cdef Py_ssize_t size, units
        preferred = given.get(0xF0)
        power = given.get(0xC0)
        if preferred is not None and 0 < len(preferred) <= 4:
            units = min(int.from_bytes(preferred, "big"), self.tpdu_size // 128)
            self.tpdu_size = max(units, 1) * 128
            return b"\xf0\x02" + (self.tpdu_size // 128).to_bytes(2, "big")
        if power is not None and len(power) == 1 and 7 <= power[0] <= 13:
            size = power[0]
            while 1 << size > self.tpdu_size:
                size -= 1
            self.tpdu_size = 1 << size
            return bytes([0xC0, 1, size])
        if not answering and self.tpdu_size > 2048:
            # neither was answered: what RFC 1006 says goes without saying
            self.tpdu_size = LARGEST
        return b""

    cpdef void connect(self):
        """Ask for the transport connection: both ways of saying a TPDU size, old responders know but the first."""
        cdef int power = 11
        while 1 << power > self.tpdu_size:
            power -= 1
        head = b"\x00\x00\x00\x01\x00" + bytes([0xC0, 1, power])
        if self.tpdu_size > 2048:
            head += b"\xf0\x02" + (self.tpdu_size // 128).to_bytes(2, "big")
        for code, selector in ((0xC1, self.calling_selector), (0xC2, self.called_selector)):
            if selector:
                head += bytes([code, len(selector)]) + selector
        self.packet(bytes([len(head) + 1, CR]) + head)

    # Octets out

    cdef void packet(self, bytes tpdu):
        self.outgoing.append(b"\x03\x00" + (len(tpdu) + TPKT).to_bytes(2, "big") + tpdu)

    cpdef int send(self, bytes head, tuple buffers) except -1:
        """One TSDU: `head`, then the buffers, cut into TPDUs where it is too long for one."""
        cdef Py_ssize_t most = self.tpdu_size - 3
        cdef Py_ssize_t total = len(head), room
        for buffer in buffers:
            total += len(buffer)
        if total <= most:
            self.outgoing.append(bytes((3, 0, (total + 7) >> 8, (total + 7) & 0xFF, 2, 0xF0, 0x80)) + head)
            self.outgoing.extend(buffers)
            return 0
        pieces = [memoryview(head)]
        for buffer in buffers:
            pieces.append(memoryview(buffer).cast("B") if not isinstance(buffer, bytes) else memoryview(buffer))
        pieces.reverse()
        while total:
            room = min(total, most)
            total -= room
            self.outgoing.append(bytes((3, 0, (room + 7) >> 8, (room + 7) & 0xFF, 2, 0xF0, 0x00 if total else 0x80)))
            while room:
                piece = pieces.pop()
                if len(piece) > room:
                    pieces.append(piece[room:])
                    piece = piece[:room]
                room -= len(piece)
                self.outgoing.append(piece)
        return 0

    cpdef list sent(self):
        """What is to be sent, which is then taken as sent."""
        cdef list outgoing = self.outgoing
        self.outgoing = []
        return outgoing
