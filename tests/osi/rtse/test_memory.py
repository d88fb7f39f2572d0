"""A connection that is let go is gone at once: nothing in it refers to itself, no buffer waits for the collector."""

from __future__ import annotations

import gc
import weakref

from tests.osi.pairs import Pair
from x400.osi import rtse


def test_no_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        pair = Pair().open()
        pair.transfer(bytes(5000))
        pair.initiator.connection.rt_transfer_request(rtse.BytesSource(bytes(500)))
        references = [
            weakref.ref(part)
            for side in (pair.initiator, pair.responder)
            for part in (side.connection, side.connection.presentation, side.connection.association)
        ]
        del pair
        assert [reference() for reference in references] == [None] * 6
    finally:
        gc.enable()


def test_octets_received_in_place() -> None:
    """As asyncio.BufferedProtocol has it: the loop writes into our buffer and tells how much."""
    pair = Pair().open()
    pair.initiator.connection.rt_transfer_request(rtse.BytesSource(bytes(70000)))
    responder = pair.responder.connection
    octets = b"".join(map(bytes, pair.initiator.connection.data_to_send()))
    while octets:
        buffer = responder.get_buffer(1000)
        size = min(len(buffer), len(octets), 3000)
        buffer[:size] = octets[:size]
        pair.responder.take(responder.buffer_updated(size, pair.now))
        octets = octets[size:]
        if not octets:
            pair.flush(pair.responder, pair.initiator)
            octets = b"".join(map(bytes, pair.initiator.connection.data_to_send()))
    assert pair.responder.apdus == [bytes(70000)]
