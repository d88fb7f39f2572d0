"""The framer says what its plain twin says, whatever the octets and however they are cut."""

from __future__ import annotations

import random

import pytest

from tests.osi.session.oracle import Oracle, events_of
from tests.osi.session.pairs import Side, attempts, connected, cut, exchange, sent
from x400_framer import (
    ACTIVITY_MANAGEMENT,
    DUPLEX,
    EXCEPTIONS,
    HALF_DUPLEX,
    MINOR_SYNCHRONIZE,
    TYPED_DATA,
    Connection,
    Parameters,
)

ALL = HALF_DUPLEX | MINOR_SYNCHRONIZE | ACTIVITY_MANAGEMENT | EXCEPTIONS | TYPED_DATA
PARAMETERS = {
    "relay": Parameters(),
    "everything, small TPDUs": Parameters(session_requirements=ALL, tpdu_size=128),
    "segments": Parameters(session_requirements=ALL, tsdu_maximum_size=200),
    "version 1": Parameters(versions=1, session_requirements=ALL),
    "duplex kernel": Parameters(session_requirements=DUPLEX | TYPED_DATA),
    "no activities": Parameters(session_requirements=HALF_DUPLEX | MINOR_SYNCHRONIZE | EXCEPTIONS),
}


def conversation(seed: int, parameters: Parameters, steps: int = 120) -> tuple[Side, Side]:
    """Random requests on both sides, some of them crossing; none may ever be a fault of the peer's."""
    choice = random.Random(seed)
    one, other = connected(choice, parameters, parameters)
    for _ in range(steps):
        side = choice.choice((one, other))
        side.request(*choice.choice(attempts(side)))
        if choice.random() < 0.6:
            exchange(one, other)
    exchange(one, other)
    return one, other


@pytest.mark.parametrize("kind", PARAMETERS)
@pytest.mark.parametrize("seed", range(12))
def test_back_to_back(kind: str, seed: int) -> None:
    one, other = conversation(seed, PARAMETERS[kind])
    for side in (one, other):
        assert not [event for event in side.heard if "Abort" in event[0]], side.heard[-1]
        assert side.connection.state not in ("STA01", "STA01A")


@pytest.mark.parametrize("kind", PARAMETERS)
def test_any_cut(kind: str) -> None:
    """Octet by octet, at random, in one blob, through the protocol's own buffer: the same events."""
    choice = random.Random(5)
    source = Connection(True, PARAMETERS[kind])
    source.s_connect_request(b"CP" * 100)
    octets = sent(source)
    source.receive_data(bytes.fromhex("0300000b06d00001000100"))
    octets += sent(source)
    results = []
    for pieces in ([octets], [octets[i : i + 1] for i in range(len(octets))], cut(octets, choice, 50)):
        connection, twin = Connection(False, PARAMETERS[kind]), Oracle(False, PARAMETERS[kind])
        events = [event for piece in pieces for event in events_of(connection.receive_data(piece))]
        assert events == [event for piece in pieces for event in twin.receive_data(piece)]
        results.append(events)
        buffered = Connection(False, PARAMETERS[kind])
        events = []
        for piece in pieces:
            buffered.get_buffer(-1)[: len(piece)] = piece
            events += events_of(buffered.buffer_updated(len(piece)))
        results.append(events)
    assert all(result == results[0] for result in results)
    assert results[0][-1][0] == "SConnectIndication"


@pytest.mark.parametrize("seed", range(150))
def test_mutations(seed: int) -> None:
    """A good stream with octets changed, left out or put in: the same events, an abort or a wait, no exception."""
    choice = random.Random(seed)
    parameters = choice.choice(list(PARAMETERS.values()))
    _, other = conversation(seed % 7, parameters, 40)
    octets = bytearray(other.received)
    for _ in range(choice.randint(1, 4)):
        place = choice.randrange(len(octets))
        kind = choice.random()
        if kind < 0.6:
            octets[place] = choice.choice((0, 1, 255, choice.randrange(256), octets[place] ^ 1 << choice.randrange(8)))
        elif kind < 0.8:
            del octets[place : place + choice.randint(1, 9)]
        else:
            octets[place:place] = choice.randbytes(choice.randint(1, 9))
    side = Side(False, parameters, choice)
    for piece in cut(bytes(octets), choice, 400):
        side.receive(piece)
        if side.connection.state == "STA08":
            side.request("SCONrsp+", lambda c: c.s_connect_accept(b""))
        for name, call, argument in attempts(side):
            if name in ("SACTErsp", "SACTIrsp", "SACTDrsp", "SRELrsp"):
                side.request(name, call, argument)
    assert side.connection.closed or side.connection.state not in ("STA01A",)
    assert sum(event[0] in ("SPAbortIndication", "TDisconnectIndication") for event in side.heard) <= 1


@pytest.mark.parametrize("seed", range(40))
def test_noise(seed: int) -> None:
    choice = random.Random(seed)
    for initiator in (True, False):
        side = Side(initiator, Parameters(), choice)
        side.receive(choice.randbytes(choice.randint(1, 200)))
        side.receive(b"\x03\x00\x00" + choice.randbytes(200))
