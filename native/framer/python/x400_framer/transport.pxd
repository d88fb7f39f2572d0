cdef class Transport:
    cdef readonly bint initiator
    cdef readonly bint connected
    cdef readonly object calling_selector
    cdef readonly object called_selector
    cdef readonly object peer_reference
    cdef readonly Py_ssize_t tpdu_size
    cdef bytearray buffer
    cdef Py_ssize_t start, end
    cdef readonly Py_ssize_t offset  # of buffer[start] in the stream
    cdef bytearray partial
    cdef Py_ssize_t maximum_tsdu
    cdef object accepted_selector
    cdef list outgoing

    cpdef object room(self, Py_ssize_t wanted)
    cpdef list filled(self, Py_ssize_t count)
    cdef list take(self)
    cdef int refuse(self, str detail, Py_ssize_t at, list found) except -1
    cdef object fault(self, str detail, Py_ssize_t at)
    cdef int tpdu(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t end, list found) except -1
    cdef int data(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t end, bint last, list found) except -1
    cdef dict parameters(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t end)
    cdef int connect_request(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t head, list found) except -1
    cdef bint offers_class_0(self, dict given, int preferred)
    cdef int connect_confirm(self, const unsigned char[::1] octets, Py_ssize_t begin, Py_ssize_t head, list found) except -1
    cdef bytes negotiated(self, dict given, bint answering)
    cpdef void connect(self)
    cdef void packet(self, bytes tpdu)
    cpdef int send(self, bytes head, tuple buffers) except -1
    cpdef list sent(self)
