"""An association over a presentation connection (X.227, kernel functional unit).

`receive_data` takes octets and gives events: ACSE's own, and whatever of presentation and session is not ACSE's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import x400_framer
from x400.osi.acse import apdu
from x400.osi.acse.events import (
    AAbortIndication,
    AAssociateConfirm,
    AAssociateIndication,
    APAbortIndication,
    AReleaseConfirm,
    AReleaseIndication,
)
from x400.osi.acse.exceptions import (
    AbortDiagnostic,
    AbortSource,
    AssociateResult,
    AssociationError,
    ProviderDiagnostic,
    UserDiagnostic,
)
from x400.osi.acse.states import TRANSITIONS, Event, State
from x400.osi.exceptions import LocalProtocolError
from x400.osi.presentation import PDV
from x400.osi.presentation import Connection as PresentationConnection
from x400.osi.presentation.events import (
    PConnectConfirm,
    PConnectIndication,
    PConnectRefused,
    PPAbortIndication,
    PReleaseConfirm,
    PReleaseIndication,
    PUAbortIndication,
)
from x400.osi.presentation.exceptions import ProviderReason
from x400.osi.presentation.states import State as PresentationState

__all__ = ["Connection"]

_VERSION_1 = 0x80

_ABORT_DIAGNOSTICS = {
    "no-reason-given": AbortDiagnostic.NO_REASON_GIVEN,
    "protocol-error": AbortDiagnostic.PROTOCOL_ERROR,
}

_TRANSIENT_REASONS = {ProviderReason.TEMPORARY_CONGESTION, ProviderReason.LOCAL_LIMIT_EXCEEDED}


class Connection:
    """One side of one association; `application_context` is what an initiator asks for and a responder answers with."""

    HANDLERS: ClassVar[dict[type, Callable[[Any, Any], object]]] = {}
    """What each event of the layer below leads to; of the class, so that no connection refers to itself."""

    def __init__(self, application_context: str, presentation: PresentationConnection) -> None:
        self.application_context = application_context
        self.presentation = presentation
        self.state = State.IDLE

    # Octets in, events out

    def take(self, session_events: list[Any]) -> list[Any]:
        """Events of what session has reported; never raises for what the peer sent."""
        events: list[Any] = []
        handlers = self.HANDLERS
        below = self.presentation.take(session_events)
        if self.state is not State.CLOSED and handlers.keys().isdisjoint(map(type, below)):
            return below  # as in every transfer
        for event in below:
            handler = handlers.get(type(event))
            if handler is None:
                if self.state is not State.CLOSED:
                    events.append(event)
                continue
            if self.state is State.CLOSED:
                continue
            try:
                events.append(handler(self, event))
            except AssociationError as error:
                events.append(self._fault(error, event))
        return events

    # Requests and responses

    def a_associate_request(self, values: Sequence[PDV]) -> None:
        self._step(Event.A_ASSOCIATE_REQUEST)
        aarq = apdu.encode_aarq(self.application_context, values)
        self.presentation.p_connect_request([(self._context(proposed=True), aarq)])

    def a_associate_response(
        self, result: AssociateResult, values: Sequence[PDV], diagnostic: UserDiagnostic = UserDiagnostic.NULL
    ) -> None:
        """Answer an AAssociateIndication; `diagnostic` says why if it is rejected."""
        accept = result == AssociateResult.ACCEPTED
        self._step(Event.A_ASSOCIATE_RESPONSE_ACCEPT if accept else Event.A_ASSOCIATE_RESPONSE_REJECT)
        aare = apdu.encode_aare(self.application_context, result, "service-user", diagnostic, values)
        self.presentation.p_connect_response(accept, [(self._context(), aare)])

    def a_release_request(self, values: Sequence[PDV] | None = None) -> None:
        self._step(Event.A_RELEASE_REQUEST)
        self.presentation.p_release_request([(self._context(), apdu.encode_rlrq(values or []))])

    def a_release_response(self, values: Sequence[PDV] | None = None) -> None:
        self._step(Event.A_RELEASE_RESPONSE)
        self.presentation.p_release_response([(self._context(), apdu.encode_rlre(values or []))])

    def a_abort_request(self, values: Sequence[PDV], source: AbortSource = AbortSource.ACSE_SERVICE_USER) -> None:
        """ABRT in an ARU; without values that the peer could read when no context was agreed."""
        self._step(Event.ABORT)
        if self.presentation.state in (PresentationState.IDLE, PresentationState.CLOSED):
            return
        context = self._context(proposed=self.presentation.state is PresentationState.AWAITING_CPA)
        self.presentation.p_u_abort_request([(context, apdu.encode_abrt(source, values))] if context else [])

    def _step(self, event: Event) -> None:
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise LocalProtocolError(f"{event.value} in state {self.state.name}")
        self.state = following

    def _context(self, *, proposed: bool = False) -> int:
        """The identifier of ACSE's own presentation context, 0 if there is none."""
        contexts = self.presentation.parameters.contexts if proposed else self.presentation.contexts.items()
        return next((identifier for identifier, syntax in contexts if syntax == apdu.ABSTRACT_SYNTAX), 0)

    # Presentation events

    def _received(self, event: Event) -> None:
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise AssociationError(f"{event.value} in state {self.state.name}")
        self.state = following

    def _apdu(self, values: Sequence[PDV], *expected: str) -> tuple[str, dict[str, Any]]:
        """The APDU among `values`, which must be one of the `expected`."""
        own = self._context()
        if len(values) != 1 or values[0][0] != own:
            raise AssociationError(f"{len(values)} values where one {' or '.join(expected)} is expected")
        name, value = apdu.decode(values[0][1])
        if name not in expected:
            raise AssociationError(f"{name} where {' or '.join(expected)} is expected")
        return name, value

    def _connect(self, event: PConnectIndication) -> AAssociateIndication:
        _, value = self._apdu(event.user_data, "aarq")
        self._received(Event.AARQ)
        version, bits = value.get("protocol-version", (b"\x80", 1))
        if not bits or not version[0] & _VERSION_1:
            raise AssociationError(
                "no ACSE version in common", provider_diagnostic=ProviderDiagnostic.NO_COMMON_ACSE_VERSION
            )
        return AAssociateIndication(value["aSO-context-name"], apdu.user_information(value), event)

    def _confirm(self, event: PConnectConfirm) -> AAssociateConfirm:
        _, value = self._apdu(event.user_data, "aare")
        self._received(Event.AARE_ACCEPT)
        if value["result"] != AssociateResult.ACCEPTED:
            raise AssociationError("an AARE that rejects in a CPA that accepts")
        return self._associate_confirm(value, event.responding_selector)

    def _associate_confirm(self, value: dict[str, Any], responding: bytes = b"") -> AAssociateConfirm:
        source, diagnostic = value["result-source-diagnostic"]
        return AAssociateConfirm(
            result=value["result"],
            source=source if source.startswith("acse-") else f"acse-{source}",
            diagnostic=diagnostic,
            user_information=apdu.user_information(value),
            application_context=value["aSO-context-name"],
            responding_presentation_selector=responding,
        )

    def _refused(self, event: PConnectRefused) -> AAssociateConfirm:
        self._received(Event.P_CONNECT_REFUSED)
        if event.layer == "presentation" and event.reason is None and event.user_data:
            # The CPR names no contexts of its own: the value is in one that we proposed.
            name, value = apdu.decode(event.user_data[0][1])
            if name == "aare" and value["result"] != AssociateResult.ACCEPTED:
                return self._associate_confirm(value)
            return AAssociateConfirm(
                AssociateResult.REJECTED_PERMANENT, "presentation", None, detail=f"CPR with {name}"
            )
        transient = event.layer == "transport" or event.reason in _TRANSIENT_REASONS
        result = AssociateResult.REJECTED_TRANSIENT if transient else AssociateResult.REJECTED_PERMANENT
        return AAssociateConfirm(result, event.layer, event.reason, detail=event.detail)

    def _release(self, event: PReleaseIndication) -> AReleaseIndication:
        _, value = self._apdu(event.user_data, "rlrq")
        self._received(Event.RLRQ)
        return AReleaseIndication(value.get("reason"), apdu.user_information(value))

    def _release_confirm(self, event: PReleaseConfirm) -> AReleaseConfirm:
        """Presentation is closed already: an RLRE that is wrong changes nothing any more."""
        self.state = State.CLOSED
        try:
            _, value = self._apdu(event.user_data, "rlre")
            return AReleaseConfirm(value.get("reason"), apdu.user_information(value))
        except AssociationError:
            return AReleaseConfirm(None, [])

    def _abort(self, event: PUAbortIndication) -> AAbortIndication:
        self.state = State.CLOSED
        if event.user_data:
            try:
                name, value = apdu.decode(event.user_data[0][1])
                if name == "abrt":
                    values = apdu.user_information(value)
                    diagnostic = _ABORT_DIAGNOSTICS.get(value.get("abort-diagnostic", ""))
                    return AAbortIndication(value["abort-source"], diagnostic, values)
            except AssociationError:
                pass
        return AAbortIndication(AbortSource.ACSE_SERVICE_USER, None, [], "an abort without ABRT")

    def _provider_abort(self, event: PPAbortIndication) -> APAbortIndication:
        self.state = State.CLOSED
        return APAbortIndication(event.layer, event.reason, event.detail, event.offset, event.local)

    def _fault(self, error: AssociationError, event: object) -> AAbortIndication:
        """The peer's fault becomes an AARE while it asks for an association, an ABRT afterwards (X.227 7.3)."""
        self.state = State.CLOSED
        context = self._context()
        # The layers below may have ended by what came with the octets at hand.
        with contextlib.suppress(LocalProtocolError, x400_framer.LocalProtocolError):
            if isinstance(event, PConnectIndication):
                aare = apdu.encode_aare(
                    self.application_context,
                    AssociateResult.REJECTED_PERMANENT,
                    "service-provider",
                    error.provider_diagnostic,
                    [],
                )
                self.presentation.p_connect_response(False, [(context, aare)] if context else [])
            elif self.presentation.state is not PresentationState.CLOSED:
                abrt = apdu.encode_abrt(AbortSource.ACSE_SERVICE_PROVIDER, [])
                self.presentation.p_u_abort_request([(context, abrt)] if context else [])
        return AAbortIndication(
            AbortSource.ACSE_SERVICE_PROVIDER, error.reason, [], error.detail, error.offset, local=True
        )


Connection.HANDLERS = {
    PConnectIndication: Connection._connect,
    PConnectConfirm: Connection._confirm,
    PConnectRefused: Connection._refused,
    PReleaseIndication: Connection._release,
    PReleaseConfirm: Connection._release_confirm,
    PUAbortIndication: Connection._abort,
    PPAbortIndication: Connection._provider_abort,
}
