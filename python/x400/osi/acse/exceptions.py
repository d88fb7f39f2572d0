"""What can go wrong in association control.

AssociationError      the peer's fault: an ABRT from the ACSE service provider, or an AARE that it rejects with
"""

from __future__ import annotations

from enum import IntEnum

from x400.osi.exceptions import RemoteProtocolError

__all__ = [
    "AbortDiagnostic",
    "AbortSource",
    "AssociateResult",
    "AssociationError",
    "ProviderDiagnostic",
    "UserDiagnostic",
]


class AssociateResult(IntEnum):
    """Associate-result of the AARE (X.227 9)."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class UserDiagnostic(IntEnum):
    """Associate-source-diagnostic, from the user (X.227 9)."""

    NULL = 0
    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 2
    CALLING_AP_TITLE_NOT_RECOGNIZED = 3
    CALLED_AP_TITLE_NOT_RECOGNIZED = 7
    AUTHENTICATION_FAILURE = 13


class ProviderDiagnostic(IntEnum):
    """Associate-source-diagnostic, from the ACSE service provider (X.227 9)."""

    NULL = 0
    NO_REASON_GIVEN = 1
    NO_COMMON_ACSE_VERSION = 2


class AbortSource(IntEnum):
    """ABRT-source (X.227 9)."""

    ACSE_SERVICE_USER = 0
    ACSE_SERVICE_PROVIDER = 1


class AbortDiagnostic(IntEnum):
    """ABRT-diagnostic; on the wire only when the authentication functional unit was agreed (X.227 9)."""

    NO_REASON_GIVEN = 1
    PROTOCOL_ERROR = 2


class AssociationError(RemoteProtocolError):
    """An APDU that is wrong or out of turn. `provider_diagnostic` is for the AARE while there is no association yet."""

    layer = "acse"

    def __init__(
        self,
        detail: str,
        offset: int | None = None,
        *,
        provider_diagnostic: ProviderDiagnostic = ProviderDiagnostic.NO_REASON_GIVEN,
    ) -> None:
        super().__init__(AbortDiagnostic.PROTOCOL_ERROR, detail, offset)
        self.provider_diagnostic = provider_diagnostic
