"""Two MTAs of the 1990s against us: what the initiator said to our responder, and the responder to our initiator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.osi.captures import conversation
from tests.osi.pairs import ARGUMENT, Side
from x400.asn1 import specification
from x400.osi import rtse
from x400.osi.rtse.states import State

CAPTURE = Path(__file__).parents[1] / "data" / "p1-1988-message.pcapng"
PORT = 20102

BOUND_AS_PPMTA = bytes.fromhex("a111 8005 50504d5441 a108 0406 707070617373")


@pytest.fixture(scope="module")
def captured() -> tuple[bytes, bytes]:
    return conversation(CAPTURE, PORT)


def tpkts(octets: bytes) -> list[bytes]:
    packets = []
    while octets:
        length = int.from_bytes(octets[2:4], "big")
        packets.append(octets[:length])
        octets = octets[length:]
    return packets


def said(side: Side) -> bytes:
    return b"".join(map(bytes, side.connection.data_to_send()))


@pytest.mark.parametrize("size", [1, 7, 100, 10000])
def test_the_initiator_against_our_responder(captured: tuple[bytes, bytes], size: int) -> None:
    octets, _ = captured
    side = Side(False, 0.0, calling_transport_selector=b"", called_transport_selector=b"x400in88")
    answers = b""
    for packet in tpkts(octets):  # an initiator waits for answers: what follows one is never in the same read
        for offset in range(0, len(packet), size):
            side.take(side.connection.receive_data(packet[offset : offset + size], 0.0))
        answers += said(side)

    assert [type(event) for event in side.events] == [
        rtse.RTOpenIndication,
        rtse.RTTransferStart,
        rtse.RTTransferIndication,
        rtse.RTCloseIndication,
    ]
    bind = side.one(rtse.RTOpenIndication)
    assert bind.user_data == BOUND_AS_PPMTA
    assert bind.application_context == "2.6.0.1.6"
    assert bind.calling_transport_selector == b"591"
    assert (side.connection.checkpoint_size, side.connection.window_size) == (63, 3)

    (octets_of_apdu,) = side.apdus
    assert octets_of_apdu.hex().startswith("a080318064386")
    kind, message = specification().modules["MTSTransferProtocol"]["MTS-APDU"].decode(octets_of_apdu)
    assert kind == "message"
    assert message["envelope"]["message-identifier"]["local-identifier"] == "mta.pp.tes.514:msg.user1"
    assert message["envelope"]["content-type"] == ("built-in", 22)
    (recipient,) = message["envelope"]["per-recipient-fields"]
    attributes = recipient["recipient-name"]["built-in-standard-attributes"]
    assert attributes["personal-name"] == {"surname": "Bob"}
    assert b"This is an independent PP message." in message["content"]

    kinds = [packet[5] & 0xF0 for packet in tpkts(answers)]
    assert kinds == [0xD0, 0xF0, 0xF0, 0xF0]  # CC, AC, AEA, DN
    assert side.connection.closed


def test_the_responder_against_our_initiator(captured: tuple[bytes, bytes]) -> None:
    confirm, accept, end, disconnect = tpkts(captured[1])
    side = Side(True, 0.0, calling_transport_selector=b"591", called_transport_selector=b"x400in88")
    connection = side.connection

    connection.rt_open_request(ARGUMENT)
    request = said(side)
    assert request[5] == 0xE0
    # The reference of a CC is ours, which the other initiator had chosen differently.
    side.take(connection.receive_data(confirm[:6] + request[8:10] + confirm[8:], 0.0))
    assert b"MTA-A" in said(side)

    side.take(connection.receive_data(accept, 0.0))
    assert side.events == [rtse.RTOpenConfirm(True, BOUND_AS_PPMTA), rtse.RTReady()]
    assert (connection.checkpoint_size, connection.window_size) == (1, 3)

    apdu = b"\xa0\x82\x01\x80" + bytes(0x180)
    connection.rt_transfer_request(rtse.BytesSource(apdu), 60, 0.0)
    assert apdu in said(side)
    assert connection.state is State.AWAITING_END_CONFIRM
    side.take(connection.receive_data(end, 0.0))
    assert side.events[2:] == [rtse.RTTransferConfirm(True), rtse.RTReady()]

    connection.rt_close_request()
    assert said(side)
    side.take(connection.receive_data(disconnect, 0.0))
    assert side.events[-1] == rtse.RTCloseConfirm()
    assert not side.of(rtse.RTAbort)


def test_our_cp_is_as_theirs(captured: tuple[bytes, bytes]) -> None:
    """Octet for octet, where nothing of ours differs: what we say to open is what their initiator said."""
    from x400.osi.presentation import ppdu

    octets = captured[0]
    start = octets.index(bytes.fromhex("317da003800101"))
    cp = octets[start : start + 127]
    _, values = ppdu.decode_cp(cp)
    contexts = ((1, "2.2.1.0.1"), (3, "2.6.0.2.12"), (5, "2.6.0.2.7"))
    assert ppdu.encode_cp(b"", b"", contexts, values) == cp
