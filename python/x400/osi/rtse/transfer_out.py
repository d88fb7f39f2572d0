"""The sending side of a connection of reliable transfer: activities that we start, or resume (X.228 7.3, 7.6-7.8)."""

from __future__ import annotations

import contextlib

import x400_framer as session
from x400.osi.exceptions import LocalProtocolError
from x400.osi.rtse import external
from x400.osi.rtse.events import RTEvent, RTReady, RTTransferConfirm
from x400.osi.rtse.exceptions import AbortReason, ExceptionReason, TransferError
from x400.osi.rtse.machine import Machine
from x400.osi.rtse.parameters import Parameters
from x400.osi.rtse.recovery import ActivityReference, Resumption
from x400.osi.rtse.source import Source
from x400.osi.rtse.states import Event, State
from x400.osi.rtse.transfer import Outgoing
from x400.osi.tlv import integer

__all__ = ["Sending"]

_INTERRUPTS = (ExceptionReason.NON_SPECIFIC_ERROR, ExceptionReason.SEQUENCE_ERROR)
"""The receiver's problems after which what it has confirmed is still good (X.228 7.6)."""


class Sending(Machine):
    """See the module."""

    def __init__(self, initiator: bool, parameters: Parameters, now: float | None) -> None:
        super().__init__(initiator, parameters, now)
        self.resumption: Resumption | None = None
        """Where the transfer that ended last can be resumed, on another association if this one is gone."""
        self._activity = 0
        self._outgoing: Outgoing | None = None

    def rt_transfer_request(
        self,
        source: Source,
        transfer_time: float | None = None,
        now: float | None = None,
        resumed: Resumption | None = None,
    ) -> None:
        """Transfer the APDU that `source` gives, within `transfer_time` seconds; an RTTransferConfirm says how it went.

        `resumed` is where it was interrupted, here or on another association: the source then gives what follows the
        octets that are confirmed. A receiver that holds nothing of it makes the transfer fail, and it can begin anew.
        Errors of the source come out of here, or in the confirm if it fails later, and the transfer is discarded.
        """
        self._tell(now)
        self._step(Event.RT_TRANSFER_REQUEST, LocalProtocolError)
        self._activity = self._activity % 0x7FFFFFFF + 1
        self._transfer_deadline = None if transfer_time is None else self._now + transfer_time
        self.resumption = resumed
        identifier = integer(self._activity)
        x410 = self.application_protocol is not None
        if resumed is None:
            head = b"" if x410 else external.prefix(self._user_context, source.length)
            self.session.s_activity_start_request(identifier)
        else:
            head = b""
            self._resume(identifier, resumed)
        self._outgoing = Outgoing(
            source,
            self.session,
            head,
            0 if x410 else self._rtse_context,
            self.checkpoint_size * 1024,
            self.window_size,
            ActivityReference(self.connection_identifier, identifier),
            resumed,
        )
        self._pump()

    def _resume(self, identifier: bytes, resumed: Resumption) -> None:
        """S-ACTIVITY-RESUME; the old session connection is named if it is not this one (X.228 8.2)."""
        old = resumed.reference.connection
        same = old == self.connection_identifier
        self.session.s_activity_resume_request(
            identifier,
            resumed.reference.activity,
            resumed.serial,
            b"" if same else old.calling,
            b"" if same else old.calling,
            b"" if same else old.common,
            b"" if same else old.additional,
        )

    def _pump(self) -> None:
        """Send what the window allows. If the source fails the transfer is discarded, and the failure raised."""
        outgoing = self._outgoing
        if outgoing is None or self.state is not State.SENDING:
            return
        try:
            if outgoing.pump():
                self._step(Event.S_ACTIVITY_END_REQUEST, LocalProtocolError)
        except session.LocalProtocolError:
            raise
        except Exception as error:
            self._request_discard(ExceptionReason.LOCAL_SS_USER_ERROR, f"the source failed: {error}")
            raise

    def _sync_minor_confirm(self, event: session.SSyncMinorConfirm, events: list[RTEvent]) -> None:
        self._step(Event.S_SYNC_MINOR_CONFIRM, TransferError)
        if self._outgoing is not None:
            self._outgoing.confirm(event.serial)
            self.resumption = self._outgoing.resumption
            # Of a source that fails, the confirm of the discard tells. Session is ahead of us: it takes no more data
            # when what came with this confirm breaks the transfer off.
            with contextlib.suppress(Exception):
                self._pump()

    def _activity_end_confirm(self, event: session.SActivityEndConfirm, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_END_CONFIRM, TransferError)
        if self.state is State.TURN:
            self._outgoing = None
            self.resumption = None
            self._transfer_deadline = None
            events.append(RTTransferConfirm(True))
            self._ready(events)

    def _user_exception(self, event: session.SUExceptionReportIndication, events: list[RTEvent]) -> None:
        """The receiver cannot go on (X.228 7.6): interrupt if it may later, discard if not, or end the association."""
        if event.reason == ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED:
            detail = "the receiving ability of the peer is jeopardized"
            events.append(RTTransferConfirm(False, event.reason, detail, self.resumption is not None))
            raise TransferError(detail, reason=AbortReason.TEMPORARY_PROBLEM)
        self._step(Event.S_U_EXCEPTION_REPORT, TransferError)
        interrupt = event.reason in _INTERRUPTS and self.resumption is not None
        self._break_off(event.reason, "refused by the peer", interrupt, events)

    def _provider_exception(self, event: session.SPExceptionReportIndication, events: list[RTEvent]) -> None:
        raise TransferError("S-P-EXCEPTION-REPORT", reason=AbortReason.LOCAL_SYSTEM_PROBLEM)

    def _transfer_time_passed(self, events: list[RTEvent]) -> None:
        if self.state in (State.SENDING, State.AWAITING_END_CONFIRM):
            self._break_off(ExceptionReason.LOCAL_SS_USER_ERROR, "the transfer time has passed", False, events)

    def _break_off(self, reason: int, detail: str, interrupt: bool, events: list[RTEvent]) -> None:
        try:
            if interrupt:
                self._request_interrupt(reason, detail)
            else:
                self._request_discard(reason, detail)
        except session.LocalProtocolError as error:
            self._fault(TransferError(f"{detail}; {error}", reason=AbortReason.TEMPORARY_PROBLEM), events)

    def _request_discard(self, reason: int, detail: str) -> None:
        self._failure = (reason, detail)
        self._outgoing = None
        self.resumption = None
        self._transfer_deadline = None
        if self.state is not State.DISCARDING:
            self._step(Event.S_ACTIVITY_DISCARD_REQUEST, LocalProtocolError)
        self.session.s_activity_discard_request(int(ExceptionReason.LOCAL_SS_USER_ERROR))

    def _request_interrupt(self, reason: int, detail: str) -> None:
        self._failure = (reason, detail)
        self._outgoing = None
        self._transfer_deadline = None
        self._step(Event.S_ACTIVITY_INTERRUPT_REQUEST, LocalProtocolError)
        self.session.s_activity_interrupt_request(int(ExceptionReason.LOCAL_SS_USER_ERROR))

    def _activity_discard_confirm(self, event: session.SActivityDiscardConfirm, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_DISCARD_CONFIRM, TransferError)
        self._broken(False, events)

    def _activity_interrupt_confirm(self, event: session.SActivityInterruptConfirm, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_INTERRUPT_CONFIRM, TransferError)
        self._broken(True, events)

    def _broken(self, interrupted: bool, events: list[RTEvent]) -> None:
        reason, detail = self._failure
        self._failure = (0, "")
        events.append(RTTransferConfirm(False, reason, detail, interrupted))
        self._ready(events)

    def _ready(self, events: list[RTEvent]) -> None:
        if self.state is State.TURN:
            events.append(RTReady())


Sending.HANDLERS = {
    session.SActivityEndConfirm: Sending._activity_end_confirm,
    session.SActivityDiscardConfirm: Sending._activity_discard_confirm,
    session.SActivityInterruptConfirm: Sending._activity_interrupt_confirm,
    session.SSyncMinorConfirm: Sending._sync_minor_confirm,
    session.SUExceptionReportIndication: Sending._user_exception,
    session.SPExceptionReportIndication: Sending._provider_exception,
}
