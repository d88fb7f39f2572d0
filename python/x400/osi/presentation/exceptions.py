"""What can go wrong in presentation.

PresentationError      the peer's fault: an Abort-reason for the ARP PPDU, a Provider-reason for the CPR PPDU
"""

from __future__ import annotations

from enum import IntEnum

from x400.osi.exceptions import RemoteProtocolError

__all__ = ["AbortReason", "ContextReason", "EventIdentifier", "PresentationError", "ProviderReason"]


class AbortReason(IntEnum):
    """Abort-reason of the ARP PPDU (X.226 8.2)."""

    REASON_NOT_SPECIFIED = 0
    UNRECOGNIZED_PPDU = 1
    UNEXPECTED_PPDU = 2
    UNEXPECTED_SESSION_SERVICE_PRIMITIVE = 3
    UNRECOGNIZED_PPDU_PARAMETER = 4
    UNEXPECTED_PPDU_PARAMETER = 5
    INVALID_PPDU_PARAMETER_VALUE = 6


class ProviderReason(IntEnum):
    """Provider-reason of the CPR PPDU (X.226 8.2)."""

    REASON_NOT_SPECIFIED = 0
    TEMPORARY_CONGESTION = 1
    LOCAL_LIMIT_EXCEEDED = 2
    CALLED_PRESENTATION_ADDRESS_UNKNOWN = 3
    PROTOCOL_VERSION_NOT_SUPPORTED = 4
    DEFAULT_CONTEXT_NOT_SUPPORTED = 5
    USER_DATA_NOT_READABLE = 6
    NO_PSAP_AVAILABLE = 7


class ContextReason(IntEnum):
    """Why a provider rejects one proposed context (X.226 8.2, Result-list)."""

    REASON_NOT_SPECIFIED = 0
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 1
    PROPOSED_TRANSFER_SYNTAXES_NOT_SUPPORTED = 2
    LOCAL_LIMIT_ON_DCS_EXCEEDED = 3


class EventIdentifier(IntEnum):
    """Which event provoked the ARP PPDU (X.226 8.2)."""

    CP_PPDU = 0
    CPA_PPDU = 1
    CPR_PPDU = 2
    ARU_PPDU = 3
    ARP_PPDU = 4
    TD_PPDU = 7
    TTD_PPDU = 8
    S_RELEASE_INDICATION = 14
    S_RELEASE_CONFIRM = 15
    S_TOKEN_GIVE_INDICATION = 16
    S_TOKEN_PLEASE_INDICATION = 17
    S_CONTROL_GIVE_INDICATION = 18
    S_SYNC_MINOR_INDICATION = 19
    S_SYNC_MINOR_CONFIRM = 20
    S_P_EXCEPTION_REPORT_INDICATION = 23
    S_U_EXCEPTION_REPORT_INDICATION = 24
    S_ACTIVITY_START_INDICATION = 25
    S_ACTIVITY_RESUME_INDICATION = 26
    S_ACTIVITY_INTERRUPT_INDICATION = 27
    S_ACTIVITY_INTERRUPT_CONFIRM = 28
    S_ACTIVITY_DISCARD_INDICATION = 29
    S_ACTIVITY_DISCARD_CONFIRM = 30
    S_ACTIVITY_END_INDICATION = 31
    S_ACTIVITY_END_CONFIRM = 32


class PresentationError(RemoteProtocolError):
    """A PPDU that is wrong or out of turn. `provider_reason` is what a CPR says when there is no connection to abort
    yet.
    """

    layer = "presentation"

    def __init__(
        self,
        reason: AbortReason,
        detail: str,
        offset: int | None = None,
        *,
        provider_reason: ProviderReason = ProviderReason.REASON_NOT_SPECIFIED,
    ) -> None:
        super().__init__(reason, detail, offset)
        self.provider_reason = provider_reason
