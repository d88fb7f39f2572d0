"""What a connection of reliable transfer reports (X.218)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from x400.osi.rtse.recovery import NO_CONNECTION, ActivityReference, SessionConnectionIdentifier
from x400.osi.tlv import Buffer

__all__ = [
    "DialogueMode",
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
]

DialogueMode = Literal["monologue", "two-way-alternate"]


@dataclass(frozen=True, slots=True)
class RTOpenIndication:
    """The peer opens. `user_data` is the element of its bind argument; answer with `rt_open_response`."""

    user_data: bytes
    application_context: str
    dialogue_mode: DialogueMode = "monologue"
    initial_turn: Literal["initiator", "responder"] = "initiator"
    calling_transport_selector: bytes = b""
    called_transport_selector: bytes = b""
    calling_session_selector: bytes = b""
    called_session_selector: bytes = b""
    calling_presentation_selector: bytes = b""
    called_presentation_selector: bytes = b""
    connection: SessionConnectionIdentifier = NO_CONNECTION
    """What the association can be called by when it has been lost."""
    application_protocol: int | None = None
    """Of X.410-1984 mode; None in normal mode, which has an application context."""


@dataclass(frozen=True, slots=True)
class RTRecoverIndication:
    """The peer asks to go on with an association that was lost (X.228 7.8.3), without a bind.

    `lost` names it, `connection` is what this one is called. Answer with `rt_recover_response`.
    """

    lost: SessionConnectionIdentifier
    connection: SessionConnectionIdentifier = NO_CONNECTION
    dialogue_mode: DialogueMode = "monologue"
    application_protocol: int | None = None


@dataclass(frozen=True, slots=True)
class RTOpenConfirm:
    """The answer to `rt_open_request`.

    Accepted: `user_data` is the bind result. Refused: `user_data` is the bind error if the peer's user refused with
    one, `layer` is who refused (rtse for the user, acse-service-user, acse-service-provider, presentation, session,
    transport), `reason` its code, `transient` whether it may be tried again soon. After a refusal the connection is
    closed.
    """

    accepted: bool
    user_data: bytes | None
    layer: str = ""
    reason: int | None = None
    transient: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RTReady:
    """We have the turn and nothing is under way: `rt_transfer_request` may be called."""


@dataclass(slots=True)
class RTTransferStart:
    """The peer begins to transfer an APDU; `reference` is what a later resumption will name."""

    reference: ActivityReference


@dataclass(frozen=True, slots=True)
class RTTransferResume:
    """The peer goes on with a transfer that was interrupted, from the checkpoint that `Connection.recall` has given.

    `started` names the activity as the peer knows it from before, `reference` as it is called from now on. What comes
    follows the first `offset` octets of the APDU. `completed`: the whole APDU was secured before, nothing will come;
    RTTransferIndication is to be accepted.
    """

    started: ActivityReference
    reference: ActivityReference
    serial: int
    offset: int
    completed: bool = False


@dataclass(slots=True)
class RTTransferData:
    """The next octets of the APDU. A view: valid until the next octets are received."""

    data: Buffer


@dataclass(frozen=True, slots=True)
class RTTransferCheckpoint:
    """The peer has set a checkpoint; answer with `rt_checkpoint_response` when all before it is held for good.

    Before it lie the first `offset` octets of the APDU; `state` is what `Connection.recall` must give when the peer
    resumes from here. One answer confirms all checkpoints before it, and the confirmation of the whole APDU confirms
    them all: no answer is needed before `due` is True, which is when the peer's window is full and it waits.
    """

    transfer: int
    serial: int
    offset: int
    state: bytes
    due: bool


@dataclass(frozen=True, slots=True)
class RTTransferIndication:
    """The APDU is whole. The peer holds itself responsible until `rt_transfer_response` says otherwise."""


@dataclass(frozen=True, slots=True)
class RTTransferDiscarded:
    """The transfer that was coming in ends without an APDU: the peer discarded it, or we refused it. `interrupted`: it
    will be resumed, here or on another association.
    """

    reason: int
    interrupted: bool = False
    detail: str = ""


@dataclass(slots=True)
class RTTransferConfirm:
    """What became of our transfer: the peer has secured the APDU, or the transfer failed for `reason`
    (ExceptionReason). `interrupted`: it can be resumed, as `Connection.resumption` says.
    """

    accepted: bool
    reason: int | None = None
    detail: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class RTTurnPleaseIndication:
    """The peer wants the turn; 0 is the highest priority."""

    priority: int


@dataclass(frozen=True, slots=True)
class RTTurnGiveIndication:
    """The turn is ours."""


@dataclass(frozen=True, slots=True)
class RTCloseIndication:
    """The peer wants to end the association; answer with `rt_close_response`."""


@dataclass(frozen=True, slots=True)
class RTCloseConfirm:
    """The association has ended in order."""


@dataclass(frozen=True, slots=True)
class RTAbort:
    """The association is gone, with whatever was being transferred.

    `provider` is False when the peer's user aborted. `layer` is who gave up or found the fault (transport, session,
    presentation, acse, rtse), `reason` is the layer's own code, `offset` where in its unit of data the fault lies,
    `detail` for the log, `local` whether this side found the fault.
    """

    provider: bool
    layer: str
    reason: int
    detail: str = ""
    offset: int | None = None
    local: bool = False
    user_data: bytes | None = None


RTEvent = (
    RTOpenIndication
    | RTOpenConfirm
    | RTRecoverIndication
    | RTReady
    | RTTransferStart
    | RTTransferResume
    | RTTransferData
    | RTTransferCheckpoint
    | RTTransferIndication
    | RTTransferDiscarded
    | RTTransferConfirm
    | RTTurnPleaseIndication
    | RTTurnGiveIndication
    | RTCloseIndication
    | RTCloseConfirm
    | RTAbort
)
