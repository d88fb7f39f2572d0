"""X.410-1984 mode (X.228 8.3): the same services without presentation and association control, told by the CONNECT."""

from __future__ import annotations

from typing import Any

import pytest

from tests.osi.pairs import ARGUMENT, BIND_ERROR, RESULT, Pair, Side, answer_nothing
from tests.osi.rtse.test_recovery import Holder, cut_off, rest
from tests.osi.rtse.test_transfer import octets
from x400.osi import rtse
from x400.osi.rtse.states import State

P1_OF_1984, P1_OF_1988 = 1, 12
BOTH = frozenset({P1_OF_1984, P1_OF_1988})


def x410(seed: int | None = None, protocol: int = P1_OF_1984, **changes: Any) -> Pair:
    names = {"calling_ss_user_reference": b"MTA-A", "common_reference": b"840101000000Z"}
    responder = {"application_protocol": None, "application_protocols": BOTH}
    return Pair(seed, responder, **(names | {"application_protocol": protocol} | changes))


@pytest.mark.parametrize("protocol", [P1_OF_1984, P1_OF_1988])
def test_opened_and_closed(protocol: int) -> None:
    pair = x410(protocol, protocol).open()
    opened = pair.responder.one(rtse.RTOpenIndication)
    assert (opened.user_data, opened.application_protocol) == (ARGUMENT, protocol)
    assert opened.connection == pair.initiator.connection.connection_identifier
    assert pair.initiator.events == [rtse.RTOpenConfirm(True, RESULT), rtse.RTReady()]
    assert pair.initiator.connection.session.protocol_version == (1 if protocol == P1_OF_1984 else 2)
    pair.initiator.connection.rt_close_request()
    pair.run()
    assert pair.initiator.events[-1] == rtse.RTCloseConfirm()
    assert pair.initiator.connection.closed
    assert pair.responder.connection.closed


def test_what_is_said_to_open() -> None:
    """CONNECT's user data is the SET of X.410 4.6.1: transfer syntax, then checkpoint size, window size, dialogue mode,
    the user's data, and the application protocol.
    """
    pair = x410(checkpoint_size=4, window_size=2)
    pair.initiator.connection.rt_open_request(ARGUMENT, pair.now)
    pair.flush(pair.initiator, pair.responder)
    pair.flush(pair.responder, pair.initiator)
    said = b"".join(map(bytes, pair.initiator.connection.data_to_send()))
    members = "800104 810102 a315 a013" + ARGUMENT.hex()
    assert bytes.fromhex("a003 800100 a1") in said
    assert bytes.fromhex(members) in said
    assert bytes.fromhex("840101") in said
    assert said[said.index(bytes.fromhex("a003800100")) - 2] == 0x31


@pytest.mark.parametrize("size", [2, 1000, 1024, 1025, 70000])
@pytest.mark.parametrize(("checkpoint", "window"), [(1, 1), (2, 3), (0, 3)])
def test_transfers(size: int, checkpoint: int, window: int) -> None:
    pair = x410(size, checkpoint_size=checkpoint, window_size=window).open()
    sent = pair.octets[True]
    pair.transfer(octets(size))
    assert pair.responder.apdus == [octets(size)]
    assert pair.initiator.events[-2:] == [rtse.RTTransferConfirm(True), rtse.RTReady()]
    if not checkpoint:  # nothing but session's and transport's framing
        assert pair.octets[True] - sent < size + 16 * (2 + size // 65000) + 40


def test_two_way_alternate() -> None:
    pair = x410(dialogue_mode="two-way-alternate").open()
    pair.responder.connection.rt_turn_please_request(7)
    pair.run()
    assert pair.initiator.one(rtse.RTTurnPleaseIndication).priority == 7
    pair.initiator.connection.rt_turn_give_request()
    pair.run()
    pair.transfer(octets(3000), pair.responder)
    assert pair.initiator.apdus == [octets(3000)]


def test_resumed_on_another_association() -> None:
    apdu, holder = octets(30000), Holder()
    pair = x410(checkpoint_size=1, window_size=3)
    holder.attach(pair.responder)
    pair.open()
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(apdu))
    resumption = cut_off(pair, 2)
    assert resumption is not None
    again = x410(checkpoint_size=1, common_reference=b"840101000001Z")
    holder.attach(again.responder)
    again.open()
    again.initiator.connection.rt_transfer_request(rest(apdu, resumption), resumed=resumption)
    again.run()
    assert again.initiator.one(rtse.RTTransferConfirm).accepted
    assert holder.apdus == [apdu]


def test_the_association_is_recovered_or_not() -> None:
    lost = rtse.SessionConnectionIdentifier(bytes.fromhex("14024142"), b"\x17\x0d840101000000Z")
    for accept in (True, False):
        pair = x410()
        pair.responder.answer = lambda side, event, accept=accept: (
            side.connection.rt_recover_response(accept) if isinstance(event, rtse.RTRecoverIndication) else None
        )
        pair.initiator.connection.rt_recover_request(lost, pair.now)
        pair.run()
        indication = pair.responder.one(rtse.RTRecoverIndication)
        assert (indication.lost, indication.application_protocol) == (lost, P1_OF_1984)
        assert pair.initiator.one(rtse.RTOpenConfirm).accepted is accept


def refusing(user_data: bytes) -> Pair:
    pair = x410()
    pair.responder.answer = lambda side, event: (
        side.connection.rt_open_response(False, user_data) if isinstance(event, rtse.RTOpenIndication) else None
    )
    return pair.open()


@pytest.mark.parametrize("error", [0, 2, 3])
def test_refused(error: int) -> None:
    """The reasons of a refusal are the bind errors (X.411 12.1.2)."""
    confirm = refusing(bytes((2, 1, error))).initiator.one(rtse.RTOpenConfirm)
    assert (confirm.accepted, confirm.user_data, confirm.layer) == (False, bytes((2, 1, error)), "rtse")
    assert confirm.transient is (error == 0)


def test_an_application_protocol_that_is_not_taken() -> None:
    pair = x410(protocol=3).open()
    assert not pair.initiator.one(rtse.RTOpenConfirm).accepted
    assert "3 is not supported" in pair.responder.one(rtse.RTAbort).detail


def test_a_responder_of_normal_mode_only() -> None:
    pair = Pair(3, {"application_protocol": None}, application_protocol=P1_OF_1984).open()
    assert not pair.initiator.one(rtse.RTOpenConfirm).accepted
    assert pair.responder.one(rtse.RTAbort).layer == "presentation"


def test_one_listener_takes_both_modes() -> None:
    pair = Pair(5, {"application_protocols": BOTH}).open()
    assert pair.responder.one(rtse.RTOpenIndication).application_protocol is None
    pair.transfer(octets(5000))
    assert pair.responder.apdus == [octets(5000)]


def test_refused_bind_error_of_normal_mode_is_as_before() -> None:
    pair = Pair(5, {"application_protocols": BOTH})
    pair.responder.answer = lambda side, event: (
        side.connection.rt_open_response(False, BIND_ERROR) if isinstance(event, rtse.RTOpenIndication) else None
    )
    assert pair.open().initiator.one(rtse.RTOpenConfirm).user_data == BIND_ERROR


@pytest.mark.parametrize("aborter", ["initiator", "responder"])
def test_user_abort(aborter: str) -> None:
    pair = x410().open()
    side, other = pair.initiator, pair.responder
    if aborter == "responder":
        side, other = other, side
    side.connection.rt_u_abort_request()
    pair.run()
    abort = other.one(rtse.RTAbort)
    assert (abort.provider, abort.layer, abort.reason) == (False, "rtse", rtse.AbortReason.USER_ERROR)


def test_an_apdu_that_is_too_large() -> None:
    pair = x410(checkpoint_size=1, window_size=3)
    pair.responder = Side(False, pair.now, application_protocols=BOTH, checkpoint_size=1, maximum_apdu_size=1999)
    pair.open()
    pair.transfer(octets(5000))
    assert pair.initiator.one(rtse.RTTransferConfirm).reason == rtse.ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR


def test_a_turn_that_is_asked_for_without_a_priority_or_with_something_else() -> None:
    pair = x410(dialogue_mode="two-way-alternate").open()
    pair.responder.answer = answer_nothing
    pair.responder.connection.session.s_token_please_request(1, b"\x04\x01\x00")
    pair.run()
    assert pair.initiator.one(rtse.RTAbort).local
    assert pair.initiator.connection.state is State.CLOSED


@pytest.mark.parametrize("data", ["", "3100", "3105a003800100", "3107a003800100a100", "31", "a003800100"])
def test_a_cp_that_cannot_be_read(data: str) -> None:
    import x400_framer as session
    from tests.osi.pairs import parameters
    from x400.osi.rtse.lower import session_parameters

    caller = session.Connection(True, session_parameters(parameters(application_protocol=1)))
    side = Side(False, 0.0, application_protocols=BOTH)
    caller.s_connect_request(bytes.fromhex(data))
    for _ in range(3):
        side.take(side.connection.receive_data(b"".join(map(bytes, caller.data_to_send())), 0.0))
        caller.receive_data(b"".join(map(bytes, side.connection.data_to_send())))
    abort = side.one(rtse.RTAbort)
    assert abort.local
    assert side.connection.state is State.CLOSED
