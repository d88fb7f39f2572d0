# cython: language_level=3, auto_pickle=False, embedsignature=True, boundscheck=True, wraparound=False
"""The session entity (X.225) of one connection, on top of its transport.

Parsing and building of SPDUs, tokens, serial numbers, overflow and segmenting. What may follow what is in `states`.
"""

from x400_framer.transport cimport Transport

from x400_framer import events as ev
from x400_framer.exceptions import LocalProtocolError, RemoteProtocolError
from x400_framer.parameters import (
    ABORT_IMPLEMENTATION_RESTRICTION,
    ABORT_PROTOCOL_ERROR,
    ABORT_TRANSPORT_DISCONNECT,
    ABORT_UNDEFINED,
)
from x400_framer.spdu import CATEGORY_1, CATEGORY_2, Parameter
from x400_framer.states import IGNORED, TRANSITIONS, Event, State
from x400_framer.transport import CONFIRMED

__all__ = ["Connection"]

cdef enum:
    DATA = 0x01
    MINOR = 0x04
    MAJOR = 0x10
    SUPPORTED = 0x0649  # half-duplex, minor synchronise, activity, exceptions, typed data
    DUPLEX_UNIT = 0x0002
    LAST_SERIAL = 999_998
    INLINE_V1 = 512  # user data that a CN takes as such, in version 2 as extended user data, and beyond by overflow
    INLINE_V2 = 10_240
    LARGEST_SPDU = 65_000
    STATES = 20
    EVENTS = 49

cdef object SDataIndication = ev.SDataIndication
cdef list NEXT = [[-1] * EVENTS for _ in range(STATES)]
for _state, _row in TRANSITIONS.items():
    for _event, _next in _row.items():
        NEXT[_state][_event] = int(_next)
for _state, _dropped in IGNORED.items():
    for _event in _dropped:
        if NEXT[_state][_event] < 0:
            NEXT[_state][_event] = -2

cdef dict EVENT_OF_1 = {si: int(Event[name]) for si, name in CATEGORY_1.items() if name in Event.__members__}
cdef dict EVENT_OF_2 = {si: int(Event[name]) for si, name in CATEGORY_2.items() if name in Event.__members__}
cdef set GROUPS = {1, 5, 33}
cdef bytes GIVE = b"\x01\x00"
cdef bytes PLEASE = b"\x02\x00"
cdef bytes GIVE_DATA = b"\x01\x00\x01\x00"

cdef int STA713 = State.STA713
cdef int E_DT = Event.DT
cdef int E_DATA_REQUEST = Event.S_DATA_REQUEST


cdef bytes item(int code, bytes value):
    """A parameter: code, length indicator, value (X.225 8.2)."""
    return bytes((code,)) + length_indicator(len(value)) + value


cdef bytes length_indicator(Py_ssize_t length):
    if length < 255:
        return bytes((length,))
    return bytes((255, length >> 8, length & 0xFF))


cdef bytes optional_item(int code, bytes value):
    return item(code, value) if value else b""


cdef bytes serial_item(long serial):
    return item(42, str(serial).encode())


cdef class Connection:
    """One side of one session connection, with its transport; see the package's docstring for its use."""

    cdef Transport transport
    cdef object parameters
    cdef readonly bint initiator
    cdef readonly bint closed
    cdef int _state
    cdef int version
    cdef int requirements
    cdef int held  # tokens that are ours
    cdef int available  # tokens that exist
    cdef bint activity
    cdef long next_serial, unconfirmed
    cdef Py_ssize_t segment  # largest TSDU that we may send, 0 for no limit
    cdef bytes request
    cdef object overflow
    cdef object pending
    cdef dict assembling
    cdef int asked

    def __init__(self, bint initiator, parameters):
        self.initiator = initiator
        self.parameters = parameters
        self.transport = Transport(
            initiator,
            parameters.calling_transport_selector,
            parameters.called_transport_selector,
            parameters.tpdu_size,
            parameters.maximum_tsdu,
        )
        self._state = State.STA01
        self.closed = False
        self.version = 2
        self.requirements = parameters.session_requirements
        self.held = self.available = 0
        self.activity = False
        self.next_serial = self.unconfirmed = 1
        self.segment = 0
        self.request = b""
        self.overflow = b""
        self.pending = None
        self.assembling = {}
        self.asked = 0

    @property
    def state(self):
        """The state's name in X.225 Annex A."""
        return State(self._state).name

    @property
    def tokens(self):
        """The tokens held, as bits."""
        return self.held

    @property
    def calling_transport_selector(self):
        """As the CR had it."""
        return self.transport.calling_selector

    @property
    def called_transport_selector(self):
        """As the CR had it."""
        return self.transport.called_selector

    # Octets in

    def get_buffer(self, Py_ssize_t size):
        """A memoryview for the next octets, as asyncio.BufferedProtocol wants it."""
        return self.transport.room(size)

    def buffer_updated(self, Py_ssize_t size):
        """`size` octets were read into the buffer: the events that they complete."""
        return self.take(self.transport.filled(size))

    def receive_data(self, data):
        """The events that these octets complete."""
        cdef list events = []
        cdef Py_ssize_t count
        octets = memoryview(data).cast("B")
        while len(octets):
            room = self.transport.room(len(octets))
            count = min(len(room), len(octets))
            room[:count] = octets[:count]
            room.release()
            events += self.take(self.transport.filled(count))
            octets = octets[count:]
        return events

    def receive_eof(self):
        """The TCP connection has ended."""
        if self._state == State.STA16:
            self.closed = True
            return []
        self._state = State.STA16
        self.closed = True
        if not self.transport.connected:
            return [ev.TDisconnectIndication(0)]
        return [ev.SPAbortIndication(ABORT_TRANSPORT_DISCONNECT, None, "the TCP connection ended")]

    def data_to_send(self):
        """Buffers to write, in order; they are then taken as written."""
        return self.transport.sent()

    cdef list take(self, list found):
        cdef list events = []
        for one in found:
            if self._state == State.STA16 and type(one) is not ev.TDisconnectIndication and type(one) is not bytes:
                continue
            if type(one) is bytes:
                try:
                    self.tsdu(one, events)
                except RemoteProtocolError as error:
                    self.abort(error, events)
            elif isinstance(one, RemoteProtocolError):
                self.abort(one, events)
            elif one is CONFIRMED:
                self.step(Event.T_CONNECT_CONFIRM)
                self.send_connect()
            elif type(one) is ev.TDisconnectIndication:
                self.closed = True
                if self._state != State.STA16:
                    self._state = State.STA16
                    if self.transport.connected:
                        one = ev.SPAbortIndication(ABORT_TRANSPORT_DISCONNECT, None, f"DR with reason {one.reason}")
                    events.append(one)
            else:
                self._state = State.STA01C
                events.append(one)
        return events

    cdef int abort(self, error, list events) except -1:
        """The peer broke the protocol: tell it (X.225 A.4.3.1), and our user."""
        if self._state == State.STA16:
            return 0
        if self.transport.connected and self._state not in (State.STA01C, State.STA01B):
            # transport released, protocol error or implementation restriction
            flag = 0x11 if error.reason == ABORT_IMPLEMENTATION_RESTRICTION else 0x05
            self.transport.send(bytes((25, 3, 17, 1, flag)), ())
        else:
            self.closed = True
        self._state = State.STA16
        events.append(ev.SPAbortIndication(error.reason, error.offset, error.detail))
        return 0

    # SPDUs in

    cdef object fault(self, str detail, Py_ssize_t at):
        return RemoteProtocolError(detail, self.transport.offset + 7 + at)

    cdef int tsdu(self, bytes data, list events) except -1:
        cdef Py_ssize_t size = len(data), head, body, at = 0
        cdef int si, category = 1, tokens = 0, event
        if size < 2:
            raise self.fault("expected an SPDU, found fewer than 2 octets", 0)
        if size >= 4 and data[0] == 1 and data[1] == 0 and data[2] == 1 and data[3] == 0 and self._state == STA713:
            # by far the most of all TSDUs: GIVE TOKENS and DATA TRANSFER without parameters
            self.check_data_token(at)
            events.append(SDataIndication(memoryview(data)[4:]))
            return 0
        if data[0] == 1 or data[0] == 2:
            si = data[0]
            body = self.length(data, 0, &head)
            given = self.items(data, head, body)
            tokens = self.token_item(given)
            at = body
            if tokens or at == size:
                self.tokens_event(si, tokens, given, events)
            if at == size:
                return 0
            category = 2
            if size - at < 2:
                raise self.fault("expected an SPDU, found 1 octet", at)
        si = data[at]
        body = self.length(data, at, &head)
        event = (EVENT_OF_2 if category == 2 else EVENT_OF_1).get(si, -1)
        if category == 1 and si == 25:
            return self.aborted(self.items(data, head, body), events)
        if category == 1 and si == 26:
            self._state = State.STA16
            self.closed = True
            return 0
        if event < 0:
            raise self.fault(f"expected an SPDU of the functional units in use, found SI {si}", at)
        if event != E_DT and event != Event.TD and body != size:
            raise self.fault("expected one SPDU in the TSDU, or two where the first is GIVE or PLEASE TOKENS", body)
        self.spdu(event, data, at, head, body, events)
        return 0

    cdef Py_ssize_t length(self, bytes data, Py_ssize_t at, Py_ssize_t* head) except -1:
        """Where the SPDU that begins at `at` ends; `head`: where its parameters begin."""
        cdef Py_ssize_t size = len(data), count
        count = data[at + 1]
        head[0] = at + 2
        if count == 255:
            if size - at < 4:
                raise self.fault("expected a length indicator of 3 octets", at + 1)
            count = data[at + 2] << 8 | data[at + 3]
            head[0] = at + 4
        if head[0] + count > size:
            raise self.fault(f"expected {count} octets of SPDU, found {size - head[0]}", at + 1)
        return head[0] + count

    cdef dict items(self, bytes data, Py_ssize_t begin, Py_ssize_t end):
        """Parameters by code; those of a group by (group << 8 | code)."""
        cdef dict found = {}
        if begin < end:
            self.into_items(data, begin, end, 0, found)
        return found

    cdef int into_items(self, bytes data, Py_ssize_t begin, Py_ssize_t end, int group, dict found) except -1:
        cdef Py_ssize_t at = begin, count
        cdef int code
        while at < end:
            code = data[at]
            if at + 2 > end:
                raise self.fault(f"expected the length of parameter {code}", at)
            count = data[at + 1]
            at += 2
            if count == 255:
                if at + 2 > end:
                    raise self.fault(f"expected the length of parameter {code}", at)
                count = data[at] << 8 | data[at + 1]
                at += 2
            if at + count > end:
                raise self.fault(f"expected {count} octets of parameter {code}, found {end - at}", at)
            if group == 0 and code in GROUPS:
                self.into_items(data, at, at + count, code, found)
            else:
                found[group << 8 | code] = data[at : at + count]
            at += count
        return 0

    cdef int token_item(self, dict given) except -1:
        value = given.get(16)
        if not value:
            return 0
        return value[0] & self.available

    cdef int number(self, dict given, int code, int absent) except? -1:
        value = given.get(code)
        return absent if not value else int.from_bytes(value[:4], "big") & 0x7FFFFFFF

    cdef object serial(self, dict given):
        value = given.get(42, b"")
        if not value or len(value) > 6 or not value.isdigit():
            raise self.fault(f"expected a serial number of 1 to 6 digits, found {value!r}", 0)
        return int(value)

    cdef int advance(self, int event) except -9:
        """Take the transition for an SPDU; False where it is to be dropped."""
        cdef int following = NEXT[self._state][event]
        if following == -2:
            return 0
        if following < 0:
            raise self.fault(f"expected another SPDU in state {self.state}, found {Event(event).name}", 0)
        self._state = following
        return 1

    cdef int check_data_token(self, Py_ssize_t at) except -1:
        if self.held & DATA:
            raise self.fault("expected no data while the data token is ours", at)
        return 0

    cdef int tokens_event(self, int si, int tokens, dict given, list events) except -1:
        if si == 2:
            if self.advance(Event.PT):
                events.append(ev.STokenPleaseIndication(tokens, given.get(193, b"")))
        elif tokens:
            if tokens & self.held:
                raise self.fault("expected tokens that are the peer's to give", 0)
            if self.advance(Event.GT):
                self.held |= tokens
                events.append(ev.STokenGiveIndication(tokens))
        return 0

    cdef object whole(self, int event, dict given, bytes rest):
        """User data put together of segments (X.225 6.3.5); None while more is to come."""
        cdef bytes data = given[193] if 193 in given else given.get(194, rest)
        enclosure = given.get(25)
        if enclosure is None or len(enclosure) != 1:
            return data
        cdef int marks = enclosure[0]
        if marks & 1:
            if marks & 2:
                return data
            self.assembling[event] = (given, bytearray(data))
            return None
        begun = self.assembling.get(event)
        if begun is None:
            raise self.fault("expected a segment that begins", 0)
        if len(begun[1]) + len(data) > self.parameters.maximum_tsdu:
            raise RemoteProtocolError(
                f"expected user data of at most {self.parameters.maximum_tsdu} octets",
                self.transport.offset,
                ABORT_IMPLEMENTATION_RESTRICTION,
            )
        begun[1].extend(data)
        if not marks & 2:
            return None
        del self.assembling[event]
        first, joined = begun
        for code, value in first.items():
            given.setdefault(code, value)
        return bytes(joined)

    cdef int spdu(self, int event, bytes octets, Py_ssize_t at, Py_ssize_t head, Py_ssize_t body, list events) except -1:
        cdef dict given = self.items(octets, head, body)
        cdef bytes rest = octets[body:] if event == E_DT or event == Event.TD else b""
        if event == Event.CN or event == Event.OA or event == Event.CDO:
            return self.connecting(event, given, events)
        if event == Event.AC and self._state == State.STA02A or event == Event.RF:
            return self.answered(event, given, events)
        if NEXT[self._state][event] == -1:
            raise self.fault(f"expected another SPDU in state {self.state}, found {Event(event).name}", at)
        data = self.whole(event, given, rest)
        if data is None or not self.advance(event):
            return 0
        if event == E_DT:
            self.check_data_token(at)
            events.append(SDataIndication(memoryview(data)))
        elif event == Event.MIP:
            self.expect_serial(self.serial(given))
            confirm = not (given.get(15, b"\0") or b"\0")[0] & 1
            events.append(ev.SSyncMinorIndication(self.next_serial, confirm, data))
            self.next_serial += 1
        elif event == Event.MIA:
            serial = self.serial(given)
            if not self.unconfirmed <= serial < self.next_serial:
                raise self.fault(f"expected the serial number of a checkpoint not yet confirmed, found {serial}", at)
            self.unconfirmed = serial + 1
            events.append(ev.SSyncMinorConfirm(serial, data))
        elif event == Event.AS:
            if self.activity:
                raise self.fault("expected the end of the activity in progress, found AS", at)
            self.begin_activity(1)
            events.append(ev.SActivityStartIndication(given.get(41, b""), data))
        elif event == Event.AR:
            self.resumed(given, data, events)
        elif event == Event.AE:
            if not self.activity:
                raise self.fault("expected an activity in progress, found its end", at)
            self.expect_serial(self.serial(given))
            self.next_serial += 1
            events.append(ev.SActivityEndIndication(self.next_serial - 1, data))
        elif event == Event.AEA:
            self.activity = False
            self.unconfirmed = self.next_serial
            events.append(ev.SActivityEndConfirm(data))
        elif event == Event.TD:
            events.append(ev.STypedDataIndication(memoryview(data)))
        elif event == Event.AI:
            events.append(ev.SActivityInterruptIndication(self.number(given, 50, 0)))
        elif event == Event.AD:
            events.append(ev.SActivityDiscardIndication(self.number(given, 50, 0)))
        elif event == Event.AIA:
            self.activity = False
            events.append(ev.SActivityInterruptConfirm())
        elif event == Event.ADA:
            self.activity = False
            events.append(ev.SActivityDiscardConfirm())
        elif event == Event.ED:
            events.append(ev.SUExceptionReportIndication(self.number(given, 50, 0), data))
        elif event == Event.ER:
            events.append(ev.SPExceptionReportIndication(given.get(49, b"")))
        elif event == Event.GTC:
            self.held = self.available
            self.transport.send(b"\x16\x00", ())
            events.append(ev.SControlGiveIndication())
        elif event == Event.FN:
            events.append(ev.SReleaseIndication(data))
        elif event == Event.DN:
            self.closed = True
            events.append(ev.SReleaseConfirm(data))
        return 0

    cdef int expect_serial(self, long serial) except -1:
        if serial != self.next_serial:
            raise self.fault(f"expected serial number {self.next_serial}, found {serial}", 0)
        return 0

    cdef int begin_activity(self, long serial) except -1:
        self.activity = True
        self.next_serial = self.unconfirmed = serial
        return 0

    cdef int resumed(self, dict given, bytes data, list events) except -1:
        if self.activity:
            raise self.fault("expected the end of the activity in progress, found AR", 0)
        value = given.get(33 << 8 | 42, b"")
        if not value or len(value) > 6 or not value.isdigit():
            raise self.fault(f"expected the serial number to resume after, found {value!r}", 0)
        self.begin_activity(int(value) + 1)
        events.append(
            ev.SActivityResumeIndication(
                given.get(41, b""),
                given.get(33 << 8 | 41, b""),
                int(value),
                given.get(33 << 8 | 10, b""),
                given.get(33 << 8 | 9, b""),
                given.get(33 << 8 | 11, b""),
                given.get(33 << 8 | 12, b""),
                data,
            )
        )
        return 0

    cdef int aborted(self, dict given, list events) except -1:
        if self._state == State.STA16:
            self.closed = True
            return 0
        cdef int flags = (given.get(17, b"\1") or b"\1")[0]
        if not flags & 1:
            self.transport.send(b"\x1a\x00", ())
        connecting = self._state == State.STA01C
        self._state = State.STA16
        self.closed = True
        if connecting:
            events.append(ev.SPAbortIndication(ABORT_UNDEFINED, None, "aborted before the connection was asked for"))
        elif flags & 0x02 or (not flags & 0x1C and 193 in given):
            events.append(ev.SUAbortIndication(given.get(193, b"")))
        else:
            reason, why = ABORT_UNDEFINED, "no reason"
            if flags & 0x04:
                reason, why = ABORT_PROTOCOL_ERROR, "protocol error"
            elif flags & 0x10:
                reason, why = ABORT_IMPLEMENTATION_RESTRICTION, "implementation restriction"
            events.append(ev.SPAbortIndication(reason, None, f"the peer's session aborted: {why}"))
        return 0

    # Connecting (X.225 7.1 to 7.4)

    cdef int send_connect(self) except -1:
        cdef bytes data = self.request
        cdef bytes user = b""
        p = self.parameters
        if len(data) > INLINE_V2:
            self.overflow = data[INLINE_V2:]
            data = data[:INLINE_V2]
            user = item(60, b"\x01")
            self._state = State.STA02B
        user += item(193, data) if len(data) <= INLINE_V1 else item(194, data)
        versions = 3 if len(data) <= INLINE_V1 else 2
        maximum = p.tsdu_maximum_size
        setting = 0x15 & self.tokens_of(p.session_requirements) if p.initial_turn == "responder" else 0
        accept = item(19, b"\0")
        if maximum:
            accept += item(21, maximum.to_bytes(2, "big") * 2)
        accept += item(22, bytes((versions,))) + item(26, bytes((setting,)))
        body = (
            self.identifiers(10)
            + item(5, accept)
            + item(20, p.session_requirements.to_bytes(2, "big"))
            + optional_item(51, p.calling_session_selector)
            + optional_item(52, p.called_session_selector)
            + user
        )
        self.request = b""
        self.transport.send(b"\x0d" + length_indicator(len(body)) + body, ())
        return 0

    cdef bytes identifiers(self, int code):
        p = self.parameters
        inner = (
            optional_item(code, p.ss_user_reference)
            + optional_item(11, p.common_reference)
            + optional_item(12, p.additional_reference)
        )
        return optional_item(1, inner)

    cdef int tokens_of(self, int requirements):
        cdef int tokens = 0
        if requirements & 0x0001:
            tokens |= DATA
        if requirements & 0x0008:
            tokens |= MINOR
        if requirements & 0x0040:
            tokens |= MAJOR
        return tokens

    cdef int connecting(self, int event, dict given, list events) except -1:
        if event == Event.OA:
            self.advance(event)
            self.send_overflow()
            return 0
        if event == Event.CDO:
            if self._state != State.STA01D:
                raise self.fault(f"expected another SPDU in state {self.state}, found CDO", 0)
            self.overflow.extend(given.get(193, given.get(194, b"")))
            if len(self.overflow) > self.parameters.maximum_tsdu:
                raise RemoteProtocolError("expected less overflow of CONNECT", self.transport.offset, 4)
            if (given.get(25, b"\2") or b"\2")[0] & 2:
                self.advance(event)
                self.indicate_connect(self.pending, bytes(self.overflow), events)
            return 0
        versions = (given.get(5 << 8 | 22, b"\1") or b"\1")[0]
        if not versions & 3:
            self.refuse(0x86)  # 128 + 6: proposed protocol versions not supported
            events.append(ev.SPAbortIndication(ABORT_PROTOCOL_ERROR, self.transport.offset, "no session version in common"))
            return 0
        self.version = 2 if versions & 2 else 1
        more = (given.get(60, b"\0") or b"\0")[0] & 1
        self.advance(Event.CN_PLUS if more else Event.CN)
        data = given.get(194, given.get(193, b""))
        if more:
            self.pending = given
            self.overflow = bytearray(data)
            self.transport.send(b"\x10" + b"\x06" + item(21, b"\0\0\0\0"), ())
            return 0
        return self.indicate_connect(given, data, events)

    cdef int indicate_connect(self, dict given, bytes data, list events) except -1:
        p = self.parameters
        called = given.get(52, b"")
        if p.called_session_selector and called != p.called_session_selector:
            self.refuse(0x81)  # 128 + 1: session selector unknown
            events.append(
                ev.SPAbortIndication(ABORT_UNDEFINED, self.transport.offset, f"called session selector {called.hex() or 'absent'}")
            )
            return 0
        # absent: half-duplex, minor synchronise, activity, capability, exceptions (X.225 8.3.1.16)
        proposed = self.number(given, 20, 0x0349)
        self.requirements = proposed & (SUPPORTED | DUPLEX_UNIT)
        if self.requirements & 0x0001:
            self.requirements &= ~DUPLEX_UNIT
        if not self.requirements & 0x0003:
            self.refuse(0x82)
            events.append(ev.SPAbortIndication(ABORT_PROTOCOL_ERROR, self.transport.offset, "neither half-duplex nor duplex"))
            return 0
        self.available = self.tokens_of(self.requirements)
        setting = self.number(given, 5 << 8 | 26, 0)
        self.held = 0
        for token, shift in ((DATA, 0), (MINOR, 2), (MAJOR, 4)):
            choice = setting >> shift & 3
            if choice == 1 or choice == 2 and p.initial_turn == "responder":
                self.held |= token
            if choice == 2:
                self.asked |= token
        self.held &= self.available
        maximum = given.get(5 << 8 | 21, b"")
        if len(maximum) == 4:
            self.segment = maximum[2] << 8 | maximum[3]
        events.append(
            ev.SConnectIndication(
                data, given.get(51, b""), called, self.requirements, self.held,
                given.get(1 << 8 | 10, b""), given.get(1 << 8 | 11, b""), given.get(1 << 8 | 12, b""),
            )
        )
        self.pending = given
        return 0

    cdef int refuse(self, int reason) except -1:
        self._state = State.STA16
        body = item(17, b"\x01") + item(50, bytes((reason,)))
        self.transport.send(b"\x0c" + length_indicator(len(body)) + body, ())
        return 0

    cdef int send_overflow(self) except -1:
        cdef Py_ssize_t at = 0, size
        data = self.overflow
        self.overflow = b""
        while at < len(data):
            size = min(len(data) - at, LARGEST_SPDU)
            body = item(25, b"\x02" if at + size == len(data) else b"\x00") + item(193, data[at : at + size])
            self.transport.send(b"\x0f" + length_indicator(len(body)) + body, ())
            at += size
        return 0

    cdef int answered(self, int event, dict given, list events) except -1:
        if event == Event.RF:
            self.advance(event)
            code = given.get(50, b"\0") or b"\0"
            self.closed = True
            if self._state == State.STA16:
                events.append(ev.SConnectRefused(code[0], code[1:] or given.get(193, b"")))
            return 0
        data = self.whole(event, given, b"")
        if data is None:
            return 0
        p = self.parameters
        versions = (given.get(5 << 8 | 22, b"\1") or b"\1")[0]
        self.version = 2 if versions & 2 else 1
        self.requirements = self.number(given, 20, 0x0349) & p.session_requirements
        self.available = self.tokens_of(self.requirements)
        setting = self.number(given, 5 << 8 | 26, 0)
        self.held = 0
        for token, shift in ((DATA, 0), (MINOR, 2), (MAJOR, 4)):
            if not setting >> shift & 1:
                self.held |= token
        self.held &= self.available
        asked = self.number(given, 16, 0) & self.held
        maximum = given.get(5 << 8 | 21, b"")
        if len(maximum) == 4:
            self.segment = maximum[0] << 8 | maximum[1]
        self.advance(event)
        events.append(ev.SConnectConfirm(data, self.requirements, self.held))
        if asked:
            events.append(ev.STokenPleaseIndication(asked, b""))
        return 0

    # Requests and responses

    cdef int step(self, int event) except -1:
        cdef int following = NEXT[self._state][event]
        if following < 0:
            raise LocalProtocolError(f"{Event(event).name} in state {self.state}")
        self._state = following
        return 0

    cdef int need(self, int tokens) except -1:
        """Those of `tokens` that exist have to be ours."""
        if tokens & self.available & ~self.held:
            raise LocalProtocolError("the token is the peer's")
        return 0

    cdef int may(self, int event) except -1:
        if NEXT[self._state][event] < 0:
            raise LocalProtocolError(f"{Event(event).name} in state {self.state}")
        return 0

    cdef int send(self, bytes prefix, int si, bytes fields, bytes data) except -1:
        """An SPDU with its user data as a parameter, in segments where that is too long for one."""
        cdef Py_ssize_t most = LARGEST_SPDU if not self.segment else max(self.segment - len(fields) - 20, 64)
        cdef Py_ssize_t at = 0, size
        if len(data) <= most:
            body = fields + optional_item(193, data)
            self.transport.send(prefix + bytes((si,)) + length_indicator(len(body)) + body, ())
            return 0
        if self.version == 1:
            raise LocalProtocolError(f"{len(data)} octets of user data, at most {most} in session version 1")
        while at < len(data):
            size = min(len(data) - at, most)
            marks = (at == 0) | (at + size == len(data)) << 1
            body = (fields if at == 0 else b"") + item(25, bytes((marks,))) + item(193, data[at : at + size])
            self.transport.send(prefix + bytes((si,)) + length_indicator(len(body)) + body, ())
            at += size
        return 0

    def s_connect_request(self, user_data):
        """Connect transport, then session."""
        self.step(Event.S_CONNECT_REQUEST)
        self.request = bytes(user_data)
        self.transport.connect()

    def s_connect_accept(self, user_data):
        """Accept the S-CONNECT indication."""
        self.step(Event.S_CONNECT_ACCEPT)
        given = self.pending
        self.pending = None
        p = self.parameters
        inner = (
            optional_item(9, given.get(1 << 8 | 10, b""))
            + optional_item(11, given.get(1 << 8 | 11, b""))
            + optional_item(12, given.get(1 << 8 | 12, b""))
        )
        setting = 0
        for token, shift in ((DATA, 0), (MINOR, 2), (MAJOR, 4)):
            if self.held & token:
                setting |= 1 << shift
        accept = item(19, b"\0")
        if p.tsdu_maximum_size or self.segment:
            accept += item(21, p.tsdu_maximum_size.to_bytes(2, "big") + self.segment.to_bytes(2, "big"))
        accept += item(22, bytes((self.version,))) + item(26, bytes((setting,)))
        fields = (
            optional_item(1, inner)
            + item(5, accept)
            + item(20, self.requirements.to_bytes(2, "big"))
            + optional_item(52, given.get(52, b""))
        )
        self.send(b"", 14, fields, bytes(user_data))

    def s_connect_refuse(self, int reason, user_data=b""):
        """Refuse the S-CONNECT indication: the reason code of X.225 8.3.4.3, with user data where it is 2."""
        self.step(Event.S_CONNECT_REFUSE)
        self.pending = None
        body = item(17, b"\x01") + item(50, bytes((reason,)) + bytes(user_data))
        self.transport.send(b"\x0c" + length_indicator(len(body)) + body, ())

    def s_data_request(self, *buffers):
        """Send a TSDU of data; the buffers are sent as they are, one after the other."""
        if self._state != STA713:
            self.may(E_DATA_REQUEST)
        self.need(DATA)
        cdef Py_ssize_t total, room, size
        if not self.segment:
            self.transport.send(GIVE_DATA, buffers)
            return
        total = sum(len(b) for b in buffers)
        if total + 4 <= self.segment:
            self.transport.send(GIVE_DATA, buffers)
            return
        joined = memoryview(b"".join(buffers))
        room = self.segment - 7
        at = 0
        while at < total:
            size = min(room, total - at)
            marks = (at == 0) | (at + size == total) << 1
            self.transport.send(GIVE + bytes((1, 3, 25, 1, marks)), (joined[at : at + size],))
            at += size

    def s_typed_data_request(self, *buffers):
        """Send typed data, which needs no token."""
        self.step(Event.S_TYPED_DATA_REQUEST)
        if not self.requirements & 0x0400:
            raise LocalProtocolError("typed data is not in use")
        self.transport.send(b"\x21\x00", buffers)

    def s_token_give_request(self, int tokens):
        """Give tokens that we hold."""
        self.may(Event.S_TOKEN_GIVE_REQUEST)
        if not tokens or tokens & ~self.held:
            raise LocalProtocolError("the token is not ours to give")
        self.step(Event.S_TOKEN_GIVE_REQUEST)
        self.held &= ~tokens
        self.transport.send(bytes((1, 3, 16, 1, tokens)), ())

    def s_token_please_request(self, int tokens, user_data=b""):
        """Ask for tokens that the peer holds."""
        self.step(Event.S_TOKEN_PLEASE_REQUEST)
        self.send(b"", 2, bytes((16, 1, tokens)), bytes(user_data))

    def s_control_give_request(self):
        """Give all tokens, between activities."""
        self.may(Event.S_CONTROL_GIVE_REQUEST)
        if self.activity:
            raise LocalProtocolError("an activity is in progress")
        self.need(self.available)
        self.step(Event.S_CONTROL_GIVE_REQUEST)
        self.held = 0
        self.transport.send(b"\x15\x00", ())

    def s_sync_minor_request(self, bint confirm=True):
        """Set a checkpoint; its serial number."""
        self.may(Event.S_SYNC_MINOR_REQUEST)
        self.need(DATA | MINOR)
        serial = self.next_serial
        if serial > LAST_SERIAL:
            raise LocalProtocolError("no serial number is left in this activity")
        self.next_serial += 1
        self.send(GIVE, 49, (b"" if confirm else item(15, b"\x01")) + serial_item(serial), b"")
        return serial

    def s_sync_minor_response(self, long serial):
        """Confirm a checkpoint, and those before it."""
        self.step(Event.S_SYNC_MINOR_RESPONSE)
        if not self.unconfirmed <= serial < self.next_serial:
            raise LocalProtocolError(f"checkpoint {serial} is not to be confirmed")
        self.unconfirmed = serial + 1
        self.send(PLEASE, 50, serial_item(serial), b"")

    def s_activity_start_request(self, identifier, user_data=b""):
        """Start an activity; the identifier has 1 to 6 octets."""
        self.may(Event.S_ACTIVITY_START_REQUEST)
        self.need(DATA | MINOR | MAJOR)
        if self.activity:
            raise LocalProtocolError("an activity is in progress")
        if not 1 <= len(identifier) <= 6:
            raise LocalProtocolError("an activity identifier has 1 to 6 octets")
        self.begin_activity(1)
        self.send(GIVE, 45, item(41, bytes(identifier)), bytes(user_data))

    def s_activity_resume_request(self, identifier, old_identifier, long serial, *, calling_reference=b"",
                                  called_reference=b"", common_reference=b"", additional_reference=b"", user_data=b""):
        """Go on with an activity after synchronisation point `serial`, of this or another connection."""
        self.may(Event.S_ACTIVITY_RESUME_REQUEST)
        self.need(DATA | MINOR | MAJOR)
        if self.activity:
            raise LocalProtocolError("an activity is in progress")
        self.begin_activity(serial + 1)
        link = (
            optional_item(9, called_reference)
            + optional_item(10, calling_reference)
            + optional_item(11, common_reference)
            + optional_item(12, additional_reference)
            + item(41, bytes(old_identifier))
            + serial_item(serial)
        )
        self.send(GIVE, 29, item(33, link) + item(41, bytes(identifier)), bytes(user_data))

    def s_activity_interrupt_request(self, int reason=0):
        """Break the activity off, to be resumed."""
        self.may(Event.S_ACTIVITY_INTERRUPT_REQUEST)
        self.in_activity()
        self.step(Event.S_ACTIVITY_INTERRUPT_REQUEST)
        self.send(GIVE, 25, item(50, bytes((reason,))), b"")

    def s_activity_interrupt_response(self):
        """Answer the S-ACTIVITY-INTERRUPT indication."""
        self.step(Event.S_ACTIVITY_INTERRUPT_RESPONSE)
        self.activity = False
        self.send(GIVE, 26, b"", b"")

    def s_activity_discard_request(self, int reason=0):
        """Break the activity off for good."""
        self.may(Event.S_ACTIVITY_DISCARD_REQUEST)
        self.in_activity()
        self.step(Event.S_ACTIVITY_DISCARD_REQUEST)
        self.send(GIVE, 57, item(50, bytes((reason,))), b"")

    def s_activity_discard_response(self):
        """Answer the S-ACTIVITY-DISCARD indication."""
        self.step(Event.S_ACTIVITY_DISCARD_RESPONSE)
        self.activity = False
        self.send(GIVE, 58, b"", b"")

    cdef int in_activity(self) except -1:
        self.need(MAJOR)
        if not self.activity:
            raise LocalProtocolError("no activity is in progress")
        return 0

    def s_activity_end_request(self, user_data=b""):
        """End the activity; the serial number of its end."""
        self.may(Event.S_ACTIVITY_END_REQUEST)
        self.need(DATA | MINOR | MAJOR)
        self.in_activity()
        self.step(Event.S_ACTIVITY_END_REQUEST)
        serial = self.next_serial
        self.next_serial += 1
        self.send(GIVE, 41, serial_item(serial), bytes(user_data))
        return serial

    def s_activity_end_response(self, user_data=b""):
        """Answer the S-ACTIVITY-END indication."""
        self.step(Event.S_ACTIVITY_END_RESPONSE)
        self.activity = False
        self.unconfirmed = self.next_serial
        self.send(PLEASE, 42, serial_item(self.next_serial - 1), bytes(user_data))

    def s_u_exception_report_request(self, int reason, user_data=b""):
        """Report, as the one who has not the data token, that the peer's data cannot be dealt with."""
        self.may(Event.S_U_EXCEPTION_REPORT_REQUEST)
        if self.held & DATA or not self.available & DATA:
            raise LocalProtocolError("an exception is reported by the one who has not the data token")
        self.step(Event.S_U_EXCEPTION_REPORT_REQUEST)
        self.send(PLEASE, 48, item(50, bytes((reason,))), bytes(user_data))

    def s_release_request(self, user_data=b""):
        """Release in good order; all tokens have to be ours, and no activity in progress."""
        self.may(Event.S_RELEASE_REQUEST)
        self.need(self.available)
        if self.activity:
            raise LocalProtocolError("an activity is in progress")
        self.step(Event.S_RELEASE_REQUEST)
        self.send(b"", 9, item(17, b"\x01"), bytes(user_data))

    def s_release_response(self, user_data=b""):
        """Answer the S-RELEASE indication."""
        self.step(Event.S_RELEASE_RESPONSE)
        self.send(b"", 10, b"", bytes(user_data))

    def s_u_abort_request(self, user_data=b""):
        """Abort, as the session's user."""
        if self._state == State.STA16 or not self.transport.connected:
            self._state = State.STA16
            self.closed = True
            return
        self._state = State.STA16
        self.send(b"", 25, item(17, b"\x03"), bytes(user_data))

    def s_p_abort(self, int reason=ABORT_PROTOCOL_ERROR):
        """Abort, as the session's provider."""
        if self._state == State.STA16 or not self.transport.connected:
            self._state = State.STA16
            self.closed = True
            return
        self._state = State.STA16
        self.transport.send(bytes((25, 3, 17, 1, 0x11 if reason == ABORT_IMPLEMENTATION_RESTRICTION else 0x05)), ())
