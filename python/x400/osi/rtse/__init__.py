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
    RTTransferConfirm,
    RTTransferData,
    RTTransferDiscarded,
    RTTransferIndication,
    RTTransferStart,
    RTTurnGiveIndication,
    RTTurnPleaseIndication,
)
from x400.osi.rtse.exceptions import AbortReason, ExceptionReason
from x400.osi.rtse.parameters import Parameters
from x400.osi.rtse.source import BytesSource, Source

__all__ = [
    "AbortReason",
    "BytesSource",
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
    "RTTransferConfirm",
    "RTTransferData",
    "RTTransferDiscarded",
    "RTTransferIndication",
    "RTTransferStart",
    "RTTurnGiveIndication",
    "RTTurnPleaseIndication",
    "Source",
]
