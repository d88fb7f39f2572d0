"""A timer on every state: what happens when nothing more comes."""

from __future__ import annotations

import pytest

from tests.osi.pairs import ARGUMENT, Pair, Side, answer_nothing
from x400.osi import rtse
from x400.osi.rtse.states import State


def timed_out(side: Side) -> rtse.RTAbort:
    abort = side.one(rtse.RTAbort)
    assert abort.local
    assert (abort.layer, abort.reason) == ("rtse", rtse.AbortReason.TEMPORARY_PROBLEM)
    return abort


def wait_for_timer(side: Side) -> float:
    timer = side.connection.next_timer()
    assert timer is not None
    side.take(side.connection.handle_timer(timer - 0.001))
    assert not side.of(rtse.RTAbort)
    side.take(side.connection.handle_timer(timer))
    return timer


@pytest.mark.parametrize("initiator", [True, False])
def test_connect_time(initiator: bool) -> None:
    side = Side(initiator, 50.0, connect_time=7.0)
    if initiator:
        side.connection.rt_open_request(ARGUMENT)
    assert wait_for_timer(side) == 57.0
    timed_out(side)
    if not initiator:
        assert side.connection.closed


def test_the_user_does_not_answer_the_open() -> None:
    pair = Pair(response_time=9.0)
    pair.responder.answer = answer_nothing
    pair.open()
    wait_for_timer(pair.responder)
    pair.run()
    timed_out(pair.responder)
    confirm = pair.initiator.one(rtse.RTOpenConfirm)
    assert (confirm.accepted, confirm.transient) == (False, True)


@pytest.mark.parametrize("name", ["initiator", "responder"])
def test_idle_time(name: str) -> None:
    pair = Pair(idle_time=30.0).open()
    side = getattr(pair, name)
    assert wait_for_timer(side) == pair.now + 30
    timed_out(side)
    pair.run()
    assert len(pair.initiator.of(rtse.RTAbort)) == len(pair.responder.of(rtse.RTAbort)) == 1


def test_acknowledgement_time_of_a_checkpoint() -> None:
    pair = Pair(checkpoint_size=1, acknowledgement_time=5.0).open()
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(bytes(50000)))
    assert pair.initiator.connection.state is State.SENDING
    assert wait_for_timer(pair.initiator) == pair.now + 5
    timed_out(pair.initiator)


def test_acknowledgement_time_of_the_end() -> None:
    pair = Pair(acknowledgement_time=5.0).open()
    pair.responder.answer = answer_nothing
    pair.transfer(bytes(500))
    assert pair.initiator.connection.state is State.AWAITING_END_CONFIRM
    wait_for_timer(pair.initiator)
    timed_out(pair.initiator)


def test_acknowledgement_time_of_a_discard() -> None:
    pair = Pair(acknowledgement_time=50.0).open()
    pair.responder.answer = answer_nothing
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(bytes(500)), 3.0, pair.now)
    pair.initiator.take(pair.initiator.connection.handle_timer(pair.now + 3))
    assert pair.initiator.connection.state is State.DISCARDING
    assert wait_for_timer(pair.initiator) == pair.now + 53
    timed_out(pair.initiator)


def test_transfer_time_of_the_receiver() -> None:
    pair = Pair(checkpoint_size=1, transfer_time=11.0).open()
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(bytes(50000)))
    pair.flush(pair.initiator, pair.responder)
    assert pair.responder.connection.state is State.RECEIVING
    assert wait_for_timer(pair.responder) == pair.now + 11
    timed_out(pair.responder)
    pair.run()
    assert pair.initiator.one(rtse.RTAbort).reason == rtse.AbortReason.TEMPORARY_PROBLEM


def test_the_user_does_not_answer_a_transfer_or_a_close() -> None:
    pair = Pair(response_time=13.0).open()
    pair.responder.answer = answer_nothing
    pair.transfer(bytes(500))
    assert wait_for_timer(pair.responder) == pair.now + 13
    timed_out(pair.responder)

    pair = Pair(response_time=13.0).open()
    pair.responder.answer = answer_nothing
    pair.initiator.connection.rt_close_request()
    pair.run()
    wait_for_timer(pair.responder)
    timed_out(pair.responder)


def test_release_time() -> None:
    pair = Pair(release_time=4.0).open()
    pair.initiator.connection.rt_close_request()
    assert wait_for_timer(pair.initiator) == pair.now + 4
    timed_out(pair.initiator)


def test_closing_time() -> None:
    pair = Pair(closing_time=2.0).open()
    pair.initiator.connection.rt_u_abort_request()
    timer = pair.initiator.connection.next_timer()
    assert timer == pair.now + 2
    assert pair.initiator.connection.handle_timer(timer) == []
    assert pair.initiator.connection.closed
    assert pair.initiator.connection.next_timer() is None
