# cython: language_level=3, auto_pickle=False, autotestdict=False
"""Events: what has happened on a connection, named after the service primitives of X.214 and X.215.

user_data is bytes or a memoryview of what was received; a memoryview is valid until the next octets are received.
"""

cimport cython


cdef class Event:
    """The base of all events: equal when of one class and equal in every field."""

    _fields = ()

    def __repr__(self):
        values = []
        for name in self._fields:
            value = getattr(self, name)
            values.append(f"{name}={bytes(value) if isinstance(value, memoryview) else value!r}")
        return f"{type(self).__name__}({', '.join(values)})"

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        for name in self._fields:
            if getattr(self, name) != getattr(other, name):
                return False
        return True

    __hash__ = None


@cython.final
cdef class TConnectIndication(Event):
    """CR TPDU: the transport connection is open, and its selectors are known."""

    _fields = ("calling_transport_selector", "called_transport_selector", "tpdu_size",)

    def __init__(self, calling_transport_selector, called_transport_selector, tpdu_size):
        self.calling_transport_selector = calling_transport_selector
        self.called_transport_selector = called_transport_selector
        self.tpdu_size = tpdu_size


@cython.final
cdef class TDisconnectIndication(Event):
    """The transport connection is gone: DR or ER TPDU (its reason), or the end of TCP (reason -1)."""

    _fields = ("reason", "detail",)

    def __init__(self, reason, detail=""):
        self.reason = reason
        self.detail = detail


@cython.final
cdef class SConnectIndication(Event):
    """CONNECT SPDU, complete with its overflow."""

    _fields = ("calling_session_selector", "called_session_selector", "session_requirements", "token_setting", "protocol_version", "ss_user_reference", "common_reference", "additional_reference_information", "user_data",)

    def __init__(self, calling_session_selector, called_session_selector, session_requirements, token_setting, protocol_version, ss_user_reference, common_reference, additional_reference_information, user_data=b""):
        self.calling_session_selector = calling_session_selector
        self.called_session_selector = called_session_selector
        self.session_requirements = session_requirements
        self.token_setting = token_setting
        self.protocol_version = protocol_version
        self.ss_user_reference = ss_user_reference
        self.common_reference = common_reference
        self.additional_reference_information = additional_reference_information
        self.user_data = user_data


@cython.final
cdef class SConnectConfirm(Event):
    """ACCEPT SPDU; tokens: those that are ours now."""

    _fields = ("responding_session_selector", "session_requirements", "tokens", "protocol_version", "ss_user_reference", "common_reference", "additional_reference_information", "user_data",)

    def __init__(self, responding_session_selector, session_requirements, tokens, protocol_version, ss_user_reference, common_reference, additional_reference_information, user_data=b""):
        self.responding_session_selector = responding_session_selector
        self.session_requirements = session_requirements
        self.tokens = tokens
        self.protocol_version = protocol_version
        self.ss_user_reference = ss_user_reference
        self.common_reference = common_reference
        self.additional_reference_information = additional_reference_information
        self.user_data = user_data


@cython.final
cdef class SConnectRefused(Event):
    """REFUSE SPDU (X.225 8.3.5)."""

    _fields = ("reason", "user_data",)

    def __init__(self, reason, user_data=b""):
        self.reason = reason
        self.user_data = user_data


@cython.final
cdef class SDataIndication(Event):
    """DATA TRANSFER SPDU, one whole SSDU. The view is valid until the next octets are received."""

    _fields = ("user_data",)

    def __init__(self, user_data=b""):
        self.user_data = user_data


@cython.final
cdef class STypedDataIndication(Event):
    """TYPED DATA SPDU."""

    _fields = ("user_data",)

    def __init__(self, user_data=b""):
        self.user_data = user_data


@cython.final
cdef class STokenGiveIndication(Event):
    """GIVE TOKENS SPDU."""

    _fields = ("tokens",)

    def __init__(self, tokens):
        self.tokens = tokens


@cython.final
cdef class STokenPleaseIndication(Event):
    """PLEASE TOKENS SPDU."""

    _fields = ("tokens", "user_data",)

    def __init__(self, tokens, user_data=b""):
        self.tokens = tokens
        self.user_data = user_data


@cython.final
cdef class SControlGiveIndication(Event):
    """GIVE TOKENS CONFIRM SPDU: all tokens are ours."""

    _fields = ()


@cython.final
cdef class SSyncMinorIndication(Event):
    """MINOR SYNC POINT SPDU; confirm: explicit confirmation is wanted."""

    _fields = ("serial", "confirm", "user_data",)

    def __init__(self, serial, confirm, user_data=b""):
        self.serial = serial
        self.confirm = confirm
        self.user_data = user_data


@cython.final
cdef class SSyncMinorConfirm(Event):
    """MINOR SYNC ACK SPDU."""

    _fields = ("serial", "user_data",)

    def __init__(self, serial, user_data=b""):
        self.serial = serial
        self.user_data = user_data


@cython.final
cdef class SActivityStartIndication(Event):
    """ACTIVITY START SPDU."""

    _fields = ("identifier", "user_data",)

    def __init__(self, identifier, user_data=b""):
        self.identifier = identifier
        self.user_data = user_data


@cython.final
cdef class SActivityResumeIndication(Event):
    """ACTIVITY RESUME SPDU, with the linking information."""

    _fields = ("identifier", "old_identifier", "serial", "calling_ss_user_reference", "called_ss_user_reference", "common_reference", "additional_reference_information", "user_data",)

    def __init__(self, identifier, old_identifier, serial, calling_ss_user_reference, called_ss_user_reference, common_reference, additional_reference_information, user_data=b""):
        self.identifier = identifier
        self.old_identifier = old_identifier
        self.serial = serial
        self.calling_ss_user_reference = calling_ss_user_reference
        self.called_ss_user_reference = called_ss_user_reference
        self.common_reference = common_reference
        self.additional_reference_information = additional_reference_information
        self.user_data = user_data


@cython.final
cdef class SActivityInterruptIndication(Event):
    """ACTIVITY INTERRUPT SPDU."""

    _fields = ("reason", "user_data",)

    def __init__(self, reason, user_data=b""):
        self.reason = reason
        self.user_data = user_data


@cython.final
cdef class SActivityInterruptConfirm(Event):
    """ACTIVITY INTERRUPT ACK SPDU: all tokens are ours."""

    _fields = ("user_data",)

    def __init__(self, user_data=b""):
        self.user_data = user_data


@cython.final
cdef class SActivityDiscardIndication(Event):
    """ACTIVITY DISCARD SPDU."""

    _fields = ("reason", "user_data",)

    def __init__(self, reason, user_data=b""):
        self.reason = reason
        self.user_data = user_data


@cython.final
cdef class SActivityDiscardConfirm(Event):
    """ACTIVITY DISCARD ACK SPDU: all tokens are ours."""

    _fields = ("user_data",)

    def __init__(self, user_data=b""):
        self.user_data = user_data


@cython.final
cdef class SActivityEndIndication(Event):
    """ACTIVITY END SPDU."""

    _fields = ("serial", "user_data",)

    def __init__(self, serial, user_data=b""):
        self.serial = serial
        self.user_data = user_data


@cython.final
cdef class SActivityEndConfirm(Event):
    """ACTIVITY END ACK SPDU."""

    _fields = ("serial", "user_data",)

    def __init__(self, serial, user_data=b""):
        self.serial = serial
        self.user_data = user_data


@cython.final
cdef class SUExceptionReportIndication(Event):
    """EXCEPTION DATA SPDU."""

    _fields = ("reason", "user_data",)

    def __init__(self, reason, user_data=b""):
        self.reason = reason
        self.user_data = user_data


@cython.final
cdef class SPExceptionReportIndication(Event):
    """EXCEPTION REPORT SPDU; reflected: what the peer's provider did not understand."""

    _fields = ("reflected",)

    def __init__(self, reflected):
        self.reflected = reflected


@cython.final
cdef class SReleaseIndication(Event):
    """FINISH SPDU."""

    _fields = ("user_data",)

    def __init__(self, user_data=b""):
        self.user_data = user_data


@cython.final
cdef class SReleaseConfirm(Event):
    """DISCONNECT SPDU; the transport connection is being released."""

    _fields = ("user_data",)

    def __init__(self, user_data=b""):
        self.user_data = user_data


@cython.final
cdef class SUAbortIndication(Event):
    """ABORT SPDU of the peer's user."""

    _fields = ("user_data",)

    def __init__(self, user_data=b""):
        self.user_data = user_data


@cython.final
cdef class SPAbortIndication(Event):
    """A provider's abort. Ours (local), when the peer broke the protocol: layer, the offset in octets of the stream received,
    and what was wrong; the peer's: an ABORT SPDU, offset -1. reason: PROTOCOL_ERROR, NO_REASON, IMPLEMENTATION_RESTRICTION,
    or a refuse reason code when we refused the peer's CONNECT SPDU."""

    _fields = ("reason", "offset", "detail", "layer", "local",)

    def __init__(self, reason, offset, detail="", layer="session", local=False):
        self.reason = reason
        self.offset = offset
        self.detail = detail
        self.layer = layer
        self.local = local
