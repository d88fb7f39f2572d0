cdef class _Transport(_Entity):
    """Transport: TPKT (RFC 1006 6) and TPDUs of class 0 (X.224 clause 13, RFC 2126 4)."""

    def __init__(self, bint initiator, parameters):
        self.initiator = initiator
        self.parameters = parameters
        self.calling_transport_selector = parameters.calling_transport_selector if initiator else b""
        self.called_transport_selector = parameters.called_transport_selector
        self.tpdu_size = 2048
        self.protocol_version = 2 if parameters.versions & 2 else 1
        self._state = STA01
        self._limit = parameters.max_tsdu
        self._out = []
        self._seg_si = -1

    @property
    def state(self):
        return STATE_NAMES[self._state]

    def get_buffer(self, sizehint):
        if self._buffer is None:
            self._buffer = bytearray(262144)
            self._buffer_view = memoryview(self._buffer)
        return self._buffer_view

    def buffer_updated(self, Py_ssize_t nbytes):
        if self._buffer is None or not 0 <= nbytes <= len(self._buffer):
            raise ValueError("more octets than get_buffer gave room for")
        return self.receive_data(self._buffer_view[:nbytes])

    def data_to_send(self):
        out, self._out = self._out, []
        return out

    def receive_data(self, data):
        cdef const unsigned char[::1] octets
        cdef Py_ssize_t at = 0, end, want
        cdef list events = []
        self._events = events
        view = memoryview(data)
        if view.format != "B":
            view = view.cast("B")
        octets = view
        end = octets.shape[0]
        try:
            while self._partial is not None and at < end and not self.closed:
                # a TPDU that came in pieces is put together in an array of its own, which its events may keep
                want = self._wanted()
                self._partial += view[at:at + want]
                at += min(want, end - at)
                if len(self._partial) >= 4 and self._wanted() == 0:
                    partial, self._partial = self._partial, None
                    self._run(memoryview(partial), 0, len(partial))
            if at < end and not self.closed:
                at = self._run(view, at, end)
                if at < end and not self.closed:
                    self._partial = bytearray(view[at:])
        finally:
            self._events = None
        return events

    cdef Py_ssize_t _wanted(self):
        """How many octets the TPDU in pieces still lacks, as far as can be seen."""
        cdef Py_ssize_t have = len(self._partial)
        if have < 4:
            return 4 - have
        size = (self._partial[2] << 8) | self._partial[3]
        if self._partial[0] != 3 or size < 7:
            return 0  # a fault, which need not wait for more
        return max(0, size - have)

    cdef Py_ssize_t _run(self, object view, Py_ssize_t at, Py_ssize_t end) except -1:
        """All whole TPDUs of the view; a fault ends the connection. Returns how far it has read."""
        cdef const unsigned char[::1] octets = view
        cdef Py_ssize_t size
        try:
            while end - at >= 4 and not self.closed:
                if octets[at] != 3:
                    raise _PeerError(f"TPKT version {octets[at]}", at, PROTOCOL_ERROR, "transport")
                size = (octets[at + 2] << 8) | octets[at + 3]
                if size < 7:
                    raise _PeerError(f"TPKT length {size}", at + 2, PROTOCOL_ERROR, "transport")
                if end - at < size:
                    break
                self._tpdu(view, octets, at + 4, at + size)
                at += size
                self._base += size
        except _PeerError as fault:
            # offsets: _base counts the stream up to this TPDU, which begins at `at`
            if fault.offset >= 0:
                fault.offset += self._base - at if self._tsdu_at < 0 else self._tsdu_at
            self._fault(fault)
        return at

    cdef int _tpdu(self, object view, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t end) except -1:
        cdef int code, li = o[p]
        cdef Py_ssize_t n
        self._tsdu_at = -1
        if p + 1 + li > end or li < 2:
            raise _PeerError(f"TPDU length indicator {li}", p, PROTOCOL_ERROR, "transport")
        code = o[p + 1] & 0xF0
        if code == 0xF0:
            if li != 2 or not self._transport_open:
                raise _PeerError("DT TPDU out of place", p, PROTOCOL_ERROR, "transport")
            n = end - p - 3
            if o[p + 2] & 0x80 and self._tsdu is None:
                if n:
                    self._whole(view, o, p + 3, end)
                return 0
            if self._tsdu is None:
                self._tsdu = []
                self._tsdu_size = 0
            self._tsdu_size += n
            if self._tsdu_size > self._limit:
                raise _PeerError(f"a TSDU of more than {self._limit} octets", p, RESTRICTION)
            if len(self._tsdu) > 1024:  # small pieces cost more than their octets
                self._tsdu = [b"".join(self._tsdu)]
            self._tsdu.append(bytes(view[p + 3:end]))
            if o[p + 2] & 0x80:
                whole = b"".join(self._tsdu)
                self._tsdu = None
                if whole:
                    self._tsdu_at = self._base
                    self._whole(memoryview(whole), whole, 0, len(whole))
                    self._tsdu_at = -1
            return 0
        if li + 1 != end - p and code != 0x80:
            raise _PeerError(f"TPDU length indicator {li}", p, PROTOCOL_ERROR, "transport")
        if code == 0xE0:
            self._connect_request(view, o, p, end)
        elif code == 0xD0:
            self._connect_confirm(view, o, p, end)
        elif code == 0x80:
            if li < 6:
                raise _PeerError("DR TPDU too short", p, PROTOCOL_ERROR, "transport")
            self._transport_gone(o[p + 6], "DR TPDU")
        elif code == 0x70:
            self._transport_gone(o[p + 4] if li >= 4 else 0, "ER TPDU")
        else:
            raise _PeerError(f"TPDU code {o[p + 1]:#x} is not of class 0", p + 1, PROTOCOL_ERROR, "transport")
        return 0

    cdef dict _tpdu_parameters(self, object view, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t end):
        cdef dict found = {}
        while p < end:
            if p + 2 > end or p + 2 + o[p + 1] > end:
                raise _PeerError("a parameter runs past its TPDU", p, PROTOCOL_ERROR, "transport")
            found[o[p]] = bytes(view[p + 2:p + 2 + o[p + 1]])
            p += 2 + o[p + 1]
        return found

    cdef int _connect_request(self, object view, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t end) except -1:
        if self.initiator or self._state != STA01 or self._transport_open:
            raise _PeerError("CR TPDU out of place", p + 1, PROTOCOL_ERROR, "transport")
        if end - p < 7:
            raise _PeerError("CR TPDU too short", p, PROTOCOL_ERROR, "transport")
        found = self._tpdu_parameters(view, o, p + 7, end)
        self._peer_reference = (o[p + 4] << 8) | o[p + 5]
        called = found.get(0xC2, b"")
        ours = self.parameters.called_transport_selector
        if o[p + 6] >> 4 and 0 not in [octet >> 4 for octet in found.get(0xC7, b"")]:
            return self._refuse_transport(0x82, "class 0 is not proposed")
        if ours and called != ours:
            return self._refuse_transport(0x03, f"called transport selector {called!r}")
        size = found.get(0xC0, b"")
        preferred = found.get(0xF0, b"")
        if (size and (len(size) != 1 or not 7 <= size[0] <= 13)) or len(preferred) > 4:
            raise _PeerError("TPDU size", p, PROTOCOL_ERROR, "transport")
        limit = self.parameters.tpdu_size
        if int.from_bytes(preferred, "big"):
            units = max(1, min(int.from_bytes(preferred, "big"), limit // 128))
            self.tpdu_size = units * 128
            answer = bytes((0xF0, 2)) + units.to_bytes(2, "big")
        elif size:
            power = min(size[0], 11, limit.bit_length() - 1)
            self.tpdu_size = 1 << power
            answer = bytes((0xC0, 1, power))
        else:
            self.tpdu_size = limit
            answer = b""
        self.calling_transport_selector = found.get(0xC1, b"")
        self.called_transport_selector = called
        self._send_tpdu(
            bytes((6 + len(answer), 0xD0)) + self._peer_reference.to_bytes(2, "big")
            + self.parameters.reference.to_bytes(2, "big") + b"\x00" + answer
        )
        self._transport_open = True
        self._peer_event(E_TCONind)
        self._events.append(ev.TConnectIndication(self.calling_transport_selector, called, self.tpdu_size))
        return 0

    cdef int _refuse_transport(self, int reason, str detail) except -1:
        self._send_tpdu(b"\x06\x80" + self._peer_reference.to_bytes(2, "big") + b"\x00\x00" + bytes((reason,)))
        self._state = STA01
        self.closed = True
        self._events.append(ev.SPAbortIndication(reason, self._base, detail, "transport", True))
        return 0

    cdef int _connect_confirm(self, object view, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t end) except -1:
        if not self.initiator or self._state != STA01B or self._transport_open:
            raise _PeerError("CC TPDU out of place", p + 1, PROTOCOL_ERROR, "transport")
        if end - p < 7 or o[p + 6] >> 4:
            raise _PeerError("CC TPDU of another class", p, PROTOCOL_ERROR, "transport")
        found = self._tpdu_parameters(view, o, p + 7, end)
        self._peer_reference = (o[p + 4] << 8) | o[p + 5]
        preferred = int.from_bytes(found.get(0xF0, b"")[:4], "big")
        size = found.get(0xC0, b"")
        if size and (len(size) != 1 or not 7 <= size[0] <= 13):
            raise _PeerError("TPDU size", p, PROTOCOL_ERROR, "transport")
        if preferred:
            self.tpdu_size = max(128, min(preferred * 128, self.parameters.tpdu_size // 128 * 128))
        elif size:
            self.tpdu_size = min(1 << size[0], self.parameters.tpdu_size)
        else:
            self.tpdu_size = min(2048, self.parameters.tpdu_size)
        self._transport_open = True
        self._send_connect()
        return 0

    cdef int _transport_gone(self, int reason, str detail) except -1:
        """T-DISCONNECT indication: an abort, except where it is what we wait for."""
        expected = self._state == STA16 or self._state == STA01A or (self._state == STA01 and self._transport_open)
        if not self.closed and not expected:
            self._events.append(ev.TDisconnectIndication(reason, detail))
        self._state = STA01
        self.closed = True
        return 0

    def receive_eof(self):
        events = self._events = []
        self._transport_gone(-1, "end of the TCP connection")
        self._events = None
        return events

    cdef int _disconnect(self) except -1:
        """T-DISCONNECT request: the DR TPDU, and the TCP connection is to be closed."""
        self._send_tpdu(
            b"\x06\x80" + self._peer_reference.to_bytes(2, "big") + self.parameters.reference.to_bytes(2, "big") + b"\x80"
        )
        self._state = STA01
        self.closed = True
        return 0

    cdef int _send_tpdu(self, bytes tpdu) except -1:
        self._out.append(b"\x03\x00" + (len(tpdu) + 4).to_bytes(2, "big") + tpdu)
        return 0

    cdef int _send_tsdu_of(self, bytes head, tuple buffers, Py_ssize_t size) except -1:
        """DT TPDUs, of one TSDU that is the head and what is in the buffers, `size` octets."""
        cdef Py_ssize_t total = len(head) + size + 7, room, n, at
        if total - 4 <= self.tpdu_size:
            self._out.append(bytes((3, 0, total >> 8, total & 255, 2, 0xF0, 0x80)) + head)
            if size:
                self._out.extend(buffers)
            return 0
        room = self.tpdu_size - 3
        total -= 7
        cdef Py_ssize_t left = room
        self._tpkt(min(room, total), total <= room)
        for buffer in (head, *buffers):
            view = memoryview(buffer).cast("B") if type(buffer) is not bytes else memoryview(buffer)
            at = 0
            n = len(view)
            while at < n:
                if left == 0:
                    left = room
                    self._tpkt(min(room, total), total <= room)
                step = min(left, n - at)
                self._out.append(view[at:at + step])
                at += step
                left -= step
                total -= step
        return 0

    cdef int _tpkt(self, Py_ssize_t size, bint last) except -1:
        size += 7
        self._out.append(bytes((3, 0, size >> 8, size & 255, 2, 0xF0, 0x80 if last else 0)))
        return 0
