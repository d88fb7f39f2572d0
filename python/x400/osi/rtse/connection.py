"""A connection of reliable transfer (X.218, X.228, both modes) with the whole stack below it: what the network front
uses.

Octets go in by `receive_data` (or `get_buffer` and `buffer_updated`), events come out; `rt_...` methods are the
requests and responses of X.218; `data_to_send` gives what is to be written. `next_timer` says when to call
`handle_timer`. Whatever the peer sends, receiving raises nothing: a fault is answered with the abort of the layer
that found it, and ends in an RTAbort.
"""

from __future__ import annotations

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
from x400.osi.presentation.events import PTokenPleaseIndication
from x400.osi.rose import bind
from x400.osi.rose.exceptions import BindError
from x400.osi.rtse import apdu
from x400.osi.rtse.events import (
    DialogueMode,
    RTAbort,
    RTCloseConfirm,
    RTCloseIndication,
    RTEvent,
    RTOpenConfirm,
    RTOpenIndication,
    RTRecoverIndication,
    RTTurnGiveIndication,
    RTTurnPleaseIndication,
)
from x400.osi.rtse.exceptions import AbortReason, TransferError
from x400.osi.rtse.machine import CANNOT_RECOVER, Machine, context_of
from x400.osi.rtse.parameters import P1_OF_1984, Parameters
from x400.osi.rtse.recovery import NO_CONNECTION, SessionConnectionIdentifier
from x400.osi.rtse.states import Event, State
from x400.osi.rtse.transfer_in import Receiving
from x400.osi.rtse.transfer_out import Sending
from x400.osi.tlv import integer

__all__ = ["Connection"]

_RTTP = 2  # INTEGER


class Connection(Receiving, Sending):
    """One side of one association. `now`, here and in every method, is the time in seconds; left out, it is as last
    told.
    """

    def __init__(self, initiator: bool, parameters: Parameters, now: float | None = None) -> None:
        super().__init__(initiator, parameters, now)
        self._recovering = NO_CONNECTION
        self._our_turn_first = initiator is (parameters.initial_turn == "initiator")

    # Requests and responses

    def rt_open_request(self, user_data: bytes, now: float | None = None) -> None:
        """Open; `user_data` is the element of the bind argument."""
        self._tell(now)
        self._step(Event.RT_OPEN_REQUEST, LocalProtocolError)
        data = self._wrap(bind.ARGUMENT, user_data)
        protocol = self.application_protocol
        self._request(apdu.encode_rtorq(self.checkpoint_size, self.window_size, self.two_way_alternate, data, protocol))

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
            error = None if user_data is None else self._wrap(bind.ERROR, user_data)
            self._refuse(reason, UserDiagnostic.NULL, error)
            return
        if user_data is None:
            raise LocalProtocolError("a bind result is needed to accept")
        data = self._wrap(bind.RESULT, user_data)
        self._accept(apdu.encode_rtoac(self.checkpoint_size, self.window_size, data))

    def rt_recover_request(self, lost: SessionConnectionIdentifier, now: float | None = None) -> None:
        """Go on with an association that was lost (X.228 7.8.3): answered as `rt_open_request` is, without a result."""
        self._tell(now)
        self._step(Event.RT_OPEN_REQUEST, LocalProtocolError)
        self._recovering = lost
        sizes = self.checkpoint_size, self.window_size
        self._request(apdu.encode_rtorq_recover(*sizes, self.two_way_alternate, lost, self.application_protocol))

    def rt_recover_response(self, accept: bool, now: float | None = None) -> None:
        """Answer an RTRecoverIndication: the association is known, or not. No effect on one that has ended."""
        self._tell(now)
        if self.state is State.CLOSED:
            return
        if not accept:
            reason = None if self.application_protocol is None else integer(CANNOT_RECOVER)
            self._refuse(AssociateResult.REJECTED_PERMANENT, UserDiagnostic.NULL, reason)
            return
        self._accept(apdu.encode_rtoac_recover(self.checkpoint_size, self.window_size, self._recovering))

    def _wrap(self, kind: int, user_data: bytes) -> bytes:
        """The Bind of remote operations is around it in normal mode only."""
        return user_data if self.application_protocol is not None else bind.wrap(kind, user_data)

    def _unwrap(self, kind: int, data: bytes) -> bytes:
        return data if self.application_protocol is not None else bind.unwrap(kind, data)

    def _request(self, rtorq: bytes) -> None:
        context = context_of(self.presentation.parameters.contexts, self.parameters.rtse_abstract_syntax)
        self.association.a_associate_request([(context, rtorq)])

    def _accept(self, rtoac: bytes) -> None:
        self._opened(LocalProtocolError)
        self.association.a_associate_response(AssociateResult.ACCEPTED, [(self._rtse_context, rtoac)])

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
            if self.application_protocol is not None:
                self._take_protocol(rtorq.get("applicationProtocol", P1_OF_1984))
            kind, data = rtorq["connectionDataRQ"]
            if kind == "open":
                user_data = self._unwrap(bind.ARGUMENT, data)
            else:
                octets = event.user_information[0][1]
                self._recovering = apdu.recovered_connection(octets, "rtorq-apdu.connectionDataRQ.recover")
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
        self.connection_identifier = SessionConnectionIdentifier(
            connect.calling_ss_user_reference, connect.common_reference, connect.additional_reference_information
        )
        dialogue_mode: DialogueMode = "two-way-alternate" if self.two_way_alternate else "monologue"
        if kind != "open":
            events.append(
                RTRecoverIndication(
                    self._recovering, self.connection_identifier, dialogue_mode, self.application_protocol
                )
            )
            return
        events.append(
            RTOpenIndication(
                user_data=user_data,
                application_context=event.application_context,
                dialogue_mode=dialogue_mode,
                initial_turn="responder" if self._our_turn_first else "initiator",
                calling_transport_selector=connect.calling_transport_selector,
                called_transport_selector=connect.called_transport_selector,
                calling_session_selector=connect.calling_session_selector,
                called_session_selector=connect.called_session_selector,
                calling_presentation_selector=connect.calling_selector,
                called_presentation_selector=connect.called_selector,
                connection=self.connection_identifier,
                application_protocol=self.application_protocol,
            )
        )

    def _take_protocol(self, protocol: int) -> None:
        self.application_protocol = protocol
        if protocol not in self.parameters.application_protocols:
            raise TransferError(f"application protocol {protocol} is not supported")

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
        if (kind == "open") is bool(self._recovering):
            raise TransferError("RTOAC that recovers where RTORQ opened, or the reverse")
        try:
            user_data = None if self._recovering else self._unwrap(bind.RESULT, data)
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
        if self.application_protocol is not None:
            reason = rtorj.get("refuseReason")
            return None if reason is None or reason == CANNOT_RECOVER else integer(reason)
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

    def _release(self, event: AReleaseIndication, events: list[RTEvent]) -> None:
        self._step(Event.A_RELEASE, TransferError)
        events.append(RTCloseIndication())

    def _release_confirm(self, event: AReleaseConfirm, events: list[RTEvent]) -> None:
        self._step(Event.A_RELEASE_CONFIRM, TransferError)
        events.append(RTCloseConfirm())

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


Connection.HANDLERS = (
    Machine.HANDLERS
    | Receiving.HANDLERS
    | Sending.HANDLERS
    | {
        PTokenPleaseIndication: Connection._turn_please,
        session.SControlGiveIndication: Connection._control_give,
        AAssociateIndication: Connection._associate,
        AAssociateConfirm: Connection._associate_confirm,
        AReleaseIndication: Connection._release,
        AReleaseConfirm: Connection._release_confirm,
    }
)
