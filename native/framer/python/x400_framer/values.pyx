# cython: language_level=3, auto_pickle=False, autotestdict=False
"""The framing of presentation (X.226 8.4.2) and of reliable transfer (X.228 8.2), where it is plain: definite lengths,
one value, the whole APDU in one segment. Nearly every transfer is.

What is read here is not judged: `None` sends the octets to the readers of x400.osi, which take every other form, and
say what is wrong where something is.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize

cdef int FULLY_ENCODED = 0x61
cdef int SEQUENCE = 0x30
cdef int INTEGER = 0x02
cdef int SINGLE_ASN1_TYPE = 0xA0
cdef int OCTET_STRING = 0x04
cdef int EXTERNAL = 0x28
cdef int OBJECT_IDENTIFIER = 0x06


cdef Py_ssize_t _contents(const unsigned char *o, Py_ssize_t at, Py_ssize_t end, int tag) noexcept:
    """Where the contents of the element at `at` start, which is `tag` and ends at `end`; -1 if it does not."""
    cdef Py_ssize_t length, count
    if at < 0 or end - at < 2 or o[at] != tag:
        return -1
    length = o[at + 1]
    at += 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4 or end - at < count:
            return -1
        length = 0
        while count:
            length = length << 8 | o[at]
            at += 1
            count -= 1
    return at if length == end - at else -1


cdef Py_ssize_t _context(const unsigned char *o, Py_ssize_t at, Py_ssize_t end) noexcept:
    """Where the INTEGER at `at` ends, which is one octet, and positive; -1 if it is none."""
    return at + 3 if at >= 0 and end - at > 3 and o[at] == INTEGER and o[at + 1] == 1 and o[at + 2] < 0x80 else -1


def one_value(data):
    """The presentation context and the element of the one value in `data`, an SSDU; None where it is not plain."""
    cdef Py_buffer octets
    cdef const unsigned char *o
    cdef Py_ssize_t at, end
    cdef int context = 0
    PyObject_GetBuffer(data, &octets, PyBUF_SIMPLE)
    o = <const unsigned char *>octets.buf
    end = octets.len
    at = _contents(o, _contents(o, 0, end, FULLY_ENCODED), end, SEQUENCE)
    if at >= 0:
        context = o[at + 2] if end - at > 2 else 0
        at = _contents(o, _context(o, at, end), end, SINGLE_ASN1_TYPE)
    PyBuffer_Release(&octets)
    return None if at < 0 else (context, data[at:])


def whole_apdu(rttr):
    """The presentation context and the octets of the APDU in an RTTR that holds all of it; None where it is not
    plain."""
    cdef Py_buffer octets
    cdef const unsigned char *o
    cdef Py_ssize_t at, end
    cdef int context = 0
    PyObject_GetBuffer(rttr, &octets, PyBUF_SIMPLE)
    o = <const unsigned char *>octets.buf
    end = octets.len
    at = _contents(o, _contents(o, 0, end, OCTET_STRING), end, EXTERNAL)
    if at >= 0 and end - at > 2 and o[at] == OBJECT_IDENTIFIER and o[at + 1] < end - at - 2:
        at += 2 + o[at + 1]
    if at >= 0:
        context = o[at + 2] if end - at > 2 else 0
        at = _contents(o, _context(o, at, end), end, SINGLE_ASN1_TYPE)
    PyBuffer_Release(&octets)
    return None if at < 0 else (context, rttr[at:])


cdef unsigned char *_header(unsigned char *p, int tag, Py_ssize_t length) noexcept:
    """Identifier and shortest length, ending at `p`; where they start."""
    cdef int count = 0
    if length < 0x80:
        p -= 1
        p[0] = length
    else:
        while length:
            p -= 1
            p[0] = length & 0xFF
            length >>= 8
            count += 1
        p -= 1
        p[0] = 0x80 | count
    p -= 1
    p[0] = tag
    return p


cdef unsigned char *_integer(unsigned char *p, long value) noexcept:
    """The INTEGER of a context, which is positive."""
    cdef int count = 0
    while count == 0 or value or p[0] & 0x80:
        p -= 1
        p[0] = value & 0xFF
        value >>= 8
        count += 1
    return _header(p, INTEGER, count)


def segment_prefix(long context, Py_ssize_t size):
    """All that stands before a segment of `size` octets: presentation's framing, the RTTR's identifier and length."""
    cdef unsigned char room[64]
    cdef unsigned char *end = room + 64
    cdef unsigned char *p = end
    if context <= 0 or size < 0:
        raise ValueError("no presentation context, or no size")
    p = _header(p, OCTET_STRING, size)
    p = _integer(_header(p, SINGLE_ASN1_TYPE, size + (end - p)), context)
    p = _header(p, SEQUENCE, size + (end - p))
    p = _header(p, FULLY_ENCODED, size + (end - p))
    return PyBytes_FromStringAndSize(<char *>p, end - p)


def apdu_prefix(long context, Py_ssize_t size):
    """What stands before an APDU of `size` octets: the head of its EXTERNAL. Nothing stands after it."""
    cdef unsigned char room[64]
    cdef unsigned char *end = room + 64
    cdef unsigned char *p = end
    if context <= 0 or size < 0:
        raise ValueError("no presentation context, or no size")
    p = _integer(_header(p, SINGLE_ASN1_TYPE, size), context)
    p = _header(p, EXTERNAL, size + (end - p))
    return PyBytes_FromStringAndSize(<char *>p, end - p)
