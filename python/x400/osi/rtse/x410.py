"""X.410-1984 mode (X.226 8.4.3, X.228 8.3): reliable transfer upon session, as in 1984.

There is no association control, and nothing of presentation but the PPDUs of connection, in which RTORQ and RTOAC are
the parameters themselves:

    CP, CPA         SET { [0] { mode-value 0 }, [1] { RTORQ's or RTOAC's members } }     with CONNECT, ACCEPT
    CPR             SET { RTORJ's members }                                               with REFUSE
    ARU             SET { RTAB's members }                                                with ABORT
    RTTP            INTEGER                                                               with PLEASE TOKENS
    RTTR            octets of the APDU, nothing around them                               with DATA TRANSFER

`Association` stands where presentation and association control stand in normal mode, with their events and requests;
the APDUs of RTSE go through it under the identifiers that they have there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import fastber
import x400_framer as session
from x400.asn1 import specification
from x400.osi import presentation
from x400.osi.acse.events import (
    AAbortIndication,
    AAssociateConfirm,
    AAssociateIndication,
    APAbortIndication,
    AReleaseConfirm,
    AReleaseIndication,
)
from x400.osi.acse.exceptions import AbortSource, AssociateResult, UserDiagnostic
from x400.osi.acse.states import TRANSITIONS, Event, State
from x400.osi.exceptions import LocalProtocolError
from x400.osi.presentation import PDV
from x400.osi.presentation.events import PConnectIndication, PDataIndication, PTokenPleaseIndication
from x400.osi.rtse.exceptions import TransferError
from x400.osi.tlv import Buffer, header

if TYPE_CHECKING:
    from fastber import CompiledType

__all__ = ["Association", "is_x410"]

_SET = 0x31
_PARAMETERS = 0xA1
_RTORQ, _RTOAC, _RTORJ, _RTAB = 0xB0, 0xB1, 0xB2, 0xB6
_MODE = bytes.fromhex("a003 800100")
_REFUSED_WITH_DATA = 2
_RTS_BUSY = 0


@cache
def _type(name: str) -> CompiledType:
    return specification().modules["ISO8823-PRESENTATION"][name]


def is_x410(connect: Buffer) -> bool:
    """Whether the user data of a CONNECT SPDU is a CP PPDU of X.410-1984 mode."""
    try:
        view = _type("CP-type").view(connect)
        return bool(view["mode-selector"].value["mode-value"] == 0)
    except (fastber.Error, KeyError, TypeError):
        return False


class Association:
    """See the module. `contexts` are the two that normal mode would have agreed, under their usual numbers."""

    HANDLERS: ClassVar[dict[type, Callable[[Any, Any], object]]] = {}

    def __init__(
        self,
        parameters: presentation.Parameters,
        rtse_context: int,
        application_context: str,
        lower: session.Connection,
    ) -> None:
        self.parameters = parameters
        self.contexts = dict(parameters.contexts)
        self.session = lower
        self.state = State.IDLE
        self._rtse_context = rtse_context
        self._application_context = application_context

    # Session events in, events of association control out

    def take(self, session_events: list[Any]) -> list[Any]:
        events: list[Any] = []
        for event in session_events:
            if self.state is State.CLOSED:
                break
            handler = self.HANDLERS.get(type(event))
            try:
                outcome = event if handler is None else handler(self, event)
            except TransferError as error:
                outcome = self._fault(error, event)
            if outcome is not None:
                events.append(outcome)
        return events

    def _fault(self, error: TransferError, event: object) -> AAbortIndication:
        """A PPDU that cannot be read: refuse, or abort."""
        self.state = State.CLOSED
        with contextlib.suppress(session.LocalProtocolError):
            if isinstance(event, session.SConnectIndication):
                self.session.s_connect_refuse(_REFUSED_WITH_DATA, bytes.fromhex("3103 800102"))
            else:
                self.session.s_u_abort_request(bytes.fromhex("3103 800104"))
        return AAbortIndication(1, None, [], error.detail, error.offset, local=True)

    def _connect(self, event: session.SConnectIndication) -> AAssociateIndication:
        self._received(Event.AARQ)
        rtorq = self._parameters("CP-type", event.user_data, _RTORQ)
        connect = PConnectIndication(
            b"",
            b"",
            (),
            [],
            event.token_setting,
            event.ss_user_reference,
            event.common_reference,
            event.additional_reference_information,
            self.session.calling_transport_selector,
            self.session.called_transport_selector,
            event.calling_session_selector,
            event.called_session_selector,
        )
        return AAssociateIndication(self._application_context, [(self._rtse_context, rtorq)], connect)

    def _confirm(self, event: session.SConnectConfirm) -> AAssociateConfirm:
        self._received(Event.AARE_ACCEPT)
        rtoac = self._parameters("CPA-PPDU", event.user_data, _RTOAC)
        values: list[PDV] = [(self._rtse_context, rtoac)]
        return AAssociateConfirm(AssociateResult.ACCEPTED, "", None, values, self._application_context)

    def _parameters(self, name: str, data: Buffer, identifier: int) -> bytes:
        """The x410-mode-parameters of a CP or CPA, under the identifier that they have as an APDU of RTSE."""
        try:
            view = _type(name).view(data)
            mode = view["mode-selector"].value["mode-value"]
            octets = bytes(view["x410-mode-parameters"].raw)
        except (fastber.Error, KeyError) as error:
            raise TransferError(f"{name} of X.410-1984 mode: {error}", getattr(error, "offset", None)) from None
        if mode != 0:
            raise TransferError(f"{name} of normal mode where X.410-1984 mode is expected")
        return bytes((identifier,)) + octets[1:]

    def _refused(self, event: session.SConnectRefused) -> AAssociateConfirm:
        self._received(Event.P_CONNECT_REFUSED)
        data = bytes(event.user_data)
        if event.reason != _REFUSED_WITH_DATA or data[:1] != bytes((_SET,)):
            detail = "refused by session or its user"
            return AAssociateConfirm(AssociateResult.REJECTED_PERMANENT, "session", event.reason, detail=detail)
        busy = data[2:] == bytes((0x80, 1, _RTS_BUSY))
        result = AssociateResult.REJECTED_TRANSIENT if busy else AssociateResult.REJECTED_PERMANENT
        values: list[PDV] = [(self._rtse_context, bytes((_RTORJ,)) + data[1:])]
        return AAssociateConfirm(result, "rtse", None, values)

    def _data(self, event: session.SDataIndication) -> PDataIndication:
        return PDataIndication([(self._rtse_context, event.user_data)])

    def _token_please(self, event: session.STokenPleaseIndication) -> PTokenPleaseIndication:
        values: list[PDV] = [(self._rtse_context, event.user_data)] if len(event.user_data) else []
        return PTokenPleaseIndication(event.tokens, values)

    def _release(self, event: session.SReleaseIndication) -> AReleaseIndication:
        self._received(Event.RLRQ)
        return AReleaseIndication(None, [])

    def _release_confirm(self, event: session.SReleaseConfirm) -> AReleaseConfirm:
        self.state = State.CLOSED
        return AReleaseConfirm(None, [])

    def _abort(self, event: session.SUAbortIndication) -> AAbortIndication:
        self.state = State.CLOSED
        data = bytes(event.user_data)
        if data[:1] != bytes((_SET,)):
            return AAbortIndication(AbortSource.ACSE_SERVICE_USER, None, [], "an abort without RTAB")
        return AAbortIndication(AbortSource.ACSE_SERVICE_USER, None, [(self._rtse_context, bytes((_RTAB,)) + data[1:])])

    def _provider_abort(self, event: session.SPAbortIndication) -> APAbortIndication:
        self.state = State.CLOSED
        offset = event.offset if event.offset >= 0 else None
        return APAbortIndication(event.layer, event.reason, event.detail, offset, event.local)

    def _disconnect(self, event: session.TDisconnectIndication) -> APAbortIndication | AAssociateConfirm:
        connecting = self.state is State.AWAITING_AARE
        self.state = State.CLOSED
        detail = event.detail or f"the transport connection was released, reason {event.reason}"
        if connecting:
            return AAssociateConfirm(AssociateResult.REJECTED_TRANSIENT, "transport", event.reason, detail=detail)
        return APAbortIndication("transport", event.reason, detail)

    def _received(self, event: Event) -> None:
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise TransferError(f"{event.value} in state {self.state.name}")
        self.state = following

    # Requests and responses: `values` is the one APDU of RTSE

    def a_associate_request(self, values: Sequence[PDV]) -> None:
        self._step(Event.A_ASSOCIATE_REQUEST)
        self.session.s_connect_request(_with_mode(values))

    def a_associate_response(
        self, result: AssociateResult, values: Sequence[PDV], diagnostic: UserDiagnostic = UserDiagnostic.NULL
    ) -> None:
        accept = result == AssociateResult.ACCEPTED
        self._step(Event.A_ASSOCIATE_RESPONSE_ACCEPT if accept else Event.A_ASSOCIATE_RESPONSE_REJECT)
        if accept:
            self.session.s_connect_accept(_with_mode(values))
        else:
            self.session.s_connect_refuse(_REFUSED_WITH_DATA, _as_set(values))

    def a_release_request(self, values: Sequence[PDV] | None = None) -> None:
        self._step(Event.A_RELEASE_REQUEST)
        self.session.s_release_request()

    def a_release_response(self, values: Sequence[PDV] | None = None) -> None:
        self._step(Event.A_RELEASE_RESPONSE)
        self.session.s_release_response()

    def a_abort_request(self, values: Sequence[PDV], source: AbortSource = AbortSource.ACSE_SERVICE_USER) -> None:
        self._step(Event.ABORT)
        self.session.s_u_abort_request(_as_set(values))

    def p_token_please_request(self, tokens: int, values: Sequence[PDV]) -> None:
        self.session.s_token_please_request(tokens, values[0][1])

    def _step(self, event: Event) -> None:
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise LocalProtocolError(f"{event.value} in state {self.state.name}")
        self.state = following


def _with_mode(values: Sequence[PDV]) -> bytes:
    contents = _MODE + bytes((_PARAMETERS,)) + bytes(values[0][1][1:])
    return header(_SET, len(contents)) + contents


def _as_set(values: Sequence[PDV]) -> bytes:
    return bytes((_SET,)) + bytes(values[0][1][1:]) if values else b""


def _ignored(association: Association, event: object) -> None:
    """Transport's own events say nothing here."""


Association.HANDLERS = {
    session.TConnectIndication: _ignored,
    session.SConnectIndication: Association._connect,
    session.SConnectConfirm: Association._confirm,
    session.SConnectRefused: Association._refused,
    session.SDataIndication: Association._data,
    session.STokenPleaseIndication: Association._token_please,
    session.SReleaseIndication: Association._release,
    session.SReleaseConfirm: Association._release_confirm,
    session.SUAbortIndication: Association._abort,
    session.SPAbortIndication: Association._provider_abort,
    session.TDisconnectIndication: Association._disconnect,
}
