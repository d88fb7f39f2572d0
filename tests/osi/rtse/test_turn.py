"""RT-TURN-PLEASE and RT-TURN-GIVE (X.228 7.4, 7.5), two-way alternate and monologue."""

from __future__ import annotations

import pytest

from tests.osi.pairs import Pair
from x400.osi import rtse

TWO_WAY = "two-way-alternate"


@pytest.mark.parametrize("seed", [None, 5])
def test_there_and_back(seed: int | None) -> None:
    pair = Pair(seed, dialogue_mode=TWO_WAY).open()
    assert pair.responder.one(rtse.RTOpenIndication).dialogue_mode == TWO_WAY
    pair.transfer(b"\xa0\x01a")
    pair.responder.connection.rt_turn_please_request(2)
    pair.run()
    assert pair.initiator.events[-1] == rtse.RTTurnPleaseIndication(2)
    pair.initiator.connection.rt_turn_give_request()
    pair.run()
    assert pair.responder.events[-2:] == [rtse.RTTurnGiveIndication(), rtse.RTReady()]
    for number in range(3):
        pair.transfer(bytes([0xA0, 1, number]), pair.responder)
    assert pair.initiator.apdus == [b"\xa0\x01\0", b"\xa0\x01\1", b"\xa0\x01\2"]
    pair.responder.connection.rt_turn_give_request()
    pair.run()
    pair.transfer(b"\xa0\x01b")
    assert pair.responder.apdus == [b"\xa0\x01a", b"\xa0\x01b"]
    pair.initiator.connection.rt_close_request()
    pair.run()
    assert pair.initiator.events[-1] == rtse.RTCloseConfirm()


def test_please_while_a_transfer_is_under_way() -> None:
    pair = Pair(dialogue_mode=TWO_WAY, checkpoint_size=1).open()
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(bytes(30000)))
    pair.flush(pair.initiator, pair.responder)
    pair.responder.connection.rt_turn_please_request(0)
    pair.run()
    assert pair.initiator.one(rtse.RTTurnPleaseIndication).priority == 0
    assert pair.initiator.one(rtse.RTTransferConfirm).accepted
    pair.initiator.connection.rt_turn_give_request()
    pair.run()
    assert pair.responder.connection.may_transfer


def test_only_the_initiator_closes() -> None:
    pair = Pair(dialogue_mode=TWO_WAY).open()
    pair.initiator.connection.rt_turn_give_request()
    pair.run()
    with pytest.raises(rtse.LocalProtocolError):
        pair.responder.connection.rt_close_request()
    with pytest.raises(rtse.LocalProtocolError):
        pair.initiator.connection.rt_close_request()


def test_the_responder_may_have_the_turn_first() -> None:
    pair = Pair(initial_turn="responder").open()
    assert pair.responder.one(rtse.RTOpenIndication).initial_turn == "responder"
    assert pair.responder.connection.may_transfer
    assert not pair.initiator.of(rtse.RTReady)
    pair.transfer(b"\xa0\x01a", pair.responder)
    assert pair.initiator.apdus == [b"\xa0\x01a"]
    pair.responder.connection.rt_close_request()
    pair.run()
    assert pair.responder.events[-1] == rtse.RTCloseConfirm()


def test_no_turn_changes_hands_in_a_monologue() -> None:
    pair = Pair().open()
    with pytest.raises(rtse.LocalProtocolError):
        pair.responder.connection.rt_turn_please_request()
    with pytest.raises(rtse.LocalProtocolError):
        pair.initiator.connection.rt_turn_give_request()
    with pytest.raises(rtse.LocalProtocolError):
        pair.responder.connection.rt_transfer_request(rtse.BytesSource(b"\xa0\x00"))
