"""The receiving side of a connection of reliable transfer: activities that the peer starts, or resumes (X.228 7.3,
7.6, 7.7, 7.8.1).
"""

from __future__ import annotations

import contextlib

import x400_framer as session
from x400.osi.exceptions import LocalProtocolError
from x400.osi.presentation.events import PDataIndication
from x400.osi.rtse.events import (
    RTEvent,
    RTTransferCheckpoint,
    RTTransferData,
    RTTransferDiscarded,
    RTTransferIndication,
    RTTransferResume,
    RTTransferStart,
)
from x400.osi.rtse.exceptions import AbortReason, ExceptionReason, TransferError
from x400.osi.rtse.machine import Machine
from x400.osi.rtse.parameters import Parameters
from x400.osi.rtse.recovery import ActivityReference, Recall, SessionConnectionIdentifier
from x400.osi.rtse.states import Event, State
from x400.osi.rtse.transfer import Incoming, IncomingX410, Repeated

__all__ = ["Receiving"]

_OPEN = (State.RECEIVING, State.AWAITING_TRANSFER_RESPONSE)


class Receiving(Machine):
    """See the module. `recall` is who knows what is held of transfers that were interrupted; None: nothing is."""

    def __init__(self, initiator: bool, parameters: Parameters, now: float | None) -> None:
        super().__init__(initiator, parameters, now)
        self.recall: Recall | None = None
        self._incoming: Incoming | None = None
        self._transfers = 0
        self._response_overtaken = False

    # Responses

    def rt_transfer_response(
        self,
        accept: bool = True,
        reason: ExceptionReason = ExceptionReason.LOCAL_SS_USER_ERROR,
        now: float | None = None,
    ) -> None:
        """The APDU is secured, or it is refused; a refusal is possible from RTTransferStart on.

        No effect on a transfer that has been discarded, or an association that has ended, by an event not seen yet.
        """
        self._tell(now)
        if self.state is State.CLOSED or (self.state is State.NO_TURN and self._response_overtaken):
            return
        if accept:
            self._step(Event.TRANSFER_ACCEPTED, LocalProtocolError)
            self.session.s_activity_end_response()
        else:
            self._step(Event.TRANSFER_REFUSED, LocalProtocolError)
            self.session.s_u_exception_report_request(int(reason))
        self._incoming = None

    def rt_checkpoint_response(self, checkpoint: RTTransferCheckpoint, now: float | None = None) -> None:
        """All that came before the checkpoint is held: it will not be asked for again, whatever happens.

        No effect on a transfer that has ended, or on a checkpoint that is confirmed already.
        """
        self._tell(now)
        incoming = self._incoming
        if incoming is None or incoming.number != checkpoint.transfer or self.state not in _OPEN:
            return
        if checkpoint.serial > incoming.confirmed:
            # Session is ahead of us: what has come since may have broken the transfer off already.
            with contextlib.suppress(session.LocalProtocolError):
                self.session.s_sync_minor_response(checkpoint.serial)
                incoming.confirmed = checkpoint.serial

    # Indications

    def _activity_start(self, event: session.SActivityStartIndication, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_START, TransferError)
        self._begin(self._new_incoming(self._transfers + 1))
        events.append(RTTransferStart(ActivityReference(self.connection_identifier, event.identifier)))

    def _new_incoming(self, number: int) -> Incoming:
        kind = Incoming if self.application_protocol is None else IncomingX410
        return kind(number, self._user_contexts, self.parameters.maximum_apdu_size)

    def _begin(self, incoming: Incoming) -> None:
        self._response_overtaken = False
        self._transfers = incoming.number
        self._incoming = incoming

    def _activity_resume(self, event: session.SActivityResumeIndication, events: list[RTEvent]) -> None:
        """Without the old session connection, the activity was interrupted on this one (X.215 13.5)."""
        connection = SessionConnectionIdentifier(
            event.calling_ss_user_reference, event.common_reference, event.additional_reference_information
        )
        started = ActivityReference(connection or self.connection_identifier, event.old_identifier)
        held = None if self.recall is None else self.recall(started, event.serial)
        if held is None:
            self._step(Event.S_ACTIVITY_RESUME_UNKNOWN, TransferError)
            self._report(ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR)
            return
        self._step(Event.S_ACTIVITY_RESUME, TransferError)
        number = self._transfers + 1
        if held == "completed":
            incoming: Incoming = Repeated(number, event.serial)
        else:
            incoming = self._new_incoming(number)
            incoming.resume(event.serial, held)
        self._begin(incoming)
        reference = ActivityReference(self.connection_identifier, event.identifier)
        events.append(RTTransferResume(started, reference, event.serial, incoming.offset, held == "completed"))

    def _data(self, event: PDataIndication, events: list[RTEvent]) -> None:
        values = event.user_data
        if len(values) != 1 or values[0][0] != self._rtse_context:
            raise TransferError(f"{len(values)} values where one RTTR is expected")
        rttr = values[0][1]
        if len(rttr) > self.parameters.maximum_segment_size + 16:
            raise TransferError(f"a segment of {len(rttr)} octets", reason=AbortReason.LOCAL_SYSTEM_PROBLEM)
        incoming = self._incoming
        if incoming is None or self.state is not State.RECEIVING:
            if self.state is State.REFUSING:
                return
            self._step(Event.RTTR, TransferError)
            raise TransferError("RTTR outside of a transfer")
        self._deadline = self._now + self._times[State.RECEIVING]
        for octets in incoming.segment(rttr):
            events.append(RTTransferData(octets))
        if incoming.size_limit_passed:
            limit = self.parameters.maximum_apdu_size
            self._failure = (ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR, f"an APDU of more than {limit} octets")
            self._step(Event.TRANSFER_REFUSED, TransferError)
            self._incoming = None
            self._report(ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR)

    def _report(self, reason: ExceptionReason) -> None:
        """Report, unless what came with the octets at hand has broken the transfer off already."""
        with contextlib.suppress(session.LocalProtocolError):
            self.session.s_u_exception_report_request(int(reason))

    def _sync_minor(self, event: session.SSyncMinorIndication, events: list[RTEvent]) -> None:
        """X.228 7.3: the response says that what came before the checkpoint is secured, which only our user knows."""
        if self.state is State.REFUSING:
            return
        self._step(Event.S_SYNC_MINOR, TransferError)
        incoming = self._incoming
        if not event.confirm or incoming is None:
            return
        due = event.serial - incoming.confirmed >= self.window_size
        checkpoint = RTTransferCheckpoint(incoming.number, event.serial, incoming.offset, incoming.state(), due)
        if isinstance(incoming, Repeated):
            self.rt_checkpoint_response(checkpoint)
        else:
            events.append(checkpoint)

    def _activity_end(self, event: session.SActivityEndIndication, events: list[RTEvent]) -> None:
        if self.state is State.REFUSING:
            return
        self._step(Event.S_ACTIVITY_END, TransferError)
        if self._incoming is not None:
            for octets in self._incoming.end():
                events.append(RTTransferData(octets))
        events.append(RTTransferIndication())

    def _activity_discard(self, event: session.SActivityDiscardIndication, events: list[RTEvent]) -> None:
        self._broken_off(event.reason, False, events)
        self.session.s_activity_discard_response()

    def _activity_interrupt(self, event: session.SActivityInterruptIndication, events: list[RTEvent]) -> None:
        self._broken_off(event.reason, True, events)
        self.session.s_activity_interrupt_response()

    def _broken_off(self, peer_reason: int | None, interrupted: bool, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_DISCARD, TransferError)
        self._incoming = None
        self._response_overtaken = True
        reason, detail = self._failure
        self._failure = (0, "")
        events.append(RTTransferDiscarded(reason or peer_reason or 0, interrupted, detail))


Receiving.HANDLERS = {
    PDataIndication: Receiving._data,
    session.SActivityStartIndication: Receiving._activity_start,
    session.SActivityResumeIndication: Receiving._activity_resume,
    session.SActivityEndIndication: Receiving._activity_end,
    session.SActivityDiscardIndication: Receiving._activity_discard,
    session.SActivityInterruptIndication: Receiving._activity_interrupt,
    session.SActivityInterruptIndication: Receiving._activity_interrupt,
    session.SSyncMinorIndication: Receiving._sync_minor,
}
