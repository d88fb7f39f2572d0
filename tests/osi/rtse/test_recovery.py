"""Recovery (X.228 7.8): transfers that are interrupted, or cut off with their association, go on where they were."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.osi.pairs import ARGUMENT, RESULT, Pair, Side
from tests.osi.rtse.test_transfer import octets
from x400.osi import rtse
from x400.osi.rtse.external import ExternalReader, prefix
from x400.osi.rtse.states import State


class Holder:
    """The receiver's user: holds what came before each confirmed checkpoint, on whatever association it comes."""

    def __init__(self) -> None:
        self.held: dict[rtse.ActivityReference, dict[int, tuple[bytes, bytes]]] = {}
        self.completed: set[rtse.ActivityReference] = set()
        self.apdus: list[bytes] = []
        self.confirm = lambda event: True
        self.accept = True
        self._reference: rtse.ActivityReference | None = None
        self._apdu = b""

    def attach(self, side: Side) -> None:
        side.connection.recall = self.recall
        taking = side.take

        def take(events: list[rtse.RTEvent]) -> None:
            for event in events:
                self.see(side, event)
            taking(events)

        side.take = take  # type: ignore[method-assign]
        side.answer = self.answer

    def recall(self, reference: rtse.ActivityReference, serial: int) -> bytes | rtse.Completed | None:
        if reference in self.completed:
            return "completed"
        found = self.held.get(reference, {}).get(serial)
        return None if found is None else found[1]

    def see(self, side: Side, event: rtse.RTEvent) -> None:
        """In the order in which it came, whatever comes with it."""
        match event:
            case rtse.RTTransferStart(reference):
                self._reference, self._apdu = reference, b""
                self.held[reference] = {}
            case rtse.RTTransferResume(started, reference, serial, offset, completed):
                side.apdus.append(b"")
                self._reference = started
                if not completed:
                    self._apdu = self.held[started][serial][0]
                    assert len(self._apdu) == offset
            case rtse.RTTransferData(data):
                self._apdu += bytes(data)
            case rtse.RTTransferCheckpoint():
                assert len(self._apdu) == event.offset
                assert self._reference is not None
                self.held.setdefault(self._reference, {})[event.serial] = (self._apdu, event.state)

    def answer(self, side: Side, event: rtse.RTEvent) -> None:
        match event:
            case rtse.RTOpenIndication():
                side.connection.rt_open_response(True, RESULT)
            case rtse.RTTransferCheckpoint():
                if self.confirm(event):
                    side.connection.rt_checkpoint_response(event)
            case rtse.RTTransferIndication():
                assert self._reference is not None
                if not self.accept:
                    return
                if self._reference not in self.completed:
                    self.apdus.append(self._apdu)
                    self.completed.add(self._reference)
                side.connection.rt_transfer_response(True)


NUMBER = iter(range(1 << 30))


def pair_for(holder: Holder, seed: int | None = None, **changes: Any) -> Pair:
    names = {"calling_ss_user_reference": b"test %d" % next(NUMBER), "common_reference": b"261125010203Z"}
    pair = Pair(seed, **(names | {"checkpoint_size": 1, "window_size": 3} | changes))
    holder.attach(pair.responder)
    return pair.open()


def rest(apdu: bytes, resumption: rtse.Resumption | None) -> rtse.BytesSource:
    return rtse.BytesSource(apdu if resumption is None else apdu[resumption.offset :])


def cut_off(pair: Pair, steps: int) -> rtse.Resumption | None:
    """Some exchanges, then the transport connection breaks; where the transfer can be resumed."""
    for _ in range(steps):
        pair.flush(pair.initiator, pair.responder)
        pair.flush(pair.responder, pair.initiator)
    for side in (pair.initiator, pair.responder):
        side.take(side.connection.receive_eof(pair.now))
        assert side.connection.state is State.CLOSED
    return pair.initiator.connection.resumption


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_resumed_on_another_association(steps: int, window: int) -> None:
    apdu, holder = octets(30000), Holder()
    pair = pair_for(holder, window_size=window)
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(apdu))
    resumption = cut_off(pair, steps)
    assert resumption is not None
    assert 0 < resumption.offset < len(apdu)
    again = pair_for(holder, window_size=window)
    sent = again.octets[True]
    again.initiator.connection.rt_transfer_request(rest(apdu, resumption), resumed=resumption)
    again.run()
    assert again.initiator.one(rtse.RTTransferConfirm).accepted
    assert holder.apdus == [apdu]
    assert again.octets[True] - sent < (len(apdu) - resumption.offset) * 1.05 + 200


@pytest.mark.parametrize("seed", range(8))
def test_cut_off_again_and_again(seed: int) -> None:
    chance = random.Random(seed)
    apdu, holder = octets(60000 + seed), Holder()
    holder.confirm = lambda event: event.due or chance.random() < 0.5
    resumption: rtse.Resumption | None = None
    for _ in range(200):
        pair = pair_for(holder, seed, checkpoint_size=chance.choice([1, 2, 5]), window_size=chance.randint(1, 4))
        pair.initiator.connection.rt_transfer_request(rest(apdu, resumption), resumed=resumption)
        for _ in range(chance.randint(0, 3)):
            pair.flush(pair.initiator, pair.responder)
            if chance.random() < 0.8:
                pair.flush(pair.responder, pair.initiator)
        confirms = pair.initiator.of(rtse.RTTransferConfirm)
        if confirms:
            assert confirms == [rtse.RTTransferConfirm(True)]
            break
        before = 0 if resumption is None else resumption.offset
        resumption = pair.initiator.connection.resumption or resumption
        assert resumption is None or resumption.offset >= before
    assert holder.apdus == [apdu]


def test_the_confirmation_of_a_whole_transfer_was_lost() -> None:
    apdu, holder = octets(30000), Holder()
    pair = pair_for(holder)
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(apdu))
    while not holder.apdus:
        assert pair.flush(pair.initiator, pair.responder)
        if not holder.apdus:
            pair.flush(pair.responder, pair.initiator)
    resumption = cut_off(pair, 0)
    again = pair_for(holder)
    again.initiator.connection.rt_transfer_request(rest(apdu, resumption), resumed=resumption)
    again.run()
    assert again.initiator.one(rtse.RTTransferConfirm).accepted
    assert again.responder.one(rtse.RTTransferResume).completed
    assert holder.apdus == [apdu]


def test_nothing_is_held_any_more() -> None:
    apdu, holder = octets(30000), Holder()
    pair = pair_for(holder)
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(apdu))
    resumption = cut_off(pair, 3)
    holder.held.clear()
    again = pair_for(holder)
    again.initiator.connection.rt_transfer_request(rest(apdu, resumption), resumed=resumption)
    again.run()
    refusal = again.initiator.one(rtse.RTTransferConfirm)
    assert (refusal.accepted, refusal.reason) == (False, rtse.ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR)
    assert again.initiator.connection.resumption is None
    again.initiator.connection.rt_transfer_request(rtse.BytesSource(apdu))
    again.run()
    assert holder.apdus == [apdu]


@pytest.mark.parametrize("reason", [rtse.ExceptionReason.NON_SPECIFIC_ERROR, rtse.ExceptionReason.SEQUENCE_ERROR])
def test_interrupted_and_resumed_on_the_same_association(reason: rtse.ExceptionReason) -> None:
    apdu, holder = octets(30000), Holder()
    pair = pair_for(holder)
    holder.accept = False
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(apdu))
    pair.run()
    pair.responder.connection.rt_transfer_response(False, reason)
    pair.run()
    confirm = pair.initiator.one(rtse.RTTransferConfirm)
    assert (confirm.accepted, confirm.reason, confirm.interrupted) == (False, reason, True)
    assert pair.responder.one(rtse.RTTransferDiscarded).interrupted
    holder.accept = True
    resumption = pair.initiator.connection.resumption
    assert resumption is not None
    pair.initiator.connection.rt_transfer_request(rest(apdu, resumption), resumed=resumption)
    pair.run()
    assert pair.initiator.of(rtse.RTTransferConfirm)[-1].accepted
    assert holder.apdus == [apdu]


def test_a_checkpoint_is_confirmed_only_when_it_is_held() -> None:
    holder = Holder()
    waiting: list[rtse.RTTransferCheckpoint] = []
    holder.confirm = lambda event: waiting.append(event)  # type: ignore[assignment, return-value]
    pair = pair_for(holder, window_size=3)
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(octets(30000)))
    pair.run()
    assert [event.serial for event in waiting] == [1, 2, 3]
    assert [event.due for event in waiting] == [False, False, True]
    assert pair.initiator.connection.resumption is None
    pair.responder.connection.rt_checkpoint_response(waiting[1])
    pair.run()
    resumption = pair.initiator.connection.resumption
    assert resumption is not None
    assert (resumption.serial, resumption.offset) == (2, waiting[1].offset)
    assert waiting[-1].serial == 5
    pair.responder.connection.rt_checkpoint_response(waiting[0])  # overtaken: nothing happens
    pair.run()
    assert waiting[-1].serial == 5


def test_a_confirmation_that_is_late_does_not_touch_the_next_transfer() -> None:
    holder = Holder()
    waiting: list[rtse.RTTransferCheckpoint] = []
    holder.confirm = lambda event: waiting.append(event)  # type: ignore[assignment, return-value]
    pair = pair_for(holder, window_size=3)
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(octets(30000)), 10.0, pair.now)
    pair.run()
    pair.wait(11)
    assert not pair.initiator.one(rtse.RTTransferConfirm).accepted
    late = waiting[-1]
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(octets(30000)))
    pair.run()
    pair.responder.connection.rt_checkpoint_response(late)
    pair.run()
    assert pair.initiator.connection.resumption is None


# ---- the association itself


def recovering(accept: bool) -> tuple[Pair, rtse.SessionConnectionIdentifier]:
    holder = Holder()
    lost = pair_for(holder)
    identifier = lost.responder.one(rtse.RTOpenIndication).connection
    assert identifier == lost.initiator.connection.connection_identifier
    assert identifier
    again = Pair(3, calling_ss_user_reference=b"again", common_reference=b"261125010204Z")
    again.responder.answer = lambda side, event: (
        side.connection.rt_recover_response(accept) if isinstance(event, rtse.RTRecoverIndication) else None
    )
    again.initiator.connection.rt_recover_request(identifier, again.now)
    again.run()
    return again, identifier


def test_the_association_is_recovered() -> None:
    pair, identifier = recovering(True)
    assert pair.responder.one(rtse.RTRecoverIndication).lost == identifier
    assert pair.initiator.events == [rtse.RTOpenConfirm(True, None), rtse.RTReady()]
    assert pair.responder.connection.state is State.NO_TURN


def test_the_association_is_not_known_any_more() -> None:
    pair, _ = recovering(False)
    confirm = pair.initiator.one(rtse.RTOpenConfirm)
    assert (confirm.accepted, confirm.transient, confirm.layer) == (False, False, "acse-service-user")
    assert pair.initiator.connection.closed


def test_an_answer_of_the_other_kind_is_a_fault() -> None:
    """RTOAC that recovers where RTORQ opened."""
    pair = Pair(3)
    pair.responder.answer = lambda side, event: (
        side.connection.rt_recover_response(True) if isinstance(event, rtse.RTOpenIndication) else None
    )
    pair.initiator.connection.rt_open_request(ARGUMENT, pair.now)
    pair.run()
    abort = pair.initiator.one(rtse.RTAbort)
    assert (abort.layer, abort.local) == ("rtse", True)


# ---- the state of a checkpoint


@pytest.mark.parametrize("indefinite", [False, True])
def test_a_reader_goes_on_from_any_octet(indefinite: bool) -> None:
    apdu = octets(300)
    value = prefix(5, len(apdu)) + apdu
    if indefinite:
        value = b"\x28\x80\x02\x01\x05\xa0\x80" + apdu + b"\x00\x00\x00\x00"
    for cut in range(len(value) + 1):
        first = ExternalReader((5,), 1000)
        taken = b"".join(map(bytes, first.feed(value[:cut])))
        assert len(taken) == first.size
        second = ExternalReader((5,), 1000)
        second.resume(first.state())
        taken += b"".join(map(bytes, second.feed(value[cut:])))
        taken += b"".join(map(bytes, second.finish()))
        assert taken == apdu
    with pytest.raises(ValueError, match="state"):
        ExternalReader((5,), 1000).resume(b"short")
