"""A presentation connection over a session connection (X.226, kernel functional unit, normal mode).

`receive_data` takes octets of the transport connection and gives events; `p_...` methods are the requests and
responses of X.216. Session services that presentation does not touch are called on `session` directly, and their
indications come through as the session's events.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import x400_framer as session
from x400.osi.exceptions import LocalProtocolError
from x400.osi.presentation import ppdu, user_data
from x400.osi.presentation.events import (
    ContextResult,
    PConnectConfirm,
    PConnectIndication,
    PConnectRefused,
    PDataIndication,
    PPAbortIndication,
    PReleaseConfirm,
    PReleaseIndication,
    PTokenPleaseIndication,
    PTypedDataIndication,
    PUAbortIndication,
)
from x400.osi.presentation.exceptions import (
    AbortReason,
    ContextReason,
    EventIdentifier,
    PresentationError,
    ProviderReason,
)
from x400.osi.presentation.states import TRANSITIONS, Event, State
from x400.osi.presentation.user_data import PDV
from x400.osi.tlv import Buffer
from x400_framer.values import one_value

__all__ = ["Connection", "Parameters"]

MAXIMUM_CONTEXTS = 32
"""Contexts that one CP may propose (X.226 8.2 promises 7)."""

_REFUSED_BY_USER_WITH_DATA = 2
"""Reason code of the REFUSE SPDU when it carries a CPR (X.225 8.3.4.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What one side says and accepts.

    `contexts` are (identifier, abstract syntax) pairs: the initiator proposes them, the responder accepts these
    abstract syntaxes under whatever odd identifier the initiator gave them. A responder that has a `called_selector`
    accepts no other.
    """

    contexts: tuple[tuple[int, str], ...]
    calling_selector: bytes = b""
    called_selector: bytes = b""
    maximum_head_size: int = 65536


_EVENT_IDENTIFIERS: dict[type, EventIdentifier] = {
    session.SConnectIndication: EventIdentifier.CP_PPDU,
    session.SConnectConfirm: EventIdentifier.CPA_PPDU,
    session.SConnectRefused: EventIdentifier.CPR_PPDU,
    session.SDataIndication: EventIdentifier.TD_PPDU,
    session.STypedDataIndication: EventIdentifier.TTD_PPDU,
    session.STokenPleaseIndication: EventIdentifier.S_TOKEN_PLEASE_INDICATION,
    session.SReleaseIndication: EventIdentifier.S_RELEASE_INDICATION,
    session.SReleaseConfirm: EventIdentifier.S_RELEASE_CONFIRM,
    session.SUAbortIndication: EventIdentifier.ARU_PPDU,
}


class Connection:
    """One side of one presentation connection."""

    HANDLERS: ClassVar[dict[type, Callable[[Any, Any], object]]] = {}
    """What each event of the layer below leads to; of the class, so that no connection refers to itself."""

    def __init__(self, parameters: Parameters, session_connection: session.Connection) -> None:
        self.parameters = parameters
        self.session = session_connection
        self.state = State.IDLE
        self.contexts: dict[int, str] = {}
        """The defined context set, once connected: identifier -> abstract syntax."""
        self._results: tuple[ContextResult, ...] = ()
        self._transport_selectors = (b"", b"")

    # Octets in, events out

    def get_buffer(self, size: int) -> memoryview:
        return self.session.get_buffer(size)

    def data_to_send(self) -> list[Buffer]:
        return self.session.data_to_send()

    @property
    def closed(self) -> bool:
        """The transport connection should be closed once `data_to_send` has been sent."""
        return self.session.closed

    def take(self, session_events: list[Any]) -> list[Any]:
        """Events of what session has reported; never raises for what the peer sent."""
        events: list[Any] = []
        handlers = self.HANDLERS
        for event in session_events:
            if self.state is State.CLOSED:
                break
            handler = handlers.get(type(event))
            if handler is None:
                if self.state is State.DATA_TRANSFER:
                    events.append(event)
                continue
            try:
                outcome = handler(self, event)
            except PresentationError as error:
                outcome = self._fault(error, event)
            if outcome is not None:
                events.append(outcome)
        return events

    # Requests and responses

    def p_connect_request(self, values: Sequence[PDV]) -> None:
        self._step(Event.P_CONNECT_REQUEST)
        parameters = self.parameters
        self.session.s_connect_request(
            ppdu.encode_cp(parameters.calling_selector, parameters.called_selector, parameters.contexts, values)
        )

    def p_connect_response(self, accept: bool, values: Sequence[PDV]) -> None:
        """Accept with a CPA, or refuse with a CPR, as the user of presentation."""
        if accept:
            self._step(Event.P_CONNECT_RESPONSE_ACCEPT)
            self.session.s_connect_accept(ppdu.encode_cpa(self.parameters.called_selector, self._results, values))
        else:
            self._step(Event.P_CONNECT_RESPONSE_REFUSE)
            self.session.s_connect_refuse(_REFUSED_BY_USER_WITH_DATA, ppdu.encode_cpr(self._results, values))

    def p_token_please_request(self, tokens: int, values: Sequence[PDV]) -> None:
        self._step(Event.TRANSFER)
        self.session.s_token_please_request(tokens, user_data.encode(values))

    def p_release_request(self, values: Sequence[PDV]) -> None:
        self._step(Event.TRANSFER)
        self.session.s_release_request(user_data.encode(values))

    def p_release_response(self, values: Sequence[PDV]) -> None:
        self._step(Event.P_RELEASE_RESPONSE)
        self.session.s_release_response(user_data.encode(values))

    def p_u_abort_request(self, values: Sequence[PDV]) -> None:
        self._step(Event.ABORT)
        identifiers = tuple(dict.fromkeys(context for context, _ in values))
        self.session.s_u_abort_request(ppdu.encode_aru(identifiers, values))

    def _step(self, event: Event) -> None:
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise LocalProtocolError(f"{event.value} in state {self.state.name}")
        self.state = following

    # Session events

    def _received(self, event: Event) -> None:
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise PresentationError(AbortReason.UNEXPECTED_PPDU, f"{event.value} in state {self.state.name}")
        self.state = following

    def _head(self, data: Buffer) -> Buffer:
        if len(data) > self.parameters.maximum_head_size:
            raise PresentationError(
                AbortReason.REASON_NOT_SPECIFIED,
                f"a PPDU of {len(data)} octets, at most {self.parameters.maximum_head_size} are taken",
                provider_reason=ProviderReason.LOCAL_LIMIT_EXCEEDED,
            )
        return data

    def _values(self, data: Buffer) -> list[PDV]:
        """The values of a primitive that may have none, each of a context that is defined (X.226 6.5.3)."""
        if not len(data):
            return []
        plain = one_value(data)
        if plain is not None and plain[0] in self.contexts:
            return [plain]
        values = user_data.decode(data)
        for context, _ in values:
            if context not in self.contexts:
                raise PresentationError(
                    AbortReason.INVALID_PPDU_PARAMETER_VALUE, f"presentation context {context} is not defined"
                )
        return values

    def _data(self, event: session.SDataIndication) -> PDataIndication:
        if self.state is not State.DATA_TRANSFER:
            self._received(Event.TRANSFER)
        return PDataIndication(self._values(event.user_data))

    def _typed_data(self, event: session.STypedDataIndication) -> PTypedDataIndication:
        self._received(Event.TRANSFER)
        return PTypedDataIndication(self._values(event.user_data))

    def _token_please(self, event: session.STokenPleaseIndication) -> PTokenPleaseIndication:
        self._received(Event.TRANSFER)
        return PTokenPleaseIndication(event.tokens, self._values(self._head(event.user_data)))

    def _transport_connect(self, event: session.TConnectIndication) -> None:
        self._transport_selectors = (event.calling_transport_selector, event.called_transport_selector)

    def _connect(self, event: session.SConnectIndication) -> PConnectIndication:
        self._received(Event.CP)
        parameters, values = ppdu.decode_cp(self._head(event.user_data))
        called = parameters.get("called-presentation-selector", b"")
        if self.parameters.called_selector and called != self.parameters.called_selector:
            raise PresentationError(
                AbortReason.INVALID_PPDU_PARAMETER_VALUE,
                f"called presentation selector {called.hex() or 'absent'}",
                provider_reason=ProviderReason.CALLED_PRESENTATION_ADDRESS_UNKNOWN,
            )
        version, bits = parameters.get("protocol-version", (b"\x80", 1))
        if not bits or not version[0] & 0x80:
            raise PresentationError(
                AbortReason.INVALID_PPDU_PARAMETER_VALUE,
                "no protocol version in common",
                provider_reason=ProviderReason.PROTOCOL_VERSION_NOT_SUPPORTED,
            )
        self._results = self._negotiate(parameters.get("presentation-context-definition-list", []))
        self.contexts = {result.identifier: result.abstract_syntax for result in self._results if result.result == 0}
        for context, _ in values:
            if all(result.identifier != context for result in self._results):
                raise PresentationError(
                    AbortReason.INVALID_PPDU_PARAMETER_VALUE,
                    f"a value in presentation context {context}, which is not proposed",
                    provider_reason=ProviderReason.USER_DATA_NOT_READABLE,
                )
        return PConnectIndication(
            calling_selector=parameters.get("calling-presentation-selector", b""),
            called_selector=called,
            contexts=self._results,
            user_data=values,
            token_setting=event.token_setting,
            calling_ss_user_reference=event.ss_user_reference,
            common_reference=event.common_reference,
            additional_reference_information=event.additional_reference_information,
            calling_transport_selector=self._transport_selectors[0],
            called_transport_selector=self._transport_selectors[1],
            calling_session_selector=event.calling_session_selector,
            called_session_selector=event.called_session_selector,
        )

    def _negotiate(self, proposals: list[dict[str, Any]]) -> tuple[ContextResult, ...]:
        """What becomes of each proposed context (X.226 6.2.4)."""
        if len(proposals) > MAXIMUM_CONTEXTS:
            raise PresentationError(
                AbortReason.INVALID_PPDU_PARAMETER_VALUE,
                f"{len(proposals)} presentation contexts",
                provider_reason=ProviderReason.LOCAL_LIMIT_EXCEEDED,
            )
        supported = {abstract_syntax for _, abstract_syntax in self.parameters.contexts}
        results: list[ContextResult] = []
        seen: set[int] = set()
        for proposal in proposals:
            identifier = proposal["presentation-context-identifier"]
            abstract_syntax = proposal["abstract-syntax-name"]
            if identifier in seen:
                raise PresentationError(
                    AbortReason.INVALID_PPDU_PARAMETER_VALUE, f"presentation context {identifier} is proposed twice"
                )
            seen.add(identifier)
            if abstract_syntax not in supported:
                reason = ContextReason.ABSTRACT_SYNTAX_NOT_SUPPORTED
            elif ppdu.BASIC_ENCODING not in proposal["transfer-syntax-name-list"]:
                reason = ContextReason.PROPOSED_TRANSFER_SYNTAXES_NOT_SUPPORTED
            else:
                results.append(ContextResult(identifier, abstract_syntax, 0))
                continue
            results.append(ContextResult(identifier, abstract_syntax, 2, reason))
        return tuple(results)

    def _confirm(self, event: session.SConnectConfirm) -> PConnectConfirm:
        self._received(Event.CPA)
        parameters, values = ppdu.decode_cpa(self._head(event.user_data))
        results = parameters.get("presentation-context-definition-result-list", [])
        proposals = self.parameters.contexts
        if len(results) != len(proposals):
            raise PresentationError(
                AbortReason.INVALID_PPDU_PARAMETER_VALUE, f"{len(results)} results for {len(proposals)} contexts"
            )
        for result in results:
            if result["result"] == 0 and result.get("transfer-syntax-name") != ppdu.BASIC_ENCODING:
                raise PresentationError(
                    AbortReason.INVALID_PPDU_PARAMETER_VALUE, "a transfer syntax was accepted that was not proposed"
                )
        self._results = tuple(
            ContextResult(identifier, abstract_syntax, result["result"], result.get("provider-reason"))
            for (identifier, abstract_syntax), result in zip(proposals, results, strict=True)
        )
        self.contexts = {result.identifier: result.abstract_syntax for result in self._results if result.result == 0}
        responding = parameters.get("responding-presentation-selector", b"")
        return PConnectConfirm(responding, self._results, values)

    def _refused(self, event: session.SConnectRefused) -> PConnectRefused:
        self._received(Event.CPR)
        if event.reason != _REFUSED_BY_USER_WITH_DATA or not event.user_data:
            return PConnectRefused("session", event.reason, detail="refused by session or its user")
        reason, values = ppdu.decode_cpr(self._head(event.user_data))
        return PConnectRefused("presentation", reason, values, detail="refused by CPR")

    def _release(self, event: session.SReleaseIndication) -> PReleaseIndication:
        self._received(Event.TRANSFER)
        return PReleaseIndication(self._values(self._head(event.user_data)))

    def _release_confirm(self, event: session.SReleaseConfirm) -> PReleaseConfirm:
        values = self._values(self._head(event.user_data))
        self._received(Event.S_RELEASE_CONFIRM)
        return PReleaseConfirm(values)

    def _abort(self, event: session.SUAbortIndication) -> PUAbortIndication | PPAbortIndication:
        self.state = State.CLOSED
        data = event.user_data
        if not data:
            return PUAbortIndication([])
        if len(data) > self.parameters.maximum_head_size:
            return PPAbortIndication("presentation", AbortReason.REASON_NOT_SPECIFIED, "abort with a PPDU too long")
        values, reason = ppdu.decode_abort(data)
        if values is None:
            return PPAbortIndication("presentation", reason or 0, "aborted by the peer's presentation (ARP)")
        return PUAbortIndication(values)

    def _provider_abort(self, event: session.SPAbortIndication) -> PPAbortIndication:
        self.state = State.CLOSED
        return PPAbortIndication(
            event.layer, event.reason, event.detail, event.offset if event.offset >= 0 else None, event.local
        )

    def _disconnect(self, event: session.TDisconnectIndication) -> PPAbortIndication | PConnectRefused:
        connecting = self.state is State.AWAITING_CPA
        self.state = State.CLOSED
        detail = event.detail or f"the transport connection was released, reason {event.reason}"
        if connecting:
            return PConnectRefused("transport", event.reason, detail=detail)
        return PPAbortIndication("transport", event.reason, detail)

    def _fault(self, error: PresentationError, event: object) -> PPAbortIndication:
        """The peer's fault becomes a CPR while there is nothing to abort, an ARP afterwards (X.226 6.4.3)."""
        self.state = State.CLOSED
        reason = AbortReason(error.reason)
        # Session may have ended by what came with the octets at hand.
        with contextlib.suppress(session.LocalProtocolError):
            if isinstance(event, session.SConnectIndication):
                self.session.s_connect_refuse(
                    _REFUSED_BY_USER_WITH_DATA, ppdu.encode_cpr(self._results, [], error.provider_reason)
                )
            else:
                self.session.s_u_abort_request(ppdu.encode_arp(reason, _EVENT_IDENTIFIERS.get(type(event))))
        return PPAbortIndication(error.layer, reason, error.detail, error.offset, local=True)


Connection.HANDLERS = {
    session.SDataIndication: Connection._data,
    session.TConnectIndication: Connection._transport_connect,
    session.SConnectIndication: Connection._connect,
    session.SConnectConfirm: Connection._confirm,
    session.SConnectRefused: Connection._refused,
    session.STypedDataIndication: Connection._typed_data,
    session.STokenPleaseIndication: Connection._token_please,
    session.SReleaseIndication: Connection._release,
    session.SReleaseConfirm: Connection._release_confirm,
    session.SUAbortIndication: Connection._abort,
    session.SPAbortIndication: Connection._provider_abort,
    session.TDisconnectIndication: Connection._disconnect,
}
