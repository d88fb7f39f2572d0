"""The machinery of a connection of reliable transfer: octets, timers, states, aborts. What it does: `connection`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import x400_framer as session
from x400.osi import acse, presentation
from x400.osi.acse.events import AAbortIndication, APAbortIndication
from x400.osi.acse.exceptions import AssociateResult, UserDiagnostic
from x400.osi.acse.states import State as AssociationState
from x400.osi.exceptions import LocalProtocolError
from x400.osi.rtse import apdu, x410
from x400.osi.rtse.events import RTAbort, RTEvent
from x400.osi.rtse.exceptions import AbortReason, TransferError
from x400.osi.rtse.lower import lower_layers, presentation_parameters
from x400.osi.rtse.parameters import P1_OF_1984, Parameters
from x400.osi.rtse.recovery import SessionConnectionIdentifier
from x400.osi.rtse.states import TRANSITIONS, Event, State
from x400.osi.tlv import Buffer, integer

__all__ = ["Machine", "context_of", "state_times"]

RTS_BUSY, CANNOT_RECOVER, VALIDATION_FAILURE = 0, 1, 2
"""RefuseReason of X.410-1984 mode (X.228 9)."""

_STATES_OF_TRANSFER_OUT = (State.SENDING, State.AWAITING_END_CONFIRM, State.DISCARDING, State.INTERRUPTING)


class Machine:
    """State, time and the layers below; a connection adds what each event means."""

    HANDLERS: ClassVar[dict[type, Callable[[Any, Any, list[RTEvent]], None]]] = {}
    """What each event of the layer below leads to; of the class, so that no connection refers to itself."""

    def __init__(self, initiator: bool, parameters: Parameters, now: float | None) -> None:
        self.initiator = initiator
        self.parameters = parameters
        self.state = State.IDLE
        self.session, above, association = lower_layers(initiator, parameters)
        self.presentation: presentation.Connection | x410.Association = above
        self.association: acse.Connection | x410.Association = association
        self.application_protocol = parameters.application_protocol if initiator else None
        """Of X.410-1984 mode; None in normal mode."""
        self._undecided = not initiator and bool(parameters.application_protocols)
        if self.application_protocol is not None:
            self._use_x410()
        self._times = state_times(parameters)
        self._now = 0.0 if now is None else now
        self._deadline = None if now is None else now + self._times[State.IDLE]
        self._transfer_deadline: float | None = None
        self._aborted = False
        self._rtse_context = 0
        self._user_context = 0
        self._user_contexts: frozenset[int] = frozenset()
        self._failure: tuple[int, str] = (0, "")
        self.checkpoint_size = parameters.checkpoint_size
        self.window_size = parameters.window_size
        self.two_way_alternate = parameters.dialogue_mode == "two-way-alternate"
        references = self.session.parameters
        self.connection_identifier = SessionConnectionIdentifier(
            references.ss_user_reference, references.common_reference, references.additional_reference_information
        )

    # Octets in, events out

    def receive_data(self, data: Buffer, now: float) -> list[RTEvent]:
        """Events of the octets received; never raises for what the peer sent."""
        return self._receive(self.session.receive_data(data), now)

    def receive_eof(self, now: float) -> list[RTEvent]:
        """The transport connection was closed by the peer, or broke."""
        events = self._receive(self.session.receive_eof(), now)
        if self.state is not State.CLOSED:
            self._close()
            events.append(RTAbort(True, "transport", 0, "the transport connection was closed"))
        self._aborted = True
        return events

    def get_buffer(self, size: int) -> memoryview:
        """Where to receive octets, for asyncio.BufferedProtocol."""
        return self.session.get_buffer(size)

    def buffer_updated(self, size: int, now: float) -> list[RTEvent]:
        """`size` octets were received into the buffer of `get_buffer`."""
        return self._receive(self.session.buffer_updated(size), now)

    def data_to_send(self) -> list[Buffer]:
        """What is to be written, in order; the buffers are handed over once."""
        return self.session.data_to_send()

    @property
    def closed(self) -> bool:
        """The transport connection is to be closed once `data_to_send` has been written."""
        return self._aborted or self.session.closed

    @property
    def may_transfer(self) -> bool:
        """`rt_transfer_request` is allowed now."""
        return self.state is State.TURN

    @property
    def has_turn(self) -> bool:
        return self.state is State.TURN or self.state in _STATES_OF_TRANSFER_OUT

    def _choose_mode(self, session_events: list[Any]) -> None:
        """A responder that takes both modes is told which by what comes with the CONNECT SPDU."""
        for event in session_events:
            if type(event) is session.SConnectIndication:
                self._undecided = False
                if x410.is_x410(event.user_data):
                    self.application_protocol = P1_OF_1984  # unless RTORQ says otherwise
                    self._use_x410()

    def _use_x410(self) -> None:
        contexts = presentation_parameters(self.parameters)
        context = context_of(contexts.contexts, self.parameters.rtse_abstract_syntax)
        self.association = self.presentation = x410.Association(
            contexts, context, self.parameters.application_context, self.session
        )

    def _receive(self, session_events: list[Any], now: float) -> list[RTEvent]:
        if self._undecided:
            self._choose_mode(session_events)
        self._now = now
        if self._deadline is None and self.state is State.IDLE:
            self._deadline = now + self._times[State.IDLE]
        events: list[RTEvent] = []
        handlers = self.HANDLERS
        for event in self.association.take(session_events):
            if self.state is State.CLOSED:
                break
            handler = handlers.get(type(event))
            try:
                if handler is None:
                    raise TransferError(f"{type(event).__name__} has no place in reliable transfer")
                handler(self, event, events)
            except TransferError as error:
                self._fault(error, events)
            except (LocalProtocolError, session.LocalProtocolError) as error:
                fault = f"our answer to {type(event).__name__} was refused by a layer below: {error}"
                self._fault(TransferError(fault, reason=AbortReason.LOCAL_SYSTEM_PROBLEM), events)
        return events

    # Timers

    def next_timer(self) -> float | None:
        """When `handle_timer` is to be called, None for never."""
        deadline, transfer = self._deadline, self._transfer_deadline
        if transfer is None or deadline is None:
            return deadline if transfer is None else transfer
        return min(deadline, transfer)

    def handle_timer(self, now: float) -> list[RTEvent]:
        """Act upon the timers that have run out by `now`."""
        self._now = now
        events: list[RTEvent] = []
        if self._transfer_deadline is not None and now >= self._transfer_deadline:
            self._transfer_deadline = None
            self._transfer_time_passed(events)
        if self._deadline is None or now < self._deadline:
            return events
        self._deadline = None
        if self.state is State.CLOSED or (self.state is State.IDLE and not self.initiator):
            if self.state is State.IDLE:
                events.append(
                    RTAbort(True, "rtse", AbortReason.TEMPORARY_PROBLEM, "nothing was said in time", local=True)
                )
                self._close()
            self._aborted = True
            return events
        detail = f"nothing came in time in state {self.state.name}"
        if self.state is State.AWAITING_OPEN_RESPONSE:
            self._refuse(AssociateResult.REJECTED_TRANSIENT, UserDiagnostic.NO_REASON_GIVEN)
        else:
            self._abort(AbortReason.TEMPORARY_PROBLEM)
        events.append(RTAbort(True, "rtse", AbortReason.TEMPORARY_PROBLEM, detail, local=True))
        return events

    def _step(self, event: Event, error: type[LocalProtocolError] | type[TransferError]) -> None:
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise error(f"{event.value} in state {self.state.name}")
        self.state = following
        self._deadline = self._now + self._times[following]

    def _tell(self, now: float | None) -> None:
        if now is not None:
            self._now = now

    def _transfer_time_passed(self, events: list[RTEvent]) -> None:
        """The time that our user gave its transfer has run out."""
        raise NotImplementedError

    # Aborts

    def _abort_indication(self, event: AAbortIndication, events: list[RTEvent]) -> None:
        """ABRT, with an RTAB in it if it was the peer's RTSE or its user (X.228 7.9, 7.10)."""
        self._close()
        if event.user_information and not event.local:
            try:
                _, rtab = apdu.decode(event.user_information[0][1], "rtab-apdu")
                reason = rtab.get("abortReason", AbortReason.PERMANENT_PROBLEM)
                by_user = reason == AbortReason.USER_ERROR
                events.append(RTAbort(not by_user, "rtse", reason, "RTAB", user_data=rtab.get("userdataAB")))
                return
            except TransferError:
                pass
        detail = event.detail or "aborted by the peer"
        reason = event.diagnostic or 0
        events.append(RTAbort(event.source != 0, "acse", reason, detail, event.offset, event.local))

    def _provider_abort_indication(self, event: APAbortIndication, events: list[RTEvent]) -> None:
        self._close()
        events.append(RTAbort(True, event.layer, event.reason, event.detail, event.offset, event.local))

    def _fault(self, error: TransferError, events: list[RTEvent]) -> None:
        """The peer's fault: refuse while it asks to open, RTAB afterwards."""
        if self.association.state is AssociationState.AWAITING_A_ASC_RESPONSE:
            self._refuse(AssociateResult.REJECTED_PERMANENT, UserDiagnostic.NO_REASON_GIVEN)
        else:
            self._abort(AbortReason(error.reason))
        events.append(RTAbort(True, error.layer, error.reason, error.detail, error.offset, local=True))

    def _refuse(self, result: AssociateResult, diagnostic: UserDiagnostic, user_data: bytes | None = None) -> None:
        if self.application_protocol is not None:
            busy = result == AssociateResult.REJECTED_TRANSIENT
            rtorj = apdu.encode_rtorj_x410(user_data or integer(RTS_BUSY if busy else VALIDATION_FAILURE))
        else:
            rtorj = apdu.encode_rtorj(user_data)
        values = [(self._rtse_context, rtorj)] if self._rtse_context else []
        self._close()
        try:
            self.association.a_associate_response(result, values, diagnostic)
        except (LocalProtocolError, session.LocalProtocolError):
            self._aborted = True

    def _abort(self, reason: AbortReason, user_data: bytes | None = None) -> None:
        context = self._rtse_context or context_of(
            self.presentation.parameters.contexts if self.initiator else self.presentation.contexts.items(),
            self.parameters.rtse_abstract_syntax,
        )
        idle = self.association.state is AssociationState.IDLE
        self._close()
        try:
            if self.association.state is not AssociationState.CLOSED:
                values = [(context, apdu.encode_rtab(reason, user_data))] if context else []
                self.association.a_abort_request(values)
        except (LocalProtocolError, session.LocalProtocolError):
            idle = True
        if idle:
            self._aborted = True

    def _close(self) -> None:
        """Nothing more is received or sent but what is queued; the transport connection may linger a little."""
        self.state = State.CLOSED
        self._deadline = self._now + self._times[State.CLOSED]
        self._transfer_deadline = None


Machine.HANDLERS = {
    AAbortIndication: Machine._abort_indication,
    APAbortIndication: Machine._provider_abort_indication,
}


def context_of(contexts: Iterable[tuple[int, str]], abstract_syntax: str) -> int:
    """The identifier of the presentation context with this abstract syntax, 0 if there is none."""
    return next((identifier for identifier, syntax in contexts if syntax == abstract_syntax), 0)


def state_times(parameters: Parameters) -> dict[State, float]:
    """How long each state may last."""
    return {
        State.IDLE: parameters.connect_time,
        State.AWAITING_RTOAC: parameters.connect_time,
        State.AWAITING_OPEN_RESPONSE: parameters.response_time,
        State.TURN: parameters.idle_time,
        State.NO_TURN: parameters.idle_time,
        State.SENDING: parameters.acknowledgement_time,
        State.AWAITING_END_CONFIRM: parameters.acknowledgement_time,
        State.DISCARDING: parameters.acknowledgement_time,
        State.INTERRUPTING: parameters.acknowledgement_time,
        State.RECEIVING: parameters.transfer_time,
        State.AWAITING_TRANSFER_RESPONSE: parameters.response_time,
        State.REFUSING: parameters.acknowledgement_time,
        State.AWAITING_RELEASE_CONFIRM: parameters.release_time,
        State.AWAITING_CLOSE_RESPONSE: parameters.response_time,
        State.CLOSED: parameters.closing_time,
    }
