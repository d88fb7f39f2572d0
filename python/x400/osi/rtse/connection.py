"""A connection of reliable transfer (X.218, X.228 normal mode) with the whole stack below it: what the network front
uses.

Octets go in by `receive_data` (or `get_buffer` and `buffer_updated`), events come out; `rt_...` methods are the
requests and responses of X.218; `data_to_send` gives what is to be written. `next_timer` says when to call
`handle_timer`. Whatever the peer sends, receiving raises nothing: a fault is answered with the abort of the layer
that found it, and ends in an RTAbort.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import x400_framer as session
from x400.osi import presentation
from x400.osi.acse import apdu as acse_apdu
from x400.osi.acse.events import (
    AAssociateConfirm,
    AAssociateIndication,
    AReleaseConfirm,
    AReleaseIndication,
)
from x400.osi.acse.exceptions import AssociateResult, UserDiagnostic
from x400.osi.exceptions import LocalProtocolError
from x400.osi.presentation.events import PDataIndication, PTokenPleaseIndication
from x400.osi.rose import bind
from x400.osi.rose.exceptions import BindError
from x400.osi.rtse import apdu
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
from x400.osi.rtse.exceptions import AbortReason, ExceptionReason, TransferError
from x400.osi.rtse.machine import Machine, context_of
from x400.osi.rtse.parameters import Parameters
from x400.osi.rtse.source import Source
from x400.osi.rtse.states import Event, State
from x400.osi.rtse.transfer import Incoming, Outgoing
from x400.osi.tlv import integer

__all__ = ["Connection"]

_RTTP = 2  # INTEGER


class Connection(Machine):
    """One side of one association. `now`, here and in every method, is the time in seconds; left out, it is as last
    told.
    """

    def __init__(self, initiator: bool, parameters: Parameters, now: float | None = None) -> None:
        super().__init__(initiator, parameters, now)
        self.checkpoint_size = parameters.checkpoint_size
        self.window_size = parameters.window_size
        self.two_way_alternate = parameters.dialogue_mode == "two-way-alternate"
        self._activity = 0
        self._outgoing: Outgoing | None = None
        self._incoming: Incoming | None = None
        self._failure: tuple[int, str] = (0, "")
        self._response_overtaken = False
        self._user_context = 0
        self._user_contexts: frozenset[int] = frozenset()
        self._our_turn_first = initiator is (parameters.initial_turn == "initiator")

    # Requests and responses

    def rt_open_request(self, user_data: bytes, now: float | None = None) -> None:
        """Open; `user_data` is the element of the bind argument."""
        self._tell(now)
        self._step(Event.RT_OPEN_REQUEST, LocalProtocolError)
        rtorq = apdu.encode_rtorq(
            self.checkpoint_size, self.window_size, self.two_way_alternate, bind.wrap(bind.ARGUMENT, user_data)
        )
        context = context_of(self.presentation.parameters.contexts, self.parameters.rtse_abstract_syntax)
        self.association.a_associate_request([(context, rtorq)])

    def rt_open_response(
        self,
        accept: bool,
        user_data: bytes | None = None,
        reason: AssociateResult = AssociateResult.REJECTED_PERMANENT,
        now: float | None = None,
    ) -> None:
        """Answer an RTOpenIndication; `user_data` is the element of the bind result, or of the bind error.

        `reason` tells a refusal for good from one for now. After an acceptance `may_transfer` tells who has the turn.
        No effect on an association that has ended meanwhile.
        """
        self._tell(now)
        if self.state is State.CLOSED:
            return
        if not accept:
            if self.state is not State.AWAITING_OPEN_RESPONSE:
                raise LocalProtocolError(f"RT-OPEN response in state {self.state.name}")
            error = None if user_data is None else bind.wrap(bind.ERROR, user_data)
            self._refuse(reason, UserDiagnostic.NULL, error)
            return
        if user_data is None:
            raise LocalProtocolError("a bind result is needed to accept")
        self._opened(LocalProtocolError)
        rtoac = apdu.encode_rtoac(self.checkpoint_size, self.window_size, bind.wrap(bind.RESULT, user_data))
        self.association.a_associate_response(AssociateResult.ACCEPTED, [(self._rtse_context, rtoac)])

    def rt_transfer_request(self, source: Source, transfer_time: float | None = None, now: float | None = None) -> None:
        """Transfer the APDU that `source` gives, within `transfer_time` seconds; an RTTransferConfirm says how it went.

        Errors of the source come out of here, or in the confirm if it fails later, and the transfer is discarded.
        """
        self._tell(now)
        self._step(Event.RT_TRANSFER_REQUEST, LocalProtocolError)
        self._activity = self._activity % 0x7FFFFFFF + 1
        self._transfer_deadline = None if transfer_time is None else self._now + transfer_time
        self.session.s_activity_start_request(integer(self._activity))
        self._outgoing = Outgoing(
            source,
            self.session,
            self._rtse_context,
            self._user_context,
            self.checkpoint_size * 1024,
            self.window_size,
        )
        self._pump()

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

    def rt_turn_please_request(self, priority: int = 0, now: float | None = None) -> None:
        """Ask for the turn; 0 is the highest priority."""
        self._tell(now)
        self._two_way_alternate_only()
        self._step(Event.RT_TURN_PLEASE_REQUEST, LocalProtocolError)
        try:
            self.presentation.p_token_please_request(session.DATA_TOKEN, [(self._rtse_context, integer(priority))])
        except session.LocalProtocolError as error:  # the peer has yet to acknowledge the turn that we gave
            raise LocalProtocolError(str(error)) from None

    def rt_turn_give_request(self, now: float | None = None) -> None:
        """Let the peer have the turn."""
        self._tell(now)
        self._two_way_alternate_only()
        self._step(Event.RT_TURN_GIVE_REQUEST, LocalProtocolError)
        self.session.s_control_give_request()

    def rt_close_request(self, now: float | None = None) -> None:
        """End the association in order, having the turn; two-way alternate, only the initiator may."""
        self._tell(now)
        if self.two_way_alternate and not self.initiator:
            raise LocalProtocolError("RT-CLOSE request by the responder of a two-way alternate association")
        self._step(Event.RT_CLOSE_REQUEST, LocalProtocolError)
        self.association.a_release_request()

    def rt_close_response(self, now: float | None = None) -> None:
        """Answer an RTCloseIndication. No effect on an association that has ended meanwhile."""
        self._tell(now)
        if self.state is State.CLOSED:
            return
        self._step(Event.RT_CLOSE_RESPONSE, LocalProtocolError)
        self.association.a_release_response()

    def rt_u_abort_request(self, user_data: bytes | None = None, now: float | None = None) -> None:
        """End the association at once, whatever is under way."""
        self._tell(now)
        if self.state is not State.CLOSED:
            self._abort(AbortReason.USER_ERROR, user_data)

    def _two_way_alternate_only(self) -> None:
        if not self.two_way_alternate:
            raise LocalProtocolError("the turn does not change hands in a monologue")

    # Association

    def _associate(self, event: AAssociateIndication, events: list[RTEvent]) -> None:
        """RTORQ (X.228 7.1). What cannot be accepted is refused here, the user hears of it as an RTAbort."""
        parameters = self.parameters
        if event.application_context != parameters.application_context:
            diagnostic = UserDiagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED
            self._refuse(AssociateResult.REJECTED_PERMANENT, diagnostic)
            detail = f"application context {event.application_context} is not supported"
            events.append(RTAbort(True, "acse", diagnostic, detail, local=True))
            return
        try:
            self._find_contexts()
            rtorq = self._user_information(event.user_information, "rtorq-apdu")
            kind, data = rtorq["connectionDataRQ"]
            if kind != "open":
                raise TransferError("RTORQ to recover an association", reason=AbortReason.TEMPORARY_PROBLEM)
            user_data = bind.unwrap(bind.ARGUMENT, data)
        except BindError as error:
            raise TransferError(f"RTORQ: {error.detail}", error.offset) from None
        self._step(Event.RTORQ, TransferError)
        self._negotiate(rtorq)
        self.two_way_alternate = rtorq.get("dialogueMode", 0) == 1
        connect = event.presentation
        setting = connect.token_setting & 3  # of the data token; all tokens go together
        self._our_turn_first = setting == session.RESPONDER_SIDE or (
            setting == session.CALLED_CHOICE and self.parameters.initial_turn == "responder"
        )
        events.append(
            RTOpenIndication(
                user_data=user_data,
                application_context=event.application_context,
                dialogue_mode="two-way-alternate" if self.two_way_alternate else "monologue",
                initial_turn="responder" if self._our_turn_first else "initiator",
                calling_transport_selector=connect.calling_transport_selector,
                called_transport_selector=connect.called_transport_selector,
                calling_session_selector=connect.calling_session_selector,
                called_session_selector=connect.called_session_selector,
                calling_presentation_selector=connect.calling_selector,
                called_presentation_selector=connect.called_selector,
            )
        )

    def _negotiate(self, proposal: dict[str, Any]) -> None:
        """Checkpoints no larger, and no more of them open, than proposed (X.228 7.1); 0 from either is none at all."""
        checkpoint, window = proposal.get("checkpointSize", 0), proposal.get("windowSize", 3)
        if checkpoint < 0 or window < 0 or proposal.get("dialogueMode", 0) not in (0, 1):
            raise TransferError("RTORQ with values out of range", reason=AbortReason.INVALID_PARAMETER)
        self.checkpoint_size = min(checkpoint, self.checkpoint_size)
        self.window_size = max(1, min(window, self.window_size))

    def _associate_confirm(self, event: AAssociateConfirm, events: list[RTEvent]) -> None:
        """RTOAC or RTORJ (X.228 7.1), or no answer of our peer's RTSE at all."""
        if event.result != AssociateResult.ACCEPTED:
            self._step(Event.REFUSED, TransferError)
            self._close()
            transient = event.result == AssociateResult.REJECTED_TRANSIENT
            try:
                data = self._refusal(event)
            except (TransferError, BindError):
                data = None
            layer = event.source if data is None else "rtse"
            events.append(RTOpenConfirm(False, data, layer, event.diagnostic, transient, event.detail))
            return
        if event.application_context != self.parameters.application_context:
            raise TransferError(f"AARE with application context {event.application_context}")
        self._find_contexts()
        rtoac = self._user_information(event.user_information, "rtoac-apdu")
        checkpoint, window = rtoac.get("checkpointSize", 0), rtoac.get("windowSize", 3)
        if checkpoint < 0 or checkpoint > self.checkpoint_size or window < 0:
            raise TransferError(
                f"RTOAC with checkpoint size {checkpoint}, window size {window}", reason=AbortReason.INVALID_PARAMETER
            )
        kind, data = rtoac["connectionDataAC"]
        if kind != "open":
            raise TransferError("RTOAC that recovers where RTORQ opened")
        try:
            user_data = bind.unwrap(bind.RESULT, data)
        except BindError as error:
            raise TransferError(f"RTOAC: {error.detail}", error.offset) from None
        self.checkpoint_size = checkpoint
        self.window_size = max(1, min(window, self.window_size))
        self._opened(TransferError)
        events.append(RTOpenConfirm(True, user_data))
        self._ready(events)

    def _refusal(self, event: AAssociateConfirm) -> bytes | None:
        """The bind error within an RTORJ, if there is one."""
        if not event.user_information:
            return None
        _, rtorj = apdu.decode(event.user_information[0][1], "rtorj-apdu")
        data = rtorj.get("userDataRJ")
        return None if data is None else bind.unwrap(bind.ERROR, data)

    def _find_contexts(self) -> None:
        contexts = self.presentation.contexts
        self._rtse_context = context_of(contexts.items(), self.parameters.rtse_abstract_syntax)
        self._user_context = context_of(contexts.items(), self.parameters.user_abstract_syntax)
        others = (self.parameters.rtse_abstract_syntax, acse_apdu.ABSTRACT_SYNTAX)
        self._user_contexts = frozenset(context for context, syntax in contexts.items() if syntax not in others)
        if not self._rtse_context or not self._user_context:
            raise TransferError("no presentation context for reliable transfer or for its user")

    def _user_information(self, values: Sequence[presentation.PDV], name: str) -> dict[str, Any]:
        if len(values) != 1 or values[0][0] != self._rtse_context:
            raise TransferError(f"{len(values)} values where one {name} is expected")
        value: dict[str, Any] = apdu.decode(values[0][1], name)[1]
        return value

    def _opened(self, error: type[LocalProtocolError] | type[TransferError]) -> None:
        self._step(Event.OPENED_WITH_TURN if self._our_turn_first else Event.OPENED_WITHOUT_TURN, error)

    def _ready(self, events: list[RTEvent]) -> None:
        if self.state is State.TURN:
            events.append(RTReady())

    def _release(self, event: AReleaseIndication, events: list[RTEvent]) -> None:
        self._step(Event.A_RELEASE, TransferError)
        events.append(RTCloseIndication())

    def _release_confirm(self, event: AReleaseConfirm, events: list[RTEvent]) -> None:
        self._step(Event.A_RELEASE_CONFIRM, TransferError)
        events.append(RTCloseConfirm())

    # A transfer that comes in

    def _activity_start(self, event: session.SActivityStartIndication, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_START, TransferError)
        self._response_overtaken = False
        self._incoming = Incoming(self._user_contexts, self.parameters.maximum_apdu_size)
        events.append(RTTransferStart())

    def _activity_resume(self, event: session.SActivityResumeIndication, events: list[RTEvent]) -> None:
        """Nothing is kept of a transfer that was interrupted: the peer is told to begin anew (X.228 7.6)."""
        self._step(Event.S_ACTIVITY_RESUME, TransferError)
        self._report(ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR)

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
        if self.state is State.REFUSING:
            return
        self._step(Event.S_SYNC_MINOR, TransferError)
        if event.confirm:
            # Session is ahead of us: what came with this may have broken the transfer off already.
            with contextlib.suppress(session.LocalProtocolError):
                self.session.s_sync_minor_response(event.serial)

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
        """Interrupted is discarded here: when the peer resumes, it is told to begin anew."""
        self._broken_off(event.reason, True, events)
        self.session.s_activity_interrupt_response()

    def _broken_off(self, peer_reason: int | None, interrupted: bool, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_DISCARD, TransferError)
        self._incoming = None
        self._response_overtaken = True
        reason, detail = self._failure
        self._failure = (0, "")
        events.append(RTTransferDiscarded(reason or peer_reason or 0, interrupted, detail))

    # A transfer that goes out

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
        if self._outgoing is not None and self.state is State.SENDING:
            self._outgoing.confirm(event.serial)
            # Of a source that fails, the confirm of the discard tells. Session is ahead of us: it takes no more data
            # when what came with this confirm breaks the transfer off.
            with contextlib.suppress(Exception):
                self._pump()

    def _activity_end_confirm(self, event: session.SActivityEndConfirm, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_END_CONFIRM, TransferError)
        if self.state is State.TURN:
            self._outgoing = None
            self._transfer_deadline = None
            events.append(RTTransferConfirm(True))
            self._ready(events)

    def _user_exception(self, event: session.SUExceptionReportIndication, events: list[RTEvent]) -> None:
        """The receiver cannot go on (X.228 7.6): discard, or end the association where it asks for that."""
        if event.reason == ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED:
            detail = "the receiving ability of the peer is jeopardized"
            events.append(RTTransferConfirm(False, event.reason, detail))
            raise TransferError(detail, reason=AbortReason.TEMPORARY_PROBLEM)
        self._step(Event.S_U_EXCEPTION_REPORT, TransferError)
        self._discard(event.reason, "refused by the peer", events)

    def _provider_exception(self, event: session.SPExceptionReportIndication, events: list[RTEvent]) -> None:
        raise TransferError("S-P-EXCEPTION-REPORT", reason=AbortReason.LOCAL_SYSTEM_PROBLEM)

    def _transfer_time_passed(self, events: list[RTEvent]) -> None:
        if self.state in (State.SENDING, State.AWAITING_END_CONFIRM):
            self._discard(ExceptionReason.LOCAL_SS_USER_ERROR, "the transfer time has passed", events)

    def _discard(self, reason: int, detail: str, events: list[RTEvent]) -> None:
        try:
            self._request_discard(reason, detail)
        except session.LocalProtocolError as error:
            self._fault(TransferError(f"{detail}; {error}", reason=AbortReason.TEMPORARY_PROBLEM), events)

    def _request_discard(self, reason: int, detail: str) -> None:
        self._failure = (reason, detail)
        self._outgoing = None
        self._transfer_deadline = None
        if self.state is not State.DISCARDING:
            self._step(Event.S_ACTIVITY_DISCARD_REQUEST, LocalProtocolError)
        self.session.s_activity_discard_request(int(ExceptionReason.LOCAL_SS_USER_ERROR))

    def _activity_discard_confirm(self, event: session.SActivityDiscardConfirm, events: list[RTEvent]) -> None:
        self._step(Event.S_ACTIVITY_DISCARD_CONFIRM, TransferError)
        reason, detail = self._failure
        self._failure = (0, "")
        events.append(RTTransferConfirm(False, reason, detail))
        self._ready(events)

    # The turn

    def _turn_please(self, event: PTokenPleaseIndication, events: list[RTEvent]) -> None:
        values = event.user_data
        priority = 0
        if values:
            if len(values) != 1 or values[0][0] != self._rtse_context:
                raise TransferError(f"{len(values)} values where one RTTP is expected")
            rttp = values[0][1]
            if not 3 <= len(rttp) <= 6 or rttp[0] != _RTTP or rttp[1] != len(rttp) - 2:
                raise TransferError("no RTTP where one is expected", 0)
            priority = int.from_bytes(rttp[2:], "big", signed=True)
        if not self.two_way_alternate:
            raise TransferError("RTTP in a monologue")
        if self.state is not State.TURN:
            self._step(Event.RTTP, TransferError)
        events.append(RTTurnPleaseIndication(priority))

    def _control_give(self, event: session.SControlGiveIndication, events: list[RTEvent]) -> None:
        if not self.two_way_alternate:
            raise TransferError("S-CONTROL-GIVE in a monologue")
        self._step(Event.S_CONTROL_GIVE, TransferError)
        events.append(RTTurnGiveIndication())
        self._ready(events)


Connection.HANDLERS = Machine.HANDLERS | {
    PDataIndication: Connection._data,
    PTokenPleaseIndication: Connection._turn_please,
    session.SActivityStartIndication: Connection._activity_start,
    session.SActivityResumeIndication: Connection._activity_resume,
    session.SActivityEndIndication: Connection._activity_end,
    session.SActivityEndConfirm: Connection._activity_end_confirm,
    session.SActivityDiscardIndication: Connection._activity_discard,
    session.SActivityInterruptIndication: Connection._activity_interrupt,
    session.SActivityDiscardConfirm: Connection._activity_discard_confirm,
    session.SSyncMinorIndication: Connection._sync_minor,
    session.SSyncMinorConfirm: Connection._sync_minor_confirm,
    session.SUExceptionReportIndication: Connection._user_exception,
    session.SPExceptionReportIndication: Connection._provider_exception,
    session.SControlGiveIndication: Connection._control_give,
    AAssociateIndication: Connection._associate,
    AAssociateConfirm: Connection._associate_confirm,
    AReleaseIndication: Connection._release,
    AReleaseConfirm: Connection._release_confirm,
}
