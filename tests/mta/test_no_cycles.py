"""What was made of a message goes when nobody needs it any more.

Objects that refer to one another wait for the garbage collector, and the octets of their messages with them: at a
thousand messages a second it had ten thousands of objects to go through at a time, and everything else waited.
"""

from __future__ import annotations

import gc

import pytest

from tests.mta.samples import BOB, CAROL, DAVE, NOBODY, mta, sent, taken
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient

TIMES = 20


@pytest.mark.parametrize(
    "recipients",
    [[BOB], [BOB, CAROL], [NewRecipient(ORAddress.parse(DAVE), "report")], [NOBODY], [BOB, NOBODY, DAVE]],
    ids=["relayed", "to two", "delivered and reported", "not delivered", "all of it"],
)
def test_nothing_is_left_for_the_garbage_collector(recipients: list[str | NewRecipient]) -> None:
    one, octets = mta(), sent(*recipients)
    taken(octets, one)  # what is made once is there
    gc.collect()
    gc.disable()
    try:
        for _ in range(TIMES):
            taken(octets, one)
        assert gc.collect() < TIMES
    finally:
        gc.enable()
