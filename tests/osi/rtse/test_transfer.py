"""RT-TRANSFER (X.228 7.3): segments, checkpoints and their window, confirmation, and every way to break it off."""

from __future__ import annotations

import random

import pytest

from tests.osi.pairs import Pair, Side, answer_nothing
from x400.osi import rtse
from x400.osi.rtse.states import State


def octets(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", [2, 60, 1000, 1010, 1015, 1016, 1024, 2040, 4096, 70000])
@pytest.mark.parametrize(("checkpoint", "window"), [(1, 1), (1, 3), (2, 2), (63, 3), (0, 3)])
def test_every_size(size: int, checkpoint: int, window: int) -> None:
    pair = Pair(size + checkpoint, checkpoint_size=checkpoint, window_size=window).open()
    pair.transfer(octets(size))
    assert pair.responder.apdus == [octets(size)]
    assert pair.initiator.events[-2:] == [rtse.RTTransferConfirm(True), rtse.RTReady()]


def test_many_transfers_then_close() -> None:
    pair = Pair(7).open()
    apdus = [octets(size) for size in range(3, 9000, 600)]
    for apdu in apdus:
        pair.transfer(apdu)
    assert pair.responder.apdus == apdus
    pair.initiator.connection.rt_close_request()
    pair.run()
    assert pair.initiator.events[-1] == rtse.RTCloseConfirm()
    assert pair.responder.events[-1] == rtse.RTCloseIndication()
    assert pair.initiator.connection.closed
    assert pair.responder.connection.closed


def test_an_apdu_in_several_buffers() -> None:
    pair = Pair().open()
    source = rtse.BytesSource([octets(10), b"", bytearray(octets(5000)), memoryview(octets(70000))])
    pair.initiator.connection.rt_transfer_request(source)
    pair.run()
    assert pair.responder.apdus == [octets(10) + octets(5000) + octets(70000)]


def test_nothing_is_confirmed_before_the_user_says_so() -> None:
    pair = Pair().open()
    pair.responder.answer = answer_nothing
    pair.transfer(octets(5000))
    assert pair.responder.of(rtse.RTTransferIndication)
    assert not pair.initiator.of(rtse.RTTransferConfirm)
    pair.responder.connection.rt_transfer_response(True)
    pair.run()
    assert pair.initiator.one(rtse.RTTransferConfirm).accepted


class Counting:
    """A source of zeros that counts what was read."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.given = 0

    def read(self, size: int) -> bytes:
        self.given += size
        return bytes(size)


@pytest.mark.parametrize("window", [1, 3, 8])
def test_the_window_bounds_what_is_under_way(window: int) -> None:
    pair = Pair(checkpoint_size=4, window_size=window).open()
    source = Counting(1 << 20)
    pair.initiator.connection.rt_transfer_request(source)
    # The segments before each open checkpoint, and the one that follows the last of them.
    assert source.given <= (window + 1) * 4096
    assert sum(map(len, pair.initiator.connection.data_to_send())) < (window + 2) * 4300


def test_a_large_apdu_passes_in_bounded_memory() -> None:
    pair = Pair(checkpoint_size=63, window_size=3).open()
    source = Counting(20 << 20)
    received = 0
    pair.initiator.connection.rt_transfer_request(source)
    most = 0
    while True:
        data = b"".join(map(bytes, pair.initiator.connection.data_to_send()))
        most = max(most, len(data))
        for event in pair.responder.connection.receive_data(data, 0.0):
            if isinstance(event, rtse.RTTransferData):
                received += len(event.data)
            elif isinstance(event, rtse.RTTransferCheckpoint):
                pair.responder.connection.rt_checkpoint_response(event)
            elif isinstance(event, rtse.RTTransferIndication):
                pair.responder.connection.rt_transfer_response(True)
        back = b"".join(map(bytes, pair.responder.connection.data_to_send()))
        if not back:
            break
        pair.initiator.take(pair.initiator.connection.receive_data(back, 0.0))
    assert received == source.length
    assert most < 5 * 64 * 1024
    assert pair.initiator.one(rtse.RTTransferConfirm).accepted


@pytest.mark.parametrize("reason", [0, 3, 5, 6])
@pytest.mark.parametrize("when", [rtse.RTTransferStart, rtse.RTTransferData, rtse.RTTransferIndication])
def test_refused_by_the_receiver(when: type, reason: int) -> None:
    refused: list[rtse.RTEvent] = []

    def refuse(side: Side, event: rtse.RTEvent) -> None:
        if isinstance(event, when) and not refused:
            refused.append(event)
            side.connection.rt_transfer_response(False, rtse.ExceptionReason(reason))
        elif isinstance(event, rtse.RTTransferCheckpoint):
            side.connection.rt_checkpoint_response(event)

    pair = Pair(3, checkpoint_size=1).open()
    accept = pair.responder.answer
    pair.responder.answer = refuse
    pair.transfer(octets(20000))
    confirm = pair.initiator.one(rtse.RTTransferConfirm)
    assert (confirm.accepted, confirm.reason) == (False, reason)
    assert pair.responder.of(rtse.RTTransferDiscarded)
    # The association is as good as before.
    pair.responder.answer = accept
    pair.transfer(octets(3000))
    assert pair.responder.apdus[-1] == octets(3000)


def test_refused_with_the_receiving_ability_jeopardized() -> None:
    def refuse(side: Side, event: rtse.RTEvent) -> None:
        if isinstance(event, rtse.RTTransferIndication):
            side.connection.rt_transfer_response(False, rtse.ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED)

    pair = Pair().open()
    pair.responder.answer = refuse
    pair.transfer(octets(3000))
    assert not pair.initiator.one(rtse.RTTransferConfirm).accepted
    assert pair.initiator.one(rtse.RTAbort).reason == rtse.AbortReason.TEMPORARY_PROBLEM
    abort = pair.responder.one(rtse.RTAbort)
    assert (abort.layer, abort.reason, abort.local) == ("rtse", rtse.AbortReason.TEMPORARY_PROBLEM, False)


@pytest.mark.parametrize("size", [2000, 200000])
def test_too_large_for_the_receiver(size: int) -> None:
    pair = Pair(4, responder={"maximum_apdu_size": 1999}, checkpoint_size=1).open()
    pair.transfer(octets(size))
    assert pair.initiator.one(rtse.RTTransferConfirm).reason == rtse.ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR
    assert "1999" in pair.responder.one(rtse.RTTransferDiscarded).detail
    pair.transfer(octets(1999))
    assert pair.responder.apdus[-1] == octets(1999)


def test_the_transfer_time_passes() -> None:
    pair = Pair().open()
    pair.responder.answer = answer_nothing
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(octets(3000)), 20.0, pair.now)
    pair.run()
    pair.wait(21)
    confirm = pair.initiator.one(rtse.RTTransferConfirm)
    assert (confirm.accepted, confirm.reason) == (False, rtse.ExceptionReason.LOCAL_SS_USER_ERROR)
    assert pair.responder.of(rtse.RTTransferDiscarded)
    assert pair.initiator.connection.may_transfer
    assert pair.responder.connection.state is State.NO_TURN


class Failing(Counting):
    def read(self, size: int) -> bytes:
        if self.given > 8000:
            raise OSError("the disk is gone")
        return super().read(size)


class Short(Counting):
    def read(self, size: int) -> bytes:
        return b"" if self.given > 8000 else super().read(size)


@pytest.mark.parametrize("kind", [Failing, Short])
def test_a_source_that_fails(kind: type[Counting]) -> None:
    pair = Pair(checkpoint_size=1, window_size=2).open()
    pair.initiator.connection.rt_transfer_request(kind(20000))
    pair.run()
    confirm = pair.initiator.one(rtse.RTTransferConfirm)
    assert (confirm.accepted, confirm.reason) == (False, rtse.ExceptionReason.LOCAL_SS_USER_ERROR)
    assert "source failed" in confirm.detail
    pair.transfer(octets(3000))
    assert pair.responder.apdus[-1] == octets(3000)


def test_a_source_that_fails_at_once_raises() -> None:
    pair = Pair().open()
    source = Failing(20000)
    source.given = 9000
    with pytest.raises(OSError, match="disk"):
        pair.initiator.connection.rt_transfer_request(source)
    pair.run()
    assert not pair.initiator.one(rtse.RTTransferConfirm).accepted
    assert pair.initiator.connection.may_transfer


@pytest.mark.parametrize("aborter", ["initiator", "responder"])
def test_user_abort_in_the_middle(aborter: str) -> None:
    pair = Pair(checkpoint_size=1, window_size=1).open()
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(octets(50000)))
    pair.flush(pair.initiator, pair.responder)
    side, other = pair.initiator, pair.responder
    if aborter == "responder":
        side, other = other, side
    side.connection.rt_u_abort_request()
    pair.run()
    abort = other.one(rtse.RTAbort)
    assert (abort.provider, abort.layer, abort.reason) == (False, "rtse", rtse.AbortReason.USER_ERROR)
    pair.wait(15)
    assert pair.initiator.connection.closed
    assert pair.responder.connection.closed
