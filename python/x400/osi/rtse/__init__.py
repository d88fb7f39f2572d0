"""Reliable transfer (X.218, X.228): `Connection` is the face of the whole stack."""

from x400.osi.exceptions import LocalProtocolError
from x400.osi.rtse.connection import Connection
from x400.osi.rtse.events import (
    RTAbort,
    RTCloseConfirm,
    RTCloseIndication,
    RTEvent,
    RTOpenConfirm,
    RTOpenIndication,
    RTReady,
    RTRecoverIndication,
    RTTransferCheckpoint,
    RTTransferConfirm,
    RTTransferData,
    RTTransferDiscarded,
    RTTransferIndication,
    RTTransferResume,
    RTTransferStart,
    RTTurnGiveIndication,
    RTTurnPleaseIndication,
)
from x400.osi.rtse.exceptions import AbortReason, ExceptionReason
from x400.osi.rtse.parameters import Parameters
from x400.osi.rtse.recovery import (
    NO_CONNECTION,
    ActivityReference,
    Completed,
    Recall,
    Resumption,
    SessionConnectionIdentifier,
)
from x400.osi.rtse.source import BytesSource, Source

__all__ = [
    "NO_CONNECTION",
    "AbortReason",
    "ActivityReference",
    "BytesSource",
    "Completed",
    "Connection",
    "ExceptionReason",
    "LocalProtocolError",
    "Parameters",
    "RTAbort",
    "RTCloseConfirm",
    "RTCloseIndication",
    "RTEvent",
    "RTOpenConfirm",
    "RTOpenIndication",
    "RTReady",
    "RTRecoverIndication",
    "RTTransferCheckpoint",
    "RTTransferConfirm",
    "RTTransferData",
    "RTTransferDiscarded",
    "RTTransferIndication",
    "RTTransferResume",
    "RTTransferStart",
    "RTTurnGiveIndication",
    "RTTurnPleaseIndication",
    "Recall",
    "Resumption",
    "SessionConnectionIdentifier",
    "Source",
]
