"""What can go wrong in reliable transfer, and the codes that say so.

TransferError      the peer's fault: an AbortReason for the RTABapdu
"""

from __future__ import annotations

from enum import IntEnum

from x400.osi.exceptions import RemoteProtocolError

__all__ = ["AbortReason", "ExceptionReason", "TransferError"]


class AbortReason(IntEnum):
    """AbortReason of the RTABapdu (X.228 9)."""

    LOCAL_SYSTEM_PROBLEM = 0
    INVALID_PARAMETER = 1
    UNRECOGNIZED_ACTIVITY = 2
    TEMPORARY_PROBLEM = 3
    PROTOCOL_ERROR = 4
    PERMANENT_PROBLEM = 5
    USER_ERROR = 6
    TRANSFER_COMPLETED = 7


class ExceptionReason(IntEnum):
    """Why a transfer is reported as failed, discarded or interrupted (X.215; X.228 7.6, 7.7)."""

    NON_SPECIFIC_ERROR = 0
    RECEIVING_ABILITY_JEOPARDIZED = 1
    SEQUENCE_ERROR = 3
    LOCAL_SS_USER_ERROR = 5
    UNRECOVERABLE_PROCEDURAL_ERROR = 6


class TransferError(RemoteProtocolError):
    """An APDU or a session primitive that is wrong or out of turn."""

    layer = "rtse"

    def __init__(
        self, detail: str, offset: int | None = None, *, reason: AbortReason = AbortReason.PROTOCOL_ERROR
    ) -> None:
        super().__init__(reason, detail, offset)
