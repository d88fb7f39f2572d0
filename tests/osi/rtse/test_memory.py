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
