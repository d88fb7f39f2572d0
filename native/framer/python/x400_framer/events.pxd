"""The fields of the events; what they mean stands in events.pyi."""

cimport cython

cdef class Event:
    pass

@cython.final
cdef class TConnectIndication(Event):
    cdef readonly object calling_transport_selector
    cdef readonly object called_transport_selector
    cdef readonly long tpdu_size

@cython.final
cdef class TDisconnectIndication(Event):
    cdef readonly long reason
    cdef readonly object detail

@cython.final
cdef class SConnectIndication(Event):
    cdef readonly object calling_session_selector
    cdef readonly object called_session_selector
    cdef readonly long session_requirements
    cdef readonly long token_setting
    cdef readonly long protocol_version
    cdef readonly object ss_user_reference
    cdef readonly object common_reference
    cdef readonly object additional_reference_information
    cdef readonly object user_data

@cython.final
cdef class SConnectConfirm(Event):
    cdef readonly object responding_session_selector
    cdef readonly long session_requirements
    cdef readonly long tokens
    cdef readonly long protocol_version
    cdef readonly object ss_user_reference
    cdef readonly object common_reference
    cdef readonly object additional_reference_information
    cdef readonly object user_data

@cython.final
cdef class SConnectRefused(Event):
    cdef readonly long reason
    cdef readonly object user_data

@cython.final
cdef class SDataIndication(Event):
    cdef readonly object user_data

@cython.final
cdef class STypedDataIndication(Event):
    cdef readonly object user_data

@cython.final
cdef class STokenGiveIndication(Event):
    cdef readonly long tokens

@cython.final
cdef class STokenPleaseIndication(Event):
    cdef readonly long tokens
    cdef readonly object user_data

@cython.final
cdef class SControlGiveIndication(Event):
    pass

@cython.final
cdef class SSyncMinorIndication(Event):
    cdef readonly long serial
    cdef readonly bint confirm
    cdef readonly object user_data

@cython.final
cdef class SSyncMinorConfirm(Event):
    cdef readonly long serial
    cdef readonly object user_data

@cython.final
cdef class SActivityStartIndication(Event):
    cdef readonly object identifier
    cdef readonly object user_data

@cython.final
cdef class SActivityResumeIndication(Event):
    cdef readonly object identifier
    cdef readonly object old_identifier
    cdef readonly long serial
    cdef readonly object calling_ss_user_reference
    cdef readonly object called_ss_user_reference
    cdef readonly object common_reference
    cdef readonly object additional_reference_information
    cdef readonly object user_data

@cython.final
cdef class SActivityInterruptIndication(Event):
    cdef readonly long reason
    cdef readonly object user_data

@cython.final
cdef class SActivityInterruptConfirm(Event):
    cdef readonly object user_data

@cython.final
cdef class SActivityDiscardIndication(Event):
    cdef readonly long reason
    cdef readonly object user_data

@cython.final
cdef class SActivityDiscardConfirm(Event):
    cdef readonly object user_data

@cython.final
cdef class SActivityEndIndication(Event):
    cdef readonly long serial
    cdef readonly object user_data

@cython.final
cdef class SActivityEndConfirm(Event):
    cdef readonly long serial
    cdef readonly object user_data

@cython.final
cdef class SUExceptionReportIndication(Event):
    cdef readonly long reason
    cdef readonly object user_data

@cython.final
cdef class SPExceptionReportIndication(Event):
    cdef readonly object reflected

@cython.final
cdef class SReleaseIndication(Event):
    cdef readonly object user_data

@cython.final
cdef class SReleaseConfirm(Event):
    cdef readonly object user_data

@cython.final
cdef class SUAbortIndication(Event):
    cdef readonly object user_data

@cython.final
cdef class SPAbortIndication(Event):
    cdef readonly long reason
    cdef readonly long offset
    cdef readonly object detail
    cdef readonly object layer
    cdef readonly bint local
