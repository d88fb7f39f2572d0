"""Two connections back to back, each with its twin, driven by requests picked at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.osi.session.oracle import Event, Oracle, events_of
from x400_framer import Connection, LocalProtocolError, Parameters


def sent(connection: Connection) -> bytes:
    return b"".join(map(bytes, connection.data_to_send()))


def cut(octets: bytes, choice: random.Random, largest: int = 300) -> list[bytes]:
    pieces, at = [], 0
    while at < len(octets):
        size = choice.randint(1, largest)
        pieces.append(octets[at : at + size])
        at += size
    return pieces


class Side:
    """A connection and its twin: what either gets the other gets, and both must say the same."""

    def __init__(self, initiator: bool, parameters: Parameters, choice: random.Random) -> None:
        self.connection = Connection(initiator, parameters)
        self.twin = Oracle(initiator, parameters)
        self.choice = choice
        self.heard: list[Event] = []
        self.received = b""

    def receive(self, octets: bytes) -> None:
        self.received += octets
        for piece in cut(octets, self.choice):
            events = events_of(self.connection.receive_data(piece))
            assert (events, len(piece)) == (self.twin.receive_data(piece), len(piece))
            assert (self.connection.state, self.connection.closed) == (self.twin.state, self.twin.closed)
            assert self.connection.tokens == self.twin.tokens
            self.heard += events

    def request(self, event: str, call: Callable[[Connection], Any], argument: Any = None) -> bool:
        try:
            call(self.connection)
        except LocalProtocolError:
            return False
        self.twin.request(event, argument)
        assert self.connection.state == self.twin.state
        return True


def attempts(side: Side) -> list[tuple[str, Callable[[Connection], Any], Any]]:
    """Requests that may or may not be in order now."""
    choice = side.choice
    data = choice.randbytes(choice.choice((0, 1, 30, 300, 5000)))
    short = data[:200]
    token = choice.choice((1, 4, 16, 21, 5))
    point = side.twin.vm - choice.randint(0, 2)
    return [
        ("SDTreq", lambda c: c.s_data_request(data, short), None),
        ("SDTreq", lambda c: c.s_data_request(data), None),
        ("STDreq", lambda c: c.s_typed_data_request(data), None),
        ("SGTreq", lambda c: c.s_token_give_request(token), token),
        ("SPTreq", lambda c: c.s_token_please_request(token, short), token),
        ("SCGreq", lambda c: c.s_control_give_request(), None),
        ("SSYNmreq", lambda c: c.s_sync_minor_request(choice.random() < 0.7), None),
        ("SSYNmrsp", lambda c: c.s_sync_minor_response(point), point),
        ("SACTSreq", lambda c: c.s_activity_start_request(short[:6], short), None),
        ("SACTSreq", lambda c: c.s_activity_start_request(b"\x02\x01\x01"), None),
        ("SACTIrsp", lambda c: c.s_activity_interrupt_response(), None),
        ("SACTIreq", lambda c: c.s_activity_interrupt_request(1), None),
        ("SACTDreq", lambda c: c.s_activity_discard_request(5), None),
        ("SACTDrsp", lambda c: c.s_activity_discard_response(), None),
        ("SACTEreq", lambda c: c.s_activity_end_request(short), None),
        ("SACTErsp", lambda c: c.s_activity_end_response(), None),
        ("SUERreq", lambda c: c.s_u_exception_report_request(6, short), None),
        ("SRELrsp", lambda c: c.s_release_response(short), None),
    ]


def exchange(one: Side, other: Side) -> None:
    """Everything that is under way, until there is nothing more."""
    while True:
        forth, back = sent(one.connection), sent(other.connection)
        if not forth and not back:
            return
        other.receive(forth)
        one.receive(back)


def connected(choice: random.Random, first: Parameters, second: Parameters, data: bytes = b"CP") -> tuple[Side, Side]:
    one, other = Side(True, first, choice), Side(False, second, choice)
    assert one.request("SCONreq", lambda c: c.s_connect_request(data), data)
    exchange(one, other)
    assert other.heard[-1][0] == "SConnectIndication"
    assert other.heard[-1][-1] == data
    assert other.request("SCONrsp+", lambda c: c.s_connect_accept(b"CPA"))
    exchange(one, other)
    assert one.heard[-1][0] == "SConnectConfirm"
    return one, other
