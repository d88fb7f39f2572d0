"""Each failure and what it leads to: the code on the wire, as the other side's stack reads it, and the event on ours.

A responder of ours meets a session entity that says whatever the test wants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import x400_framer
from tests.osi.pairs import RESULT, Side, accept_everything
from x400.osi import rtse
from x400.osi.acse import apdu as acse_apdu
from x400.osi.acse.exceptions import AbortSource, ProviderDiagnostic
from x400.osi.presentation import ppdu, user_data
from x400.osi.presentation.events import ContextResult
from x400.osi.presentation.exceptions import AbortReason as PresentationAbort
from x400.osi.presentation.exceptions import ProviderReason
from x400.osi.rose import bind
from x400.osi.rtse import apdu as rtse_apdu
from x400.osi.rtse import external
from x400.osi.rtse.lower import session_parameters
from x400.osi.rtse.states import State
from x400.osi.tlv import header

CONTEXTS = ((1, "2.2.1.0.1"), (3, "2.6.0.2.12"), (5, "2.6.0.2.7"))
ARGUMENT = bind.wrap(bind.ARGUMENT, b"\xa0\x00")
RTORQ = rtse_apdu.encode_rtorq(63, 3, False, ARGUMENT)


def aarq(*values: tuple[int, bytes], application_context: str = "2.6.0.1.6") -> bytes:
    return acse_apdu.encode_aarq(application_context, list(values))


def cp(*values: tuple[int, bytes], contexts: tuple[tuple[int, str], ...] = CONTEXTS) -> bytes:
    return ppdu.encode_cp(b"", b"", contexts, list(values))


GOOD_CP = cp((1, aarq((3, RTORQ))))


class Peer:
    """A session entity with nothing above it, connected to a responder of ours."""

    def __init__(self, **changes: Any) -> None:
        self.session = x400_framer.Connection(True, session_parameters(rtse.Parameters()))
        self.ours = Side(False, 0.0, called_transport_selector=b"", calling_transport_selector=b"", **changes)
        self.heard: list[Any] = []

    def run(self) -> Peer:
        for _ in range(20):
            data = b"".join(map(bytes, self.session.data_to_send()))
            if data:
                self.ours.take(self.ours.connection.receive_data(data, 0.0))
            answer = b"".join(map(bytes, self.ours.connection.data_to_send()))
            if answer:
                self.heard += self.session.receive_data(answer)
            if not data and not answer:
                break
        return self

    def connect(self, octets: bytes = GOOD_CP) -> Peer:
        self.session.s_connect_request(octets)
        return self.run()

    def hear(self, kind: type) -> Any:
        (event,) = [event for event in self.heard if isinstance(event, kind)]
        return event

    def aborted(self) -> rtse.RTAbort:
        assert self.ours.connection.state is State.CLOSED
        return self.ours.one(rtse.RTAbort)


def connected(**changes: Any) -> Peer:
    peer = Peer(**changes).connect()
    assert peer.hear(x400_framer.SConnectConfirm)
    return peer


# While it connects: refused with a CPR, and an AARE in it where it was ACSE that objected

REFUSED_BY_PRESENTATION = {
    "no CP at all": (b"\x00\x01\x02", ProviderReason.USER_DATA_NOT_READABLE),
    "CP cut short": (GOOD_CP[:-9], ProviderReason.USER_DATA_NOT_READABLE),
    "empty": (b"", ProviderReason.USER_DATA_NOT_READABLE),
    "a CPA": (ppdu.encode_cpa(b"", (), [(1, b"\x05\x00")]), ProviderReason.USER_DATA_NOT_READABLE),
    "X.410-1984 mode": (bytes.fromhex("3105a003800100"), ProviderReason.PROTOCOL_VERSION_NOT_SUPPORTED),
    "a context twice": (
        cp((1, aarq((3, RTORQ))), contexts=(*CONTEXTS, CONTEXTS[0])),
        ProviderReason.REASON_NOT_SPECIFIED,
    ),
    "a value in no context": (cp((7, aarq((3, RTORQ)))), ProviderReason.USER_DATA_NOT_READABLE),
    "too many contexts": (
        cp(*[], contexts=tuple((number, "1.2.3") for number in range(1, 120, 2))),
        ProviderReason.LOCAL_LIMIT_EXCEEDED,
    ),
}


@pytest.mark.parametrize("case", REFUSED_BY_PRESENTATION)
def test_refused_by_presentation(case: str) -> None:
    octets, reason = REFUSED_BY_PRESENTATION[case]
    peer = Peer().connect(octets)
    refused = peer.hear(x400_framer.SConnectRefused)
    assert refused.reason == 2
    assert ppdu.decode_cpr(refused.user_data) == (reason, [])
    abort = peer.aborted()
    assert (abort.layer, abort.local) == ("presentation", True)


REFUSED_BY_ACSE = {
    "no AARQ": cp((1, b"\x05\x00")),
    "AARQ cut short": cp((1, b"\x60\x03\xa1\x01\x06")),
    "an RLRQ": cp((1, acse_apdu.encode_rlrq([]))),
    "two values": cp((1, aarq((3, RTORQ))), (1, aarq((3, RTORQ)))),
    "in another context": cp((3, aarq((3, RTORQ)))),
    "nothing": cp((1, b"\x60\x00")),
}


@pytest.mark.parametrize("case", REFUSED_BY_ACSE)
def test_refused_by_acse(case: str) -> None:
    peer = Peer().connect(REFUSED_BY_ACSE[case])
    reason, ((context, aare),) = ppdu.decode_cpr(peer.hear(x400_framer.SConnectRefused).user_data)
    assert (reason, context) == (None, 1)
    name, value = acse_apdu.decode(aare)
    assert (name, value["result"]) == ("aare", 1)
    assert value["result-source-diagnostic"] == ("acse-service-provider", ProviderDiagnostic.NO_REASON_GIVEN)
    abort = peer.aborted()
    assert (abort.layer, abort.local) == ("acse", True)


REFUSED_BY_RTSE = {
    "no RTORQ": (aarq(), 1),
    "RTORQ cut short": (aarq((3, b"\xb0\x03\x80\x01\x3f")), 1),
    "an RTOAC": (aarq((3, rtse_apdu.encode_rtoac(1, 1, ARGUMENT))), 1),
    "in the wrong context": (aarq((5, RTORQ)), 1),
    "no bind": (aarq((3, rtse_apdu.encode_rtorq(1, 1, False, b"\x05\x00"))), 1),
    "a bind result": (aarq((3, rtse_apdu.encode_rtorq(1, 1, False, bind.wrap(bind.RESULT, b"\xa0\x00")))), 1),
    "negative checkpoints": (aarq((3, rtse_apdu.encode_rtorq(-1, 1, False, ARGUMENT))), 1),
    "another application context": (aarq((3, RTORQ), application_context="2.6.0.1.5"), 2),
}


@pytest.mark.parametrize("case", REFUSED_BY_RTSE)
def test_refused_by_rtse(case: str) -> None:
    octets, diagnostic = REFUSED_BY_RTSE[case]
    peer = Peer().connect(cp((1, octets)))
    _, ((_, aare),) = ppdu.decode_cpr(peer.hear(x400_framer.SConnectRefused).user_data)
    _, value = acse_apdu.decode(aare)
    assert value["result"] == 1
    assert value["result-source-diagnostic"] == ("acse-service-user", diagnostic)
    assert peer.aborted().local


# Once connected: the ARP of presentation, the ABRT of ACSE, the RTAB of RTSE


def data(peer: Peer, *values: tuple[int, bytes]) -> None:
    peer.session.s_data_request(user_data.encode(list(values)))


def start(peer: Peer) -> None:
    peer.session.s_activity_start_request(b"\x02\x01\x01")


def octet_string(octets: bytes) -> bytes:
    return header(4, len(octets)) + octets


APDU = external.prefix(5, 4) + b"\xa0\x02\x05\x00"


def raw_data(octets: bytes) -> Callable[[Peer], None]:
    def act(peer: Peer) -> None:
        start(peer)
        peer.session.s_data_request(octets)

    return act


def in_activity(*values: tuple[int, bytes], end: bool = False) -> Callable[[Peer], None]:
    def act(peer: Peer) -> None:
        start(peer)
        data(peer, *values)
        if end:
            peer.session.s_activity_end_request()

    return act


ARP = {
    "no user data": (raw_data(b"\x05\x00"), PresentationAbort.UNRECOGNIZED_PPDU),
    "cut short": (raw_data(b"\x61\x05\x30\x03\x02"), PresentationAbort.INVALID_PPDU_PARAMETER_VALUE),
    "an unknown context": (in_activity((9, octet_string(APDU))), PresentationAbort.INVALID_PPDU_PARAMETER_VALUE),
    "a release without user data that can be read": (
        lambda peer: peer.session.s_release_request(b"\x05\x00"),
        PresentationAbort.UNRECOGNIZED_PPDU,
    ),
}


@pytest.mark.parametrize("case", ARP)
def test_aborted_by_presentation(case: str) -> None:
    act, reason = ARP[case]
    peer = connected()
    act(peer)
    peer.run()
    values, sent = ppdu.decode_abort(peer.hear(x400_framer.SUAbortIndication).user_data)
    assert (values, sent) == (None, reason)
    abort = peer.aborted()
    assert (abort.layer, abort.reason, abort.local) == ("presentation", reason, True)


ABRT = {
    "a release that is no RLRQ": [(1, acse_apdu.encode_rlre([]))],
    "a release in the wrong context": [(3, acse_apdu.encode_rlrq([]))],
    "two RLRQ": [(1, acse_apdu.encode_rlrq([])), (1, acse_apdu.encode_rlrq([]))],
    "an RLRQ that cannot be decoded": [(1, b"\x62\x03\x80\x05\x00")],
}


@pytest.mark.parametrize("case", ABRT)
def test_aborted_by_acse(case: str) -> None:
    peer = connected()
    peer.session.s_release_request(user_data.encode(ABRT[case]))
    peer.run()
    values, _ = ppdu.decode_abort(peer.hear(x400_framer.SUAbortIndication).user_data)
    assert values is not None
    name, value = acse_apdu.decode(values[0][1])
    assert (name, value["abort-source"]) == ("abrt", AbortSource.ACSE_SERVICE_PROVIDER)
    abort = peer.aborted()
    assert (abort.layer, abort.local) == ("acse", True)


def of_nothing(peer: Peer) -> None:
    start(peer)
    peer.session.s_activity_end_request()


RTAB: dict[str, Callable[[Peer], object]] = {
    "an integer for an RTTR": in_activity((3, b"\x02\x01\x05")),
    "an RTTR that is cut short": in_activity((3, b"\x04\x05\x00")),
    "an RTTR in the user's context": in_activity((5, octet_string(APDU))),
    "two RTTR in one": in_activity((3, octet_string(APDU)), (3, octet_string(APDU))),
    "no EXTERNAL": in_activity((3, octet_string(b"\x30\x02\x05\x00" + bytes(100)))),
    "an EXTERNAL in no context": in_activity((3, octet_string(external.prefix(9, 90) + bytes(90)))),
    "an EXTERNAL that ends early": in_activity((3, octet_string(APDU[:-1])), end=True),
    "octets after the EXTERNAL": in_activity((3, octet_string(APDU + bytes(100)))),
    "a turn please in a monologue": lambda peer: peer.session.s_control_give_request(),
    "a transfer of nothing": of_nothing,
}


@pytest.mark.parametrize("case", RTAB)
def test_aborted_by_rtse(case: str) -> None:
    peer = connected()
    RTAB[case](peer)
    peer.run()
    values, _ = ppdu.decode_abort(peer.hear(x400_framer.SUAbortIndication).user_data)
    assert values is not None
    _, value = acse_apdu.decode(values[0][1])
    assert value["abort-source"] == AbortSource.ACSE_SERVICE_USER
    ((context, rtab),) = acse_apdu.user_information(value)
    name, value = rtse_apdu.decode(rtab, "rtab-apdu")
    assert (context, name, value["abortReason"]) == (3, "rtab-apdu", rtse.AbortReason.PROTOCOL_ERROR)
    abort = peer.aborted()
    assert (abort.layer, abort.reason, abort.local) == ("rtse", rtse.AbortReason.PROTOCOL_ERROR, True)


def test_a_transfer_resumed_is_to_begin_anew() -> None:
    peer = connected()
    peer.session.s_activity_resume_request(b"\x02\x01\x02", b"\x02\x01\x01", 1)
    peer.run()
    report = peer.hear(x400_framer.SUExceptionReportIndication)
    assert report.reason == rtse.ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR
    peer.session.s_activity_discard_request(5)
    peer.run()
    assert peer.hear(x400_framer.SActivityDiscardConfirm)
    in_activity((3, octet_string(APDU)), end=True)(peer)
    peer.run()
    assert peer.ours.apdus == [b"\xa0\x02\x05\x00"]


def test_a_transfer_interrupted_is_forgotten() -> None:
    peer = connected()
    in_activity((3, octet_string(APDU[:6])))(peer)
    peer.session.s_activity_interrupt_request(5)
    peer.run()
    assert peer.hear(x400_framer.SActivityInterruptConfirm)
    discarded = peer.ours.one(rtse.RTTransferDiscarded)
    assert (discarded.reason, discarded.interrupted) == (5, True)
    in_activity((3, octet_string(APDU)), end=True)(peer)
    peer.run()
    assert peer.ours.apdus[-1] == b"\xa0\x02\x05\x00"


# Aborts of the peer, as our user hears of them

HEARD = {
    "no data": (b"", ("acse", 0, False)),
    "ARP": (ppdu.encode_arp(PresentationAbort.UNEXPECTED_PPDU, None), ("presentation", 2, True)),
    "garbage": (b"\x01\x02\x03", ("presentation", 0, True)),
    "ABRT of the provider": (
        ppdu.encode_aru((), [(1, acse_apdu.encode_abrt(AbortSource.ACSE_SERVICE_PROVIDER, []))]),
        ("acse", 0, True),
    ),
    "RTAB of the provider": (
        ppdu.encode_aru(
            (1,), [(1, acse_apdu.encode_abrt(AbortSource(0), [(3, rtse_apdu.encode_rtab(rtse.AbortReason(3)))]))]
        ),
        ("rtse", 3, True),
    ),
    "RTAB of the user": (
        ppdu.encode_aru(
            (1,), [(1, acse_apdu.encode_abrt(AbortSource(0), [(3, rtse_apdu.encode_rtab(rtse.AbortReason(6)))]))]
        ),
        ("rtse", 6, False),
    ),
}


@pytest.mark.parametrize("case", HEARD)
def test_aborts_of_the_peer(case: str) -> None:
    octets, (layer, reason, provider) = HEARD[case]
    peer = connected()
    peer.session.s_u_abort_request(octets)
    peer.run()
    abort = peer.aborted()
    assert (abort.layer, abort.reason, abort.provider, abort.local) == (layer, reason, provider, False)


def test_session_gives_up() -> None:
    peer = connected()
    peer.ours.take(peer.ours.connection.receive_data(b"\x47ET / HTTP/1.0\r\n", 0.0))
    abort = peer.aborted()
    assert abort.provider
    assert abort.layer in ("session", "transport")
    peer = Peer()
    peer.ours.take(peer.ours.connection.receive_data(b"\x47ET / HTTP/1.0\r\n", 0.0))
    assert peer.aborted().provider
    assert peer.ours.connection.closed


def test_the_end_of_the_network() -> None:
    peer = connected()
    peer.ours.take(peer.ours.connection.receive_eof(0.0))
    abort = peer.aborted()
    assert (abort.provider, abort.layer) == (True, "transport")
    assert peer.ours.connection.closed


# Our initiator and a responder that answers badly


def confirmed(octets: bytes) -> tuple[Side, Any]:
    side = Side(True, 0.0, called_transport_selector=b"", calling_transport_selector=b"")
    side.answer = accept_everything
    side.connection.rt_open_request(b"\xa0\x00")
    session = x400_framer.Connection(False, session_parameters(rtse.Parameters()))
    heard: list[Any] = []
    for _ in range(10):
        for event in session.receive_data(b"".join(map(bytes, side.connection.data_to_send()))):
            heard.append(event)
            if isinstance(event, x400_framer.SConnectIndication):
                session.s_connect_accept(octets)
        side.take(side.connection.receive_data(b"".join(map(bytes, session.data_to_send())), 0.0))
    return side, heard


def results(*codes: int) -> tuple[ContextResult, ...]:
    return tuple(ContextResult(0, "", code) for code in codes)


def aare(*values: tuple[int, bytes], application_context: str = "2.6.0.1.6", result: int = 0) -> bytes:
    return acse_apdu.encode_aare(application_context, result, "service-user", 0, list(values))  # type: ignore[arg-type]


def cpa(value: bytes, *codes: int) -> bytes:
    return ppdu.encode_cpa(b"", results(*(codes or (0, 0, 0))), [(1, value)])


RTOAC = rtse_apdu.encode_rtoac(1, 3, bind.wrap(bind.RESULT, RESULT))

BAD_ANSWERS = {
    "no CPA": (b"\x05\x00", "presentation"),
    "too few results": (cpa(aare((3, RTOAC)), 0, 0), "presentation"),
    "no context for RTSE": (cpa(aare((3, RTOAC)), 0, 2, 0), "rtse"),
    "no AARE": (cpa(b"\x05\x00"), "acse"),
    "an AARE that rejects": (cpa(aare((3, RTOAC), result=1)), "acse"),
    "another application context": (cpa(aare((3, RTOAC), application_context="2.6.0.1.5")), "rtse"),
    "no RTOAC": (cpa(aare()), "rtse"),
    "an RTORQ": (cpa(aare((3, RTORQ))), "rtse"),
    "checkpoints larger than proposed": (
        cpa(aare((3, rtse_apdu.encode_rtoac(64, 3, bind.wrap(bind.RESULT, RESULT))))),
        "rtse",
    ),
    "no bind result": (cpa(aare((3, rtse_apdu.encode_rtoac(1, 3, ARGUMENT)))), "rtse"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_a_responder_that_answers_badly(case: str) -> None:
    octets, layer = BAD_ANSWERS[case]
    side, heard = confirmed(octets)
    abort = side.one(rtse.RTAbort)
    assert (abort.layer, abort.local) == (layer, True)
    assert not side.of(rtse.RTReady)
    assert [event for event in heard if isinstance(event, x400_framer.SUAbortIndication)]


def test_a_responder_that_answers_well() -> None:
    side, _ = confirmed(cpa(aare((3, RTOAC))))
    assert side.events == [rtse.RTOpenConfirm(True, RESULT), rtse.RTReady()]
