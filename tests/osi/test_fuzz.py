"""Mutations of a good association: receiving never raises, and the connection either waits or has ended with one event.

The invariant holds for both sides, however the octets are cut; what was accepted before the mutation stays accepted.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.osi.captures import conversation
from tests.osi.pairs import Pair, Side
from x400.osi import rtse
from x400.osi.rtse.states import State

CAPTURED, ANSWERED = conversation(Path(__file__).parents[1] / "data" / "p1-1988-message.pcapng", 20102)

Mutation = tuple[str, int, bytes]

MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "insert", "delete", "truncate", "repeat"]),
        st.integers(0, 1 << 16),
        st.binary(max_size=6),
    ),
    min_size=1,
    max_size=3,
)


def mutate(octets: bytes, mutations: list[Mutation]) -> bytes:
    for kind, where, new in mutations:
        at = where % (len(octets) + 1)
        match kind:
            case "flip":
                octets = octets[:at] + new + octets[at + len(new) :]
            case "insert":
                octets = octets[:at] + new + octets[at:]
            case "delete":
                octets = octets[:at] + octets[at + len(new) :]
            case "truncate":
                octets = octets[:at]
            case "repeat":
                octets = octets[:at] + octets[max(0, at - 20) : at] + octets[at:]
    return octets


def check(side: Side) -> None:
    """It waits, with a timer, or it has ended, with at most one abort and nothing after it."""
    aborts = side.of(rtse.RTAbort)
    assert len(aborts) <= 1
    if aborts:
        assert side.events[-1] is aborts[0]
        assert side.connection.state is State.CLOSED
    if not side.connection.closed:
        assert side.connection.next_timer() is not None
        for _ in range(3):
            timer = side.connection.next_timer()
            if timer is not None:
                side.take(side.connection.handle_timer(timer))
                side.connection.data_to_send()
        assert side.connection.closed
    assert side.connection.receive_data(b"\x03\x00\x00\x07\x02\xf0\x80", 1e9) == []


@settings(max_examples=300, deadline=None)
@given(mutations=MUTATIONS, size=st.integers(1, 400))
def test_a_captured_initiator_gone_wrong(mutations: list[Mutation], size: int) -> None:
    octets = mutate(CAPTURED, mutations)
    side = Side(False, 0.0, called_transport_selector=b"", calling_transport_selector=b"")
    for offset in range(0, len(octets), size):
        side.take(side.connection.receive_data(octets[offset : offset + size], 0.0))
        side.connection.data_to_send()
    check(side)


class Between:
    """Stands between two connections of ours and spoils what one of them says from some octet on."""

    def __init__(self, pair: Pair, from_initiator: bool, at: int, mutations: list[Mutation]) -> None:
        self.pair, self.from_initiator, self.left, self.mutations = pair, from_initiator, at, mutations

    def flush(self, sender: Side, receiver: Side) -> bool:
        octets = b"".join(map(bytes, sender.connection.data_to_send()))
        if not octets:
            return False
        if (sender is self.pair.initiator) is self.from_initiator:
            if self.left < len(octets) and self.mutations:
                octets = octets[: self.left] + mutate(octets[self.left :], self.mutations)
                self.mutations = []
            self.left -= len(octets)
        receiver.take(receiver.connection.receive_data(octets, self.pair.now))
        return True

    def run(self) -> None:
        sides = (self.pair.initiator, self.pair.responder)
        for _ in range(200):
            moved = self.flush(*sides)
            if not self.flush(*reversed(sides)) and not moved:
                break


@settings(max_examples=300, deadline=None)
@given(mutations=MUTATIONS, from_initiator=st.booleans(), at=st.integers(0, 2500), two_way=st.booleans())
def test_one_of_ours_gone_wrong(mutations: list[Mutation], from_initiator: bool, at: int, two_way: bool) -> None:
    pair = Pair(checkpoint_size=1, window_size=2, dialogue_mode="two-way-alternate" if two_way else "monologue")
    between = Between(pair, from_initiator, at, mutations)
    pair.initiator.connection.rt_open_request(b"\xa0\x00", pair.now)
    between.run()
    if pair.initiator.connection.may_transfer:
        pair.initiator.connection.rt_transfer_request(rtse.BytesSource(bytes(5000)), 60, pair.now)
        between.run()
    if two_way and pair.initiator.connection.may_transfer:
        pair.initiator.connection.rt_turn_give_request(pair.now)
        between.run()
    if pair.responder.connection.may_transfer and two_way:
        pair.responder.connection.rt_transfer_request(rtse.BytesSource(bytes(3000)), 60, pair.now)
        between.run()
    if pair.initiator.connection.may_transfer:
        pair.initiator.connection.rt_close_request(pair.now)
        between.run()
    check(pair.initiator)
    check(pair.responder)


@settings(max_examples=100, deadline=None)
@given(octets=st.binary(max_size=200), initiator=st.booleans())
def test_random_octets(octets: bytes, initiator: bool) -> None:
    side = Side(initiator, 0.0)
    if initiator:
        side.connection.rt_open_request(b"\xa0\x00")
    side.take(side.connection.receive_data(octets, 0.0))
    check(side)


@pytest.mark.parametrize("length", range(0, len(CAPTURED), 9))
def test_cut_off_anywhere(length: int) -> None:
    side = Side(False, 0.0, called_transport_selector=b"", calling_transport_selector=b"")
    side.take(side.connection.receive_data(CAPTURED[:length], 0.0))
    side.take(side.connection.receive_eof(1.0))
    assert side.connection.closed
    if side.connection.state is State.CLOSED and not side.of(rtse.RTCloseIndication):
        assert len(side.of(rtse.RTAbort)) == 1
