"""What an association reports (X.217). Everything of presentation and session that is not ACSE's passes through as it
came.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from x400.osi.presentation.events import PConnectIndication
from x400.osi.presentation.user_data import PDV

__all__ = [
    "AAbortIndication",
    "AAssociateConfirm",
    "AAssociateIndication",
    "APAbortIndication",
    "AReleaseConfirm",
    "AReleaseIndication",
]


@dataclass(frozen=True, slots=True)
class AAssociateIndication:
    """An AARQ came; `presentation` is the primitive that brought it, with its addresses and contexts."""

    application_context: str
    user_information: list[PDV]
    presentation: PConnectIndication


@dataclass(frozen=True, slots=True)
class AAssociateConfirm:
    """The outcome of an A-ASSOCIATE request.

    `result` is 0 for accepted, 1 rejected for good, 2 rejected for now. `source` is who rejected: acse-service-user,
    acse-service-provider, presentation, session or transport; `diagnostic` is its code.
    """

    result: int
    source: str
    diagnostic: int | None
    user_information: list[PDV] = field(default_factory=list)
    application_context: str = ""
    responding_presentation_selector: bytes = b""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AReleaseIndication:
    reason: int | None
    user_information: list[PDV]


@dataclass(frozen=True, slots=True)
class AReleaseConfirm:
    reason: int | None
    user_information: list[PDV]


@dataclass(frozen=True, slots=True)
class AAbortIndication:
    """Aborted: `source` 0 by the peer's user, 1 by an ACSE service provider; `local` if that was ours, over a fault
    of the peer.
    """

    source: int
    diagnostic: int | None
    user_information: list[PDV]
    detail: str = ""
    offset: int | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class APAbortIndication:
    """A layer below gave the connection up (A-P-ABORT)."""

    layer: str
    reason: int
    detail: str
    offset: int | None = None
    local: bool = False
