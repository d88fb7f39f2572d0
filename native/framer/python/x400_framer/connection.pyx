# cython: language_level=3, auto_pickle=False, autotestdict=False, boundscheck=True, wraparound=False
"""The transport and session entity of one TCP connection. What may happen when stands in states.py."""

cimport cython
from libc.string cimport memset

from x400_framer cimport events as ev

from x400_framer import states
from x400_framer.exceptions import LocalProtocolError

include "codes.pxi"
include "machine.pxi"


class _PeerError(Exception):
    """The peer broke the protocol: what, and at which octet of the buffer being read."""

    def __init__(self, detail, offset=-1, reason=PROTOCOL_ERROR, layer="session"):
        self.detail, self.offset, self.reason, self.layer = detail, offset, reason, layer


cdef bytes unit(int code, bytes value):
    """A PI or PGI unit with its length indicator (X.225 8.2.3)."""
    cdef Py_ssize_t n = len(value)
    if n < 255:
        return bytes((code, n)) + value
    return bytes((code, 255, n >> 8, n & 255)) + value


cdef bytes as_bytes(object data):
    return data if type(data) is bytes else bytes(data)


cdef class _Entity:
    """What the three parts share. A part calls one that is included after it through the methods declared here."""

    cdef readonly bint initiator
    cdef readonly object parameters
    cdef readonly bint closed
    cdef readonly bytes calling_transport_selector, called_transport_selector
    cdef readonly int tpdu_size, protocol_version, session_requirements, tokens, available_tokens
    cdef readonly bint activity_in_progress
    cdef int _state
    cdef bint _transport_open, _sc, _seg_first_cat
    cdef long _va, _vm, _peer_reference
    cdef Py_ssize_t _limit, _send_tsdu, _base, _tsdu_size, _tsdu_at, _ssdu_size
    cdef list _out, _events, _tsdu, _ssdu
    cdef object _partial, _buffer, _buffer_view
    cdef bytes _connect_data, _seg_params
    cdef int _seg_si, _proposed_requirements, _proposed_setting
    cdef tuple _proposed
    cdef int _off[256]
    cdef int _len[256]

    cdef int _whole(self, object view, const unsigned char[::1] o, Py_ssize_t p, Py_ssize_t end) except -1:
        raise NotImplementedError

    cdef bint _peer_event(self, int event, int tokens=0) except -1:
        raise NotImplementedError

    cdef int _fault(self, object fault) except -1:
        raise NotImplementedError

    cdef int _send_connect(self) except -1:
        raise NotImplementedError

    cdef int _send_overflow(self) except -1:
        raise NotImplementedError

    cdef int _abort(self, int reason, object user) except -1:
        raise NotImplementedError

    cdef int _send(self, int si, int prefix, bytes params, object user=b"") except -1:
        raise NotImplementedError


include "transport.pxi"
include "receive.pxi"
include "send.pxi"
